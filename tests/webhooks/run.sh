#!/usr/bin/env bash
# Lets the official library of Standard Webhooks verify what a user's webhook is sent by `cargo run`. Needs cargo, python3 and npm.
set -euo pipefail
cd "$(dirname "$0")"
# `cargo run` sends to `localhost` by itself.
[ -n "${GATEWAY_BASE_URL:-}" ] || exec ../../scripts/with-gateway.sh "$PWD/run.sh"

npm ci --no-audit --no-fund --loglevel=error
node --test --test-force-exit --test-timeout=900000 --test-reporter=spec
