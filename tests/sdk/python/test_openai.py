"""openai-python, unmodified, against the gateway."""

import json
from decimal import Decimal

import openai
import pydantic
import pytest
from conftest import HELLO, create_account, exact, settled_balance

# Streams that differ in framing, usage reporting, price and reasoning.
STREAMS = [
    "test/echo",
    "test/free",
    "test/keepalive",
    "test/no-usage",
    "test/reasoning",
    "test/usage-in-every-chunk",
]


def function(name: str, parameter: str) -> dict:
    parameters = {
        "type": "object",
        "properties": {parameter: {"type": "string", "minLength": 3}},
        "required": [parameter],
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


TOOLS = [function("get_weather", "city"), function("get_time", "zone")]


def test_a_completion_has_text_usage_and_cost(client):
    completion = client.chat.completions.create(model="test/echo", messages=HELLO)
    assert completion.object == "chat.completion"
    assert (completion.model, completion.model_extra["provider"]) == ("test/echo", "openrouter")
    assert completion.model_extra["gateway"]["upstream_model"] == "standin/normal"
    assert completion.choices[0].message.role == "assistant"
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    usage = completion.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0
    assert usage.model_extra["cost"] > 0


@pytest.mark.parametrize("model", STREAMS)
def test_a_stream_has_one_role_one_end_and_no_usage_unasked(client, model):
    chunks = list(client.chat.completions.create(model=model, messages=HELLO, stream=True))
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert all((chunk.model, chunk.model_extra["provider"]) == (model, "openrouter") for chunk in chunks)
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert [delta.role for delta in deltas if delta.role] == ["assistant"]
    assert "".join(delta.content or "" for delta in deltas)
    ends = [chunk.choices[0].finish_reason for chunk in chunks]
    assert [end for end in ends if end] == ["stop"]


@pytest.mark.parametrize("model", STREAMS)
def test_a_stream_ends_with_one_usage_chunk_when_asked(client, model):
    stream = client.chat.completions.create(
        model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    assert last.choices == []
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens > 0
    assert (last.usage.model_extra["cost"] > 0) is (model != "test/free")


# Asked natively, and as a chat of one message at a provider that does not speak it.
@pytest.mark.parametrize("model", ["test/echo", "portkey:openai/gpt-4o-mini"])
def test_a_legacy_text_completion_is_plain_and_streamed(client, model):
    completion = client.completions.create(model=model, prompt="Hello", max_tokens=300)
    assert completion.object == "text_completion"
    assert completion.choices[0].text
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage.model_extra["cost"] > 0
    stream = client.completions.create(
        model=model, prompt="Hello", max_tokens=300, stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    assert all(chunk.object == "text_completion" and chunk.usage is None for chunk in chunks)
    assert "".join(chunk.choices[0].text for chunk in chunks)
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert last.choices == []
    assert last.usage.model_extra["cost"] > 0


def test_tools_are_called_and_their_results_answered(client):
    messages = list(HELLO)
    asked = client.chat.completions.create(model="test/echo", messages=messages, tools=TOOLS, parallel_tool_calls=False)
    assert asked.choices[0].finish_reason == "tool_calls"
    (call,) = asked.choices[0].message.tool_calls
    assert json.loads(call.function.arguments).keys() == {"city"}
    messages.append(asked.choices[0].message.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "21 degrees"})
    answered = client.chat.completions.create(model="test/echo", messages=messages, tools=TOOLS)
    assert answered.choices[0].finish_reason == "stop"
    assert answered.choices[0].message.content


@pytest.mark.parametrize("model", ["test/echo", "test/keepalive"])
def test_parallel_tool_calls_stream_in_pieces_that_fit(client, model):
    calls: dict[int, dict] = {}
    ends = []
    for chunk in client.chat.completions.create(model=model, messages=HELLO, tools=TOOLS, stream=True):
        choice = chunk.choices[0]
        ends += [choice.finish_reason] if choice.finish_reason else []
        for piece in choice.delta.tool_calls or []:
            if piece.index not in calls:
                assert piece.index == len(calls) and piece.type == "function" and piece.id
                calls[piece.index] = {"id": piece.id, "name": piece.function.name, "arguments": ""}
            else:
                # Absent, not null: clients concatenate or overwrite with whatever is there.
                assert not piece.model_fields_set & {"id", "type"}
                assert "name" not in piece.function.model_fields_set
            calls[piece.index]["arguments"] += piece.function.arguments or ""
    assert ends == ["tool_calls"]
    assert [call["name"] for call in calls.values()] == ["get_weather", "get_time"]
    assert [json.loads(call["arguments"]).keys() for call in calls.values()] == [{"city"}, {"zone"}]
    assert len({call["id"] for call in calls.values()}) == 2


def test_the_sdks_own_accumulator_reads_a_stream_of_tool_calls(client):
    strict = [{**tool, "function": {**tool["function"], "strict": True}} for tool in TOOLS]
    with client.chat.completions.stream(model="test/echo", messages=HELLO, tools=strict) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
        message = stream.get_final_completion().choices[0].message
    assert [event.name for event in done] == ["get_weather", "get_time"]
    assert [call.function.parsed_arguments.keys() for call in message.tool_calls] == [{"city"}, {"zone"}]


def test_structured_output_is_parsed_plain_and_streamed(client):
    class Step(pydantic.BaseModel):
        explanation: str
        output: float

    class Solution(pydantic.BaseModel):
        steps: list[Step]
        final: str

    completion = client.chat.completions.parse(model="test/echo", messages=HELLO, response_format=Solution)
    assert isinstance(completion.choices[0].message.parsed, Solution)
    with client.chat.completions.stream(model="test/echo", messages=HELLO, response_format=Solution) as stream:
        stream.until_done()
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Solution)


# class, code, model: refused once and for all, so asked once.
FINAL = [
    (400, openai.BadRequestError, "upstream_rejected", "test/error-400"),
    (401, openai.AuthenticationError, "invalid_api_key", "test/echo"),
    (402, openai.APIStatusError, "insufficient_credits", "test/echo"),
    (404, openai.NotFoundError, "model_not_found", "test/no-such-model"),
]


@pytest.mark.parametrize(("status", "kind", "code", "model"), FINAL)
@pytest.mark.parametrize("stream", [False, True])
def test_a_final_refusal_is_its_own_class_and_is_not_retried(connect, status, kind, code, model, stream):
    keys = {401: "gw_test_" + "x" * 43, 402: create_account() if status == 402 else None}
    recorder = connect(keys[status]) if status in keys else connect()
    with pytest.raises(kind) as raised:
        recorder.client.chat.completions.create(model=model, messages=HELLO, stream=stream)
    assert type(raised.value) is kind
    assert (raised.value.status_code, raised.value.code) == (status, code)
    assert raised.value.request_id
    assert len(recorder.answers) == 1


def test_an_invalid_request_names_the_member_at_fault(client):
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="test/echo", messages=HELLO, max_completion_tokens=-1)
    assert (raised.value.code, raised.value.param) == ("invalid_request", "max_completion_tokens")


