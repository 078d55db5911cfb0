#!/usr/bin/env bash
# Drives the public SDKs against a local gateway of this repository: runs the Python and the Node tests. Succeeds if
# all of them do. Needs cargo, python3 with venv, and npm.
#
# Against a gateway that runs already, set GATEWAY_BASE_URL, GATEWAY_API_KEY and GATEWAY_ADMIN_KEY.
set -euo pipefail
cd "$(dirname "$0")"
[ -n "${GATEWAY_BASE_URL:-}" ] || exec ../../scripts/with-gateway.sh "$PWD/run.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r python/requirements.txt
# Apart from the others: it wants versions of its own of the same packages.
python3 -m venv "$work/instructor"
"$work/instructor/bin/pip" install --quiet --disable-pip-version-check -r instructor/requirements.txt
npm ci --prefix node --no-audit --no-fund --loglevel=error

# All, even if one fails.
failed=0
(cd python && "$work/venv/bin/python" -B -m pytest -q -p no:cacheprovider) || failed=1
(cd instructor && "$work/instructor/bin/python" -B -m pytest -q -p no:cacheprovider) || failed=1
(cd node && node --test --test-concurrency=1 --test-force-exit --test-timeout=900000 --test-reporter=spec) || failed=1
exit $failed
