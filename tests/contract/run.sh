#!/usr/bin/env bash
# Holds a running gateway to its own OpenAPI document: schemathesis sends what the document allows and what it forbids
# and looks at what comes back, with every check it has. Needs cargo, curl and python3 with venv.
#
# Against a gateway that runs already, set GATEWAY_BASE_URL, GATEWAY_API_KEY, GATEWAY_ADMIN_KEY and
# GATEWAY_CRON_SECRET.
set -euo pipefail
cd "$(dirname "$0")"
[ -n "${GATEWAY_BASE_URL:-}" ] || exec ../../scripts/with-gateway.sh "$PWD/run.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt

# An account that is made to be deleted: the administrator who sends everything else must stay.
GATEWAY_LEAVING_KEY=$(curl -sf "$GATEWAY_BASE_URL/admin/create" -H "authorization: Bearer $GATEWAY_ADMIN_KEY" \
  -H 'content-type: application/json' -d "{\"email\": \"leaving-$RANDOM$RANDOM@contract.test\"}" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["api_key"])')
export GATEWAY_LEAVING_KEY

# The same requests every time: a failure is one of the change, not of the day. Another seed, and more examples, find
# more: SEED=7 EXAMPLES=500 tests/contract/run.sh.
export PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=hooks
"$work/venv/bin/schemathesis" run "$GATEWAY_BASE_URL/openapi.json" \
  --checks all --max-examples "${EXAMPLES:-50}" --seed "${SEED:-20261125}" --continue-on-failure
