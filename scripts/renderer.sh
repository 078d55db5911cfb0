#!/usr/bin/env bash
# Puts another version of what renders /docs beside the sources. Needs npm.
#
#   scripts/renderer.sh VERSION
set -euo pipefail
version=${1:?a version of @scalar/api-reference}
vendor=$(cd "$(dirname "$0")/.." && pwd)/shared/src/endpoints/docs/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
tar xzf "$(npm pack --silent "@scalar/api-reference@$version")"
sha256sum package/dist/browser/standalone.js
rm -f "$vendor"/scalar-api-reference-*.js.gz
# The same bytes whenever and wherever it is done.
gzip -n -9 -c package/dist/browser/standalone.js >"$vendor/scalar-api-reference-$version.js.gz"
