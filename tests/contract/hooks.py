"""What the requests of the contract test leave alone: the administrator who sends them.

Requests are made up, and sooner or later one would revoke the key, demote the account or close it; from then on every
answer would be a 401, which a document always allows. So what would hit the caller is aimed past it: at objects that
nobody has, or at an account that is made to be lost. Everything else is sent as it comes.
"""

import json
import os
import urllib.request
import uuid

import schemathesis

BASE_URL = os.environ["GATEWAY_BASE_URL"]
KEY = os.environ["GATEWAY_ADMIN_KEY"]


def call(method: str, path: str, body=None) -> dict:
    request = urllib.request.Request(
        BASE_URL + path,
        method=method,
        headers={"authorization": f"Bearer {KEY}", "content-type": "application/json"},
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


ACCOUNT = call("GET", "/user/profile")
KEYS = call("GET", "/user/api-keys")["data"]
OWN_IDS = {ACCOUNT["id"], *(key["id"] for key in KEYS)}
OWN_ENVIRONMENTS = {key["environment"] for key in KEYS}


def somebody_elses_key() -> str:
    """The key of a new account."""
    return call("POST", "/admin/create", {"email": f"{uuid.uuid4().hex}@contract.test"})["api_key"]


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.method.upper() == "GET":
        return
    if case.path == "/user/account":
        # A deletion that succeeds is worth having: of an account of its own.
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {somebody_elses_key()}"}
    for name, value in (case.path_parameters or {}).items():
        if str(value) in OWN_IDS:
            case.path_parameters[name] = str(uuid.uuid4())
    body = case.body
    if not isinstance(body, dict):
        return
    if str(body.get("account_id")) in OWN_IDS:
        body["account_id"] = str(uuid.uuid4())
    if str(body.get("email")).lower() == ACCOUNT["email"]:
        body["email"] = f"{uuid.uuid4().hex}@contract.test"
    if case.path == "/user/api-keys/rotate" and str(body.get("environment")) in OWN_ENVIRONMENTS:
        body["environment"] = "development"
