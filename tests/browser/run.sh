#!/usr/bin/env bash
# Opens the gateway's pages in a headless Chromium. Needs cargo, npm and chromium (CHROMIUM names another one).
#
# Against a gateway that runs already, set GATEWAY_BASE_URL and GATEWAY_API_KEY.
set -euo pipefail
cd "$(dirname "$0")"
[ -n "${GATEWAY_BASE_URL:-}" ] || exec ../../scripts/with-gateway.sh "$PWD/run.sh"

npm ci --no-audit --no-fund --loglevel=error
# The console's types, which are comments in its files.
npx tsc -p .
node --test --test-force-exit --test-timeout=300000 --test-reporter=spec
