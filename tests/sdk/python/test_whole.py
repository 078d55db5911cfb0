"""openai-python asking for what is no text: vectors and images."""

import base64
import math

import openai
import pytest
from conftest import create_account, exact, settled_balance

EMBEDDINGS, IMAGES = "text-embedding-3-small", "openai/gpt-image-1"
# Natively, and at a provider that has an endpoint of its own shape.
EVERY_IMAGES = ["openai:openai/gpt-image-1", "portkey:openai/gpt-image-1", "google/gemini-2.5-flash-image"]


# The SDK asks for base64 unless it is told otherwise, and gives numbers either way.
@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_embeddings_are_numbers_however_they_travel(client, encoding):
    wanted = {} if encoding is None else {"encoding_format": encoding}
    answer = client.embeddings.create(model=EMBEDDINGS, input=["Hello", "there"], **wanted)
    assert [item.index for item in answer.data] == [0, 1]
    vectors = [item.embedding for item in answer.data]
    if encoding == "base64":
        assert all(base64.b64decode(vector) for vector in vectors)
    else:
        assert all(math.isfinite(number) for vector in vectors for number in vector)
    assert answer.usage.total_tokens == answer.usage.prompt_tokens > 0
    assert answer.usage.model_extra["cost"] > 0


def test_embeddings_have_the_dimensions_that_are_asked_for_and_take_tokens(client):
    answer = client.embeddings.create(model=EMBEDDINGS, input="Hello", dimensions=256)
    assert len(answer.data[0].embedding) == 256
    of_tokens = client.embeddings.create(model=EMBEDDINGS, input=[[9906, 11], [1070]], dimensions=8)
    assert [len(item.embedding) for item in of_tokens.data] == [8, 8]
    assert of_tokens.usage.prompt_tokens == 3


@pytest.mark.parametrize("model", EVERY_IMAGES)
def test_images_are_made(client, model):
    answer = client.images.generate(model=model, prompt="A lighthouse", n=2, size="1024x1024", quality="low")
    assert len(answer.data) == 2
    assert all(base64.b64decode(image.b64_json) for image in answer.data)
    assert answer.model_extra["usage"] if answer.usage is None else answer.usage.total_tokens > 0


def test_an_image_comes_in_parts_where_it_is_streamed(client):
    stream = client.images.generate(model=IMAGES, prompt="A lighthouse", stream=True, partial_images=2)
    *partial, last = list(stream)
    assert [event.type for event in partial] == ["image_generation.partial_image"] * 2
    assert (last.type, last.usage.total_tokens > 0) == ("image_generation.completed", True)


def test_a_model_of_another_kind_says_where_to_ask(client):
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model="openai/gpt-4o-mini", input="Hello")
    assert "/v1/chat/completions" in str(refused.value)
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model=EMBEDDINGS, prompt="Hello")
    assert "/v1/embeddings" in str(refused.value)


def test_the_balance_falls_by_exactly_what_they_cost(connect):
    key = create_account(credits=5, plan="customize")
    recorder, before = connect(key), settled_balance(key)
    embeddings = recorder.client.embeddings.with_raw_response.create(model=EMBEDDINGS, input="Hello")
    images = recorder.client.images.with_raw_response.generate(model=IMAGES, prompt="A lighthouse", quality="low")
    costs = [exact(answer.text)["usage"]["cost"] for answer in (embeddings, images)]
    assert before - settled_balance(key) == sum(costs) > 0
