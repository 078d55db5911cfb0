#!/usr/bin/env bash
# Opens the gateway's pages in a headless Chromium. Needs cargo, npm and chromium (CHROMIUM names another one).
#
#   tests/browser/run.sh [TEST…]     only these files, such as guides.test.mjs
#
# Against a gateway that runs already, set GATEWAY_BASE_URL, GATEWAY_API_KEY and GATEWAY_ADMIN_KEY.
set -euo pipefail
cd "$(dirname "$0")"
[ -n "${GATEWAY_BASE_URL:-}" ] || exec ../../scripts/with-gateway.sh "$PWD/run.sh" "$@"

npm ci --no-audit --no-fund --loglevel=error
# The types of the scripts in pages, which are comments in their files.
npx tsc -p .
run() { node --test --test-force-exit --test-timeout="$1" --test-reporter=spec "${@:2}"; }
if [ $# -gt 0 ]; then
  run 900000 "$@"
  exit
fi
# Alone and first: what other tests do would be in the pictures.
run 900000 pictures.test.mjs
others=()
for file in *.test.mjs; do [ "$file" = pictures.test.mjs ] || others+=("$file"); done
run 300000 "${others[@]}"
