"""langchain-openai's ChatOpenAI with our base URL."""

import pytest
from conftest import API_KEY, BASE_URL
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"It rains in {city}."


@tool
def get_time(zone: str) -> str:
    """The time in a zone."""
    return f"It is noon in {zone}."


def chat(**options) -> ChatOpenAI:
    return ChatOpenAI(**{"model": "test/echo", "base_url": f"{BASE_URL}/v1", "api_key": API_KEY} | options)


def test_invoke_gives_text_and_usage():
    message = chat().invoke("Hello")
    assert message.text
    usage = message.usage_metadata
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
    assert message.response_metadata["finish_reason"] == "stop"


@pytest.mark.parametrize("stream_usage", [True, False])
def test_a_stream_counts_its_usage_once_or_not_at_all(stream_usage):
    chunks = list(chat(stream_usage=stream_usage).stream("Hello"))
    assert "".join(chunk.text for chunk in chunks)
    reported = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert len(reported) == (1 if stream_usage else 0)
    if stream_usage:
        # It adds up what it gets over the chunks.
        whole = chunks[0]
        for chunk in chunks[1:]:
            whole += chunk
        assert whole.usage_metadata["total_tokens"] == reported[0]["total_tokens"] > 0


def test_bound_tools_are_called_in_a_stream():
    whole = None
    for chunk in chat().bind_tools([get_weather, get_time]).stream("Hello"):
        whole = chunk if whole is None else whole + chunk
    assert [call["name"] for call in whole.tool_calls] == ["get_weather", "get_time"]
    assert [call["args"].keys() for call in whole.tool_calls] == [{"city"}, {"zone"}]
    assert whole.invalid_tool_calls == []


def test_structured_output_is_parsed():
    schema = {
        "title": "Solution",
        "description": "A number and why.",
        "type": "object",
        "properties": {"final": {"type": "number"}, "why": {"type": "string"}},
        "required": ["final", "why"],
        "additionalProperties": False,
    }
    assert chat().with_structured_output(schema, method="json_schema").invoke("Hello").keys() == {"final", "why"}


@pytest.mark.parametrize("model", ["openrouter:openai/gpt-4o-mini", "portkey:openai/gpt-4o-mini"])
def test_responses_stream_and_call_tools(model):
    responses = chat(model=model, use_responses_api=True)
    whole = None
    for chunk in responses.stream("Hello"):
        whole = chunk if whole is None else whole + chunk
    assert whole.text and whole.usage_metadata["total_tokens"] > 0
    called = responses.bind_tools([get_weather, get_time]).invoke("Hello").tool_calls
    assert [call["name"] for call in called] == ["get_weather", "get_time"]
