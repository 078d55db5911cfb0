"""What the requests of the contract test leave alone: the administrator who sends them.

Requests are made up, and sooner or later one would revoke the key, demote the account or close it; from then on every
answer would be a 401, which a document always allows. So what would hit the caller is aimed past it, at objects that
nobody has; deletions are sent by an account that is made to be lost (run.sh). Everything else goes as it comes.
"""

import json
import os
import urllib.request
import uuid

import schemathesis

BASE_URL = os.environ["GATEWAY_BASE_URL"]
KEY = os.environ["GATEWAY_ADMIN_KEY"]


def read(path: str) -> dict:
    request = urllib.request.Request(BASE_URL + path, headers={"authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


ACCOUNT = read("/user/profile")
KEYS = read("/user/api-keys")["data"]
OWN_IDS = {ACCOUNT["id"], *(key["id"] for key in KEYS)}
OWN_ENVIRONMENTS = {key["environment"] for key in KEYS}


@schemathesis.hook
def filter_case(context, case):
    # An unknown header violates nothing, whatever the document says of those that are known.
    return not any(name.lower() == "x-schemathesis-unknown-property" for name in case.headers or {})


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.method.upper() == "GET":
        return
    for name, value in (case.path_parameters or {}).items():
        if str(value) in OWN_IDS:
            case.path_parameters[name] = str(uuid.uuid4())
    body = case.body
    if not isinstance(body, dict):
        return
    # It has no price, which is the operator's fault and so a 503 by design: the SDKs' tests see it.
    if body.get("model") == "test/unpriced":
        body["model"] = "test/echo"
    if str(body.get("account_id")) in OWN_IDS:
        body["account_id"] = str(uuid.uuid4())
    if str(body.get("email")).lower() == ACCOUNT["email"]:
        body["email"] = f"{uuid.uuid4().hex}@contract.test"
    if case.path == "/user/api-keys/rotate" and str(body.get("environment")) in OWN_ENVIRONMENTS:
        body["environment"] = "development"
