"""openai-python's Responses, unmodified, against the gateway."""

import json
from decimal import Decimal

import openai
import pydantic
import pytest
from conftest import create_account, exact, settled_balance

# Asked natively, as a chat, and as a message.
MODELS = ["test/echo", "portkey:openai/gpt-4o-mini", "anthropic:anthropic/claude-sonnet-4.5"]

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string", "minLength": 3}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": True}
CUSTOM = {"type": "custom", "name": "exec", "description": "Runs a command."}


@pytest.mark.parametrize("model", MODELS)
def test_a_response_has_text_usage_and_cost(client, model):
    response = client.responses.create(model=model, input="Hello", instructions="Be brief.", metadata={"a": "b"})
    assert (response.object, response.status, response.error) == ("response", "completed", None)
    assert response.id.startswith("resp_") and response.output_text
    assert response.output[-1].id.startswith("msg_")
    usage = response.usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens > 0
    assert usage.input_tokens_details.cached_tokens >= 0 and usage.output_tokens_details.reasoning_tokens >= 0
    assert usage.model_extra["cost"] > 0
    assert response.model_extra["gateway"]["upstream_model"]


@pytest.mark.parametrize("model", [*MODELS, "test/keepalive", "test/reasoning", "test/no-usage"])
def test_a_stream_is_numbered_and_adds_up_to_its_response(client, model):
    events = list(client.responses.create(model=model, input="Hello", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1].type == "response.completed"
    response = events[-1].response
    assert events[0].response.id == response.id
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert deltas == response.output_text != ""
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert [item.id for item in done] == [item.id for item in response.output]


@pytest.mark.parametrize("model", MODELS)
def test_the_stream_helper_reads_text_and_calls(client, model):
    with client.responses.stream(model=model, input="Hello") as stream:
        kinds = {event.type for event in stream}
        response = stream.get_final_response()
    assert {"response.output_text.delta", "response.output_text.done", "response.completed"} <= kinds
    assert response.output_text
    with client.responses.stream(model=model, input="Hello", tools=[TOOL]) as stream:
        snapshots = [event.snapshot for event in stream if event.type == "response.function_call_arguments.delta"]
        (call,) = stream.get_final_response().output
    assert call.parsed_arguments.keys() == {"city"} == json.loads(snapshots[-1]).keys()


@pytest.mark.parametrize("model", MODELS)
def test_tools_are_called_and_their_outputs_answered(client, model):
    said = [{"role": "user", "content": "Hello"}]
    asked = client.responses.create(model=model, input=said, tools=[TOOL, CUSTOM])
    function, custom = asked.output
    assert (function.type, function.name, custom.type, custom.name) == (
        "function_call",
        "get_weather",
        "custom_tool_call",
        "exec",
    )
    assert json.loads(function.arguments).keys() == {"city"} and isinstance(custom.input, str)
    said += [item.model_dump(exclude_none=True) for item in asked.output]
    said.append({"type": "function_call_output", "call_id": function.call_id, "output": "21 degrees"})
    said.append({"type": "custom_tool_call_output", "call_id": custom.call_id, "output": "done"})
    answered = client.responses.create(model=model, input=said, tools=[TOOL, CUSTOM])
    assert answered.status == "completed" and answered.output_text


@pytest.mark.parametrize("model", MODELS)
def test_structured_output_is_parsed_plain_and_streamed(client, model):
    class Answer(pydantic.BaseModel):
        words: list[str]
        final: str

    response = client.responses.parse(model=model, input="Hello", text_format=Answer)
    assert isinstance(response.output_parsed, Answer)
    with client.responses.stream(model=model, input="Hello", text_format=Answer) as stream:
        assert isinstance(stream.get_final_response().output_parsed, Answer)


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_at_its_limit_is_incomplete(client, model):
    response = client.responses.create(model=model, input="Hello", max_output_tokens=16)
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    *_, last = client.responses.create(model=model, input="Hello", max_output_tokens=16, stream=True)
    assert last.type == "response.incomplete" and last.response.usage.output_tokens > 0


def test_what_a_model_thought_is_told_and_goes_back(client):
    model = "test/reasoning"
    response = client.responses.create(model=model, input="Hello", reasoning={"effort": "low", "summary": "auto"})
    thoughts, message = response.output
    assert thoughts.type == "reasoning" and thoughts.summary[0].text
    said = [{"role": "user", "content": "Hello"}, *response.output, {"role": "user", "content": "And?"}]
    assert client.responses.create(model=model, input=said).output_text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_a_response_is_stored_gone_on_from_read_listed_and_deleted(client, model, stream):
    def create(**wanted):
        answer = client.responses.create(model=model, stream=stream, **wanted)
        return list(answer)[-1].response if stream else answer

    first = create(input="Where is Oslo?")
    second = create(input="And Bergen?", previous_response_id=first.id)
    assert (first.store, second.previous_response_id) == (True, first.id)
    assert second.usage.input_tokens > first.usage.input_tokens
    assert client.responses.retrieve(second.id).to_dict() == second.to_dict()
    items = client.responses.input_items.list(second.id)
    assert [item.content[0].text for item in items.data] == ["And Bergen?"]
    said = [{"role": "user", "content": str(n)} for n in range(5)]
    third = create(input=said, previous_response_id=second.id)
    told = client.responses.input_items.list(third.id, limit=2, order="asc")
    assert [item.content[0].text for item in told] == ["0", "1", "2", "3", "4"]
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        client.responses.cancel(third.id)
    client.responses.delete(third.id)
    for gone in [client.responses.retrieve, client.responses.delete, client.responses.input_items.list]:
        with pytest.raises(openai.NotFoundError):
            gone(third.id)
    with pytest.raises(openai.BadRequestError) as raised:
        create(input="And?", previous_response_id=third.id)
    assert (raised.value.code, raised.value.param) == ("previous_response_not_found", "previous_response_id")


@pytest.mark.parametrize("model", MODELS)
def test_calls_of_tools_go_on_by_their_outputs_alone(client, model):
    asked = client.responses.create(model=model, input="Weather in Oslo?", tools=[TOOL])
    outputs = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "sunny"}
        for item in asked.output
        if item.type == "function_call"
    ]
    assert outputs
    answered = client.responses.create(model=model, previous_response_id=asked.id, input=outputs, tools=[TOOL])
    assert answered.output_text
    with pytest.raises(openai.BadRequestError, match="No tool output found for function call"):
        client.responses.create(model=model, previous_response_id=asked.id, input="Never mind.", tools=[TOOL])


