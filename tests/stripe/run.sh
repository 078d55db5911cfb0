#!/usr/bin/env bash
# Drives Stripe's stand-in with Stripe's own library for Node, and lets the library and the gateway check one another's signatures.
# Its command line drives the stand-in, too, and every request of ours is held to JSON Schema of Stripe's own types.
# Needs cargo, python3 and npm.
set -euo pipefail
cd "$(dirname "$0")"
[ -n "${GATEWAY_BASE_URL:-}" ] || exec ../../scripts/with-gateway.sh "$PWD/run.sh"

npm ci --no-audit --no-fund --loglevel=error
STRIPE_SUPPRESS_NOTICES=true node --test --test-concurrency=1 --test-force-exit --test-timeout=900000 --test-reporter=spec