@pytest.mark.parametrize("stream", [False, True])
def test_a_rate_limit_is_retried_twice_after_the_time_it_names(connect, stream):
    recorder = connect()
    with pytest.raises(openai.RateLimitError) as raised:
        recorder.client.chat.completions.create(model="test/error-429-after", messages=HELLO, stream=stream)
    assert raised.value.code == "upstream_rate_limited"
    assert [answer.status_code for answer in recorder.answers] == [429] * 3
    # The SDK's own first pause is at most half a second: a longer one is the header's.
    for answer, pause in zip(recorder.answers, recorder.pauses):
        assert pause * 1000 >= int(answer.headers["retry-after-ms"]) >= 1000


def test_a_failing_provider_is_retried_twice(connect):
    recorder = connect()
    with pytest.raises(openai.InternalServerError) as raised:
        recorder.client.chat.completions.create(model="test/error-503", messages=HELLO)
    assert raised.value.code == "upstream_error"
    assert len(recorder.answers) == 3


def test_a_503_is_a_server_error(connect):
    recorder = connect(max_retries=0)
    with pytest.raises(openai.InternalServerError) as raised:
        recorder.client.chat.completions.create(model="test/unpriced", messages=HELLO)
    assert (raised.value.status_code, raised.value.code) == (503, "model_not_priced")


