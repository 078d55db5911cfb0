"""What the Python tests share: the running gateway, accounts of their own, and a client that records what it sends."""

import json
import os
import time
import uuid
from dataclasses import dataclass, field
from decimal import Decimal

import httpx2
import openai
import pytest

BASE_URL = os.environ["GATEWAY_BASE_URL"]
API_KEY = os.environ["GATEWAY_API_KEY"]
ADMIN_KEY = os.environ["GATEWAY_ADMIN_KEY"]

HELLO = [{"role": "user", "content": "Hello"}]


def exact(text: str):
    """JSON with every number as a decimal: money never passes through a float."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def create_account(**wanted) -> str:
    """Makes an account and gives its key."""
    answer = httpx2.post(
        f"{BASE_URL}/admin/create",
        headers={"authorization": f"Bearer {ADMIN_KEY}"},
        json={"email": f"{uuid.uuid4().hex}@sdk.test", **wanted},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["api_key"]


def settled_balance(key: str) -> Decimal:
    """The credits of a key's account once no call is open: the settle comes after the answer."""
    until = time.monotonic() + 30
    while True:
        answer = httpx2.get(f"{BASE_URL}/user/balance", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == 200, answer.text
        balance = exact(answer.text)
        if balance["held"] == 0:
            return balance["credits"]
        assert time.monotonic() < until, "a hold was never settled"
        time.sleep(0.05)


@dataclass
class Recorder:
    """An SDK client, and the answers to everything it sent."""

    client: openai.OpenAI = None
    answers: list[httpx2.Response] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)

    @property
    def pauses(self) -> list[float]:
        """Seconds between one request and the next."""
        return [later - earlier for earlier, later in zip(self.sent_at, self.sent_at[1:])]


@pytest.fixture
def connect():
    """Makes recorded clients; they are closed after the test."""
    clients = []

    def make(api_key: str = API_KEY, **options) -> Recorder:
        recorder = Recorder()
        hooks = {
            "request": [lambda _: recorder.sent_at.append(time.monotonic())],
            "response": [recorder.answers.append],
        }
        http_client = openai.DefaultHttpxClient(event_hooks=hooks)
        recorder.client = openai.OpenAI(
            base_url=f"{BASE_URL}/v1", api_key=api_key, http_client=http_client, timeout=60, **options
        )
        clients.append(recorder.client)
        return recorder

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect) -> openai.OpenAI:
    return connect().client
