#!/usr/bin/env bash
# Runs a command beside a fresh local gateway of this repository, which is stopped afterwards: its address and its ready
# keys are in GATEWAY_BASE_URL, GATEWAY_API_KEY, GATEWAY_ADMIN_KEY and GATEWAY_CRON_SECRET; Stripe's stand-in in GATEWAY_STRIPE_URL,
# GATEWAY_STRIPE_KEY and GATEWAY_STRIPE_SECRET. Needs cargo and python3.
#
#   scripts/with-gateway.sh COMMAND [ARGUMENT…]
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
# An installed Postgres runs as a user of its own, who must get to its data.
chmod 755 "$work"
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
# By its binary and not its package: dependencies are then built with the features that `cargo run` and `cargo test` want.
cargo build --quiet --manifest-path "$root/Cargo.toml" --bin local
# Providers, Privy, Resend and Stripe are to be stand-ins: no key from the environment, nor from a .env beside the sources.
(
  cd "$work"
  unset OPENROUTER_API_KEY PORTKEY_API_KEY FEATHERLESS_API_KEY CHUTES_API_KEY ANTHROPIC_API_KEY OPENAI_API_KEY PRIVY_APP_ID RESEND_API_KEY STRIPE_SECRET_KEY WEBHOOK_LOCAL_HOSTS ALERT_EMAIL ALERT_WEBHOOK_URL
  exec cargo run --quiet --manifest-path "$root/Cargo.toml" -- --port 0 --fresh --dir "$work/data"
) >"$work/ready" 2>"$work/log" &
gateway=$!

for _ in $(seq 600); do
  grep -q '^ready ' "$work/ready" && break
  kill -0 "$gateway" 2>/dev/null || { echo "the gateway did not start" >&2; exit 1; }
  sleep 0.2
done
ready=$(sed -n 's/^ready //p' "$work/ready")
[ -n "$ready" ] || { echo "the gateway did not become ready" >&2; exit 1; }
field() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$ready" "$1"; }
GATEWAY_BASE_URL=$(field base_url) GATEWAY_API_KEY=$(field api_key)
GATEWAY_ADMIN_KEY=$(field admin_key) GATEWAY_CRON_SECRET=$(field cron_secret)
GATEWAY_STRIPE_URL=$(field stripe_url) GATEWAY_STRIPE_KEY=$(field stripe_key) GATEWAY_STRIPE_SECRET=$(field stripe_secret)
export GATEWAY_BASE_URL GATEWAY_API_KEY GATEWAY_ADMIN_KEY GATEWAY_CRON_SECRET
export GATEWAY_STRIPE_URL GATEWAY_STRIPE_KEY GATEWAY_STRIPE_SECRET

"$@"