def test_a_closed_day_is_not_retried_because_the_gateway_says_so(connect):
    recorder = connect(create_account(plan="free"))
    # More than the free plan's tokens of a day: let in once, as the first, and then the day is over.
    long = [{"role": "user", "content": "water " * 60_000}]
    recorder.client.chat.completions.create(model="test/free", messages=long)
    recorder.answers.clear()
    with pytest.raises(openai.RateLimitError) as raised:
        recorder.client.chat.completions.create(model="test/free", messages=HELLO)
    assert raised.value.code == "rate_limit_exceeded"
    assert [answer.headers.get("x-should-retry") for answer in recorder.answers] == ["false"]


def test_credits_in_flight_are_retried_until_they_are_free(connect):
    # Enough for one hold at a time: 4 000 output tokens at $0.40 a million are $0.0016.
    key = create_account(credits=0.002)
    ask = {"messages": HELLO, "max_completion_tokens": 4000}
    refused = connect(key, max_retries=1)
    # This stream stops in the middle and holds its credits until it is closed.
    with connect(key).client.chat.completions.create(model="test/stall", stream=True, **ask) as running:
        next(iter(running))
        with pytest.raises(openai.APIStatusError) as raised:
            refused.client.chat.completions.create(model="test/usage", **ask)
    assert raised.value.code == "credits_in_flight"
    told = [(answer.status_code, answer.headers["x-should-retry"]) for answer in refused.answers]
    assert told == [(402, "true")] * 2
    patient = connect(key, max_retries=30).client
    assert patient.chat.completions.create(model="test/usage", **ask).choices


def test_a_failure_in_the_middle_is_raised_while_reading(client):
    text = ""
    with pytest.raises(openai.APIError) as raised:
        for chunk in client.chat.completions.create(model="test/error-mid", messages=HELLO, stream=True):
            text += chunk.choices[0].delta.content or ""
    assert text
    assert raised.value.code == "upstream_error"


@pytest.mark.parametrize("model", ["test/cut", "test/end-early", "test/garbage"])
def test_a_broken_stream_is_raised_and_never_passes_for_a_whole_one(client, model):
    with pytest.raises(openai.APIError) as raised:
        list(client.chat.completions.create(model=model, messages=HELLO, stream=True))
    assert raised.value.code == "upstream_error"


def test_a_provider_that_fails_is_replaced_unseen(connect):
    recorder = connect()
    completion = recorder.client.chat.completions.create(model="test/fallback", messages=HELLO)
    assert completion.choices[0].message.content
    assert completion.model_extra["gateway"]["provider"] == "chutes"
    assert len(recorder.answers) == 1


def test_models_are_listed_and_retrieved_by_ids_with_slashes(client):
    models = {model.id: model for model in client.models.list()}
    assert len(models) >= 24
    assert all(model.object == "model" and model.created > 0 and model.owned_by for model in models.values())
    for wanted in ["openai/gpt-4o-mini", "meta-llama/llama-3.3-70b-instruct:free"]:
        assert client.models.retrieve(wanted).id == models[wanted].id == wanted
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("test/no-such-model")


def test_headers_name_the_request_and_the_limits(client):
    raw = client.chat.completions.with_raw_response.create(
        model="test/echo", messages=HELLO, extra_headers={"x-request-id": "from-the-client"}
    )
    assert raw.headers["x-request-id"] == raw.parse()._request_id == "from-the-client"
    for what in ["requests", "tokens"]:
        limit, remaining = (int(raw.headers[f"x-ratelimit-{part}-{what}"]) for part in ["limit", "remaining"])
        assert 0 <= remaining < limit
        assert raw.headers[f"x-ratelimit-reset-{what}"].endswith("s")
    assert client.chat.completions.create(model="test/echo", messages=HELLO)._request_id


@pytest.mark.parametrize("model", ["test/echo", "openai/gpt-4o-mini", "test/no-usage", "test/free"])
def test_the_balance_falls_by_exactly_the_cost(connect, model):
    key = create_account(credits=1)
    client = connect(key).client
    before = settled_balance(key)
    raw = client.chat.completions.with_raw_response.create(model=model, messages=HELLO)
    cost = exact(raw.text)["usage"]["cost"]
    after = settled_balance(key)
    assert before == Decimal(1)
    assert before - after == cost
    # Streamed, the same: the cost is in the last event's own text.
    with client.chat.completions.with_streaming_response.create(
        model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}
    ) as response:
        events = [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    assert after - settled_balance(key) == exact(events[-2])["usage"]["cost"]