# What needs something kept, or runs at a provider.
NOT_OFFERED = [
    ("conversation", "conv_1", "conversation"),
    ("background", True, "background"),
    ("prompt", {"id": "pmpt_1"}, "prompt"),
    ("tools", [{"type": "web_search"}], "tools[0].type"),
    ("tools", [{"type": "code_interpreter", "container": {"type": "auto"}}], "tools[0].type"),
    ("max_output_tokens", -1, "max_output_tokens"),
]


@pytest.mark.parametrize(("name", "value", "param"), NOT_OFFERED)
def test_what_is_not_offered_is_named(client, name, value, param):
    with pytest.raises(openai.BadRequestError) as raised:
        client.responses.create(model="test/echo", input="Hello", **{name: value})
    assert (raised.value.code, raised.value.param) == ("invalid_request", param)


@pytest.mark.parametrize(
    ("kind", "code", "model"),
    [
        (openai.BadRequestError, "upstream_rejected", "test/error-400"),
        (openai.NotFoundError, "model_not_found", "test/no-such-model"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_final_refusal_is_its_own_class_and_is_not_retried(connect, kind, code, model, stream):
    recorder = connect()
    with pytest.raises(kind) as raised:
        recorder.client.responses.create(model=model, input="Hello", stream=stream)
    assert (raised.value.code, len(recorder.answers)) == (code, 1)


@pytest.mark.parametrize("model", ["test/error-mid", "test/cut", "test/end-early", "test/garbage"])
def test_a_failure_in_the_middle_is_the_last_event_and_never_passes_for_a_whole_response(client, model):
    *begun, last = client.responses.create(model=model, input="Hello", stream=True)
    assert last.type == "response.failed" and last.response.status == "failed"
    assert (last.response.error.code, last.response.error.model_extra["gateway_code"]) == (
        "server_error",
        "upstream_error",
    )
    assert any(event.type == "response.output_text.delta" for event in begun)
    with client.responses.stream(model=model, input="Hello") as stream, pytest.raises(RuntimeError):
        stream.get_final_response()


@pytest.mark.parametrize("model", ["test/echo", "portkey:openai/gpt-4o-mini", "test/no-usage"])
def test_the_balance_falls_by_exactly_the_cost(connect, model):
    key = create_account(credits=1)
    client = connect(key).client
    raw = client.responses.with_raw_response.create(model=model, input="Hello")
    between = settled_balance(key)
    assert Decimal(1) - between == exact(raw.text)["usage"]["cost"]
    with client.responses.with_streaming_response.create(model=model, input="Hello", stream=True) as response:
        events = [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: ")]
    assert between - settled_balance(key) == exact(events[-1])["response"]["usage"]["cost"]
