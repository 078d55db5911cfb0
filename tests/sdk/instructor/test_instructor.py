"""instructor, apart from the other SDKs: it wants versions of its own of what they are made of. Every mode of it asks for the
answer in another way: a tool, a schema, JSON within a text."""

import os

import instructor
import openai
import pydantic
import pytest

BASE_URL, API_KEY = os.environ["GATEWAY_BASE_URL"], os.environ["GATEWAY_API_KEY"]
CHAT, ANTHROPIC = "portkey:openai/gpt-4o-mini", "anthropic:claude-sonnet-4-5"


class City(pydantic.BaseModel):
    name: str
    inhabitants: int


def client(mode: instructor.Mode) -> instructor.Instructor:
    sdk = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=API_KEY, timeout=60)
    return instructor.from_openai(sdk, mode=mode)


@pytest.mark.parametrize("mode", [instructor.Mode.TOOLS, instructor.Mode.JSON_SCHEMA], ids=lambda mode: mode.value)
@pytest.mark.parametrize("model", [CHAT, ANTHROPIC])
def test_an_answer_has_the_shape(model, mode):
    city, completion = client(mode).chat.completions.create_with_completion(
        model=model, response_model=City, messages=[{"role": "user", "content": "Hello"}]
    )
    assert isinstance(city, City)
    assert completion.usage.total_tokens > 0


@pytest.mark.parametrize("model", [CHAT, ANTHROPIC])
def test_an_answer_takes_shape_as_it_streams(model):
    cities = client(instructor.Mode.TOOLS).chat.completions.create_partial(
        model=model, response_model=City, messages=[{"role": "user", "content": "Hello"}]
    )
    *_, last = cities
    assert last.name is not None and last.inhabitants is not None


def test_responses_have_the_shape():
    city = client(instructor.Mode.RESPONSES_TOOLS).responses.create(
        model=CHAT, response_model=City, input="Hello"
    )
    assert isinstance(city, City)
