"""anthropic-sdk-python, unmodified, against the gateway: natively, by way of OpenRouter's Messages, and over chat."""

import anthropic
import pytest
from conftest import API_KEY, BASE_URL, HELLO, create_account, settled_balance

# Served by Anthropic itself, by OpenRouter natively, and as a chat by a provider that speaks nothing else.
MODELS = ["anthropic:anthropic/claude-sonnet-4.5", "test/echo", "portkey:openai/gpt-4o-mini"]

TOOLS = [
    {
        "name": name,
        "input_schema": {
            "type": "object",
            "properties": {parameter: {"type": "string", "minLength": 3}},
            "required": [parameter],
            "additionalProperties": False,
        },
    }
    for name, parameter in (("get_weather", "city"), ("get_time", "zone"))
]


def connect(key: str = API_KEY, **options) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=BASE_URL, api_key=key, timeout=60, **options)


@pytest.mark.parametrize("model", MODELS)
def test_a_message_has_text_usage_and_cost(model):
    answer = connect().messages.with_raw_response.create(model=model, max_tokens=300, messages=HELLO)
    message = answer.parse()
    assert (message.type, message.role, message.stop_reason) == ("message", "assistant", "end_turn")
    assert message.content[0].text
    assert message.usage.input_tokens > 0 and message.usage.output_tokens > 0
    assert message.usage.model_extra["cost"] > 0
    assert answer.headers["request-id"] == answer.headers["x-request-id"] == message._request_id


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_adds_up_to_its_message_and_ends_with_the_bill(model):
    with connect().messages.stream(model=model, max_tokens=300, messages=HELLO) as stream:
        events = list(stream)
        message = stream.get_final_message()
    text = "".join(event.text for event in events if event.type == "text")
    assert text and message.content[0].text == text
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 0
    [delta] = [event for event in events if event.type == "message_delta"]
    assert delta.usage.model_extra["cost"] > 0 and delta.usage.input_tokens > 0
    assert events[-1].type == "message_stop"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_tool_runner_goes_on_without_the_thread_that_it_asks_for(model, streamed):
    asked = []

    @anthropic.beta_tool
    def get_weather(city: str) -> str:
        """The weather in a city."""
        asked.append(city)
        return "sunny"

    runner = connect(max_retries=0).beta.messages.tool_runner(
        model=model, max_tokens=300, messages=HELLO, tools=[get_weather], stream=streamed
    )
    messages = [turn.get_final_message() if streamed else turn for turn in runner]
    assert [message.stop_reason for message in messages] == ["tool_use", "end_turn"]
    assert len(asked) == 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("streamed", [False, True])
def test_tools_are_called_in_parallel_and_their_results_answered(model, streamed):
    client = connect()
    asked = {"model": model, "max_tokens": 300, "messages": list(HELLO), "tools": TOOLS}
    if streamed:
        with client.messages.stream(**asked) as stream:
            message = stream.get_final_message()
    else:
        message = client.messages.create(**asked)
    assert message.stop_reason == "tool_use"
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [call.name for call in calls] == ["get_weather", "get_time"]
    assert all(isinstance(call.input, dict) and call.input for call in calls)
    assert len({call.id for call in calls}) == 2
    asked["messages"] += [
        {"role": "assistant", "content": message.content},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "42"} for call in calls],
        },
    ]
    assert client.messages.create(**asked).stop_reason == "end_turn"


@pytest.mark.parametrize("model", MODELS)
def test_a_prompt_is_counted(model):
    counted = connect().messages.count_tokens(model=model, messages=HELLO, tools=TOOLS, system="Be brief.")
    assert counted.input_tokens > 10
    assert counted.model_extra["estimated"] is True


def test_each_refusal_is_the_sdks_own_class():
    with pytest.raises(anthropic.AuthenticationError) as refused:
        connect("gw_live_" + "x" * 43).messages.create(model="test/echo", max_tokens=9, messages=HELLO)
    assert refused.value.body["error"]["type"] == "authentication_error"
    assert refused.value.body["request_id"] == refused.value.request_id
    with pytest.raises(anthropic.NotFoundError):
        connect().messages.create(model="nobody/nothing", max_tokens=9, messages=HELLO)
    with pytest.raises(anthropic.BadRequestError) as refused:
        connect().messages.create(model="test/echo", max_tokens=9, messages=HELLO, extra_body={"speed": "fast"})
    assert refused.value.body["error"]["param"] == "speed"
    with pytest.raises(anthropic.BadRequestError):
        cached = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1d"}}]
        connect().messages.create(model="test/echo", max_tokens=9, messages=[{"role": "user", "content": cached}])


def test_a_cache_lives_for_an_hour_if_it_is_asked_to():
    cached = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    message = connect().messages.create(model="test/echo", max_tokens=9, messages=[{"role": "user", "content": cached}])
    assert message.content


def test_an_error_in_the_middle_of_a_stream_is_raised():
    with pytest.raises(anthropic.APIStatusError) as failed:
        with connect(max_retries=0).messages.stream(model="test/error-mid", max_tokens=300, messages=HELLO) as stream:
            list(stream)
    assert failed.value.body["error"]["code"] == "upstream_error"


def test_models_are_listed_and_paged():
    client = connect()
    models = list(client.models.list(limit=1000))
    assert len({model.id for model in models}) == len(models) >= 24
    assert all(model.type == "model" and model.display_name and model.created_at.year > 2000 for model in models)
    # In pages, each of which begins behind the last id of the one before.
    assert [model.id for model in client.models.list(limit=20)] == [model.id for model in models]
    assert client.models.retrieve("claude-sonnet-4-5").id == "anthropic/claude-sonnet-4.5"


def test_a_repeated_request_gets_the_same_message():
    key = create_account(credits=1, plan="customize")
    ask = {"model": MODELS[0], "max_tokens": 300, "messages": HELLO, "extra_headers": {"idempotency-key": "once"}}
    first = connect(key).messages.create(**ask)
    left = settled_balance(key)
    assert connect(key).messages.create(**ask) == first
    assert settled_balance(key) == left
