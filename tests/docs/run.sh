#!/usr/bin/env bash
# Runs every block of code of the guides in docs/guides against a local gateway of this repository. Needs cargo, python3 with
# venv, and npm.
#
#   tests/docs/run.sh [GUIDE…]     only these, by their names without `.md`
#
# Against a gateway that runs already, set GATEWAY_BASE_URL, GATEWAY_API_KEY and GATEWAY_ADMIN_KEY.
set -euo pipefail
cd "$(dirname "$0")"
[ -n "${GATEWAY_BASE_URL:-}" ] || exec ../../scripts/with-gateway.sh "$PWD/run.sh" "$@"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The SDKs are those whose own tests there are.
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r ../sdk/python/requirements.txt
npm ci --prefix ../sdk/node --no-audit --no-fund --loglevel=error
ln -s "$PWD/../sdk/node/node_modules" "$work/node_modules"
"$work/venv/bin/python" -B blocks.py "$work" "$@"
