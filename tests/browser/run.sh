#!/usr/bin/env bash
# Opens the gateway's pages in a headless Chromium. Needs cargo, npm and chromium (CHROMIUM names another one).
#
#   tests/browser/run.sh [TEST…]     only these files, such as guides.test.mjs
#
# Against a gateway that runs already, set GATEWAY_BASE_URL, GATEWAY_API_KEY and GATEWAY_ADMIN_KEY.
#
# What a fast machine hides shows itself with SLOW=7, where each answer of the API is late by up to 400 ms, by random numbers that begin with
# this seed, and with CPU=6, where pages compute six times slower. Both at once, and several seeds: tests, and pages, must not depend on it.
set -euo pipefail
cd "$(dirname "$0")"
[ -n "${GATEWAY_BASE_URL:-}" ] || exec ../../scripts/with-gateway.sh "$PWD/run.sh" "$@"

npm ci --no-audit --no-fund --loglevel=error
# The types of the scripts in pages, which are comments in their files.
npx tsc -p .
# One file after the other, however many cores there are: all of them see one gateway, with its one list of payments, plans and mail.
run() { node --test --test-concurrency=1 --test-force-exit --test-timeout=900000 --test-reporter=spec "$@"; }
if [ $# -gt 0 ]; then
  run "$@"
  exit
fi
# Alone and first: what other tests do would be in the pictures.
run pictures.test.mjs
others=()
for file in *.test.mjs; do [ "$file" = pictures.test.mjs ] || others+=("$file"); done
run "${others[@]}"
