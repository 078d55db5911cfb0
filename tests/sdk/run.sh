#!/usr/bin/env bash
# Drives the public SDKs against a local gateway of this repository: starts one, runs the Python and the Node tests,
# stops it. Succeeds if all of them do. Needs cargo, python3 with venv, and npm.
#
# Against a gateway that runs already, set GATEWAY_BASE_URL, GATEWAY_API_KEY and GATEWAY_ADMIN_KEY.
set -euo pipefail
cd "$(dirname "$0")"

root=$(cd ../.. && pwd)
work=$(mktemp -d)
gateway=

finish() {
  status=$?
  if [ -n "$gateway" ]; then
    kill "$gateway" 2>/dev/null || true
    wait "$gateway" 2>/dev/null || true
    [ $status -eq 0 ] || tail -n 50 "$work/log" >&2
  fi
  rm -rf "$work"
  exit $status
}
trap finish EXIT
trap 'exit 1' INT TERM

# Built first, so that the build's time is not taken for a start that hangs.
if [ -z "${GATEWAY_BASE_URL:-}" ]; then
  cargo build --quiet --manifest-path "$root/Cargo.toml" --package local
  # The providers are to be stand-ins: no key from the environment, nor from a .env beside the sources.
  (
    cd "$work"
    unset OPENROUTER_API_KEY PORTKEY_API_KEY FEATHERLESS_API_KEY CHUTES_API_KEY
    exec cargo run --quiet --manifest-path "$root/Cargo.toml" -- --port 0 --fresh --dir "$work/data"
  ) >"$work/ready" 2>"$work/log" &
  gateway=$!
fi

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r python/requirements.txt
npm ci --prefix node --no-audit --no-fund --loglevel=error

if [ -n "$gateway" ]; then
  for _ in $(seq 600); do
    grep -q '^ready ' "$work/ready" && break
    kill -0 "$gateway" 2>/dev/null || { echo "the gateway did not start" >&2; exit 1; }
    sleep 0.2
  done
  ready=$(sed -n 's/^ready //p' "$work/ready")
  [ -n "$ready" ] || { echo "the gateway did not become ready" >&2; exit 1; }
  field() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$ready" "$1"; }
  GATEWAY_BASE_URL=$(field base_url) GATEWAY_API_KEY=$(field api_key) GATEWAY_ADMIN_KEY=$(field admin_key)
fi
export GATEWAY_BASE_URL GATEWAY_API_KEY GATEWAY_ADMIN_KEY

# Both, even if the first one fails.
failed=0
(cd python && "$work/venv/bin/python" -B -m pytest -q -p no:cacheprovider) || failed=1
(cd node && node --test --test-reporter=spec) || failed=1
exit $failed
