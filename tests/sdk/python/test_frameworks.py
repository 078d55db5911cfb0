"""What is built on the SDKs, with its own features, against the gateway: tools, structured output, streams. The providers are
stand-ins, which call up to eight tools with made-up arguments and fill in any schema."""

import asyncio

import openai
import pydantic
import pytest
from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    function_tool,
)
from anthropic import AsyncAnthropic
from conftest import API_KEY, BASE_URL
from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.openai import OpenAIResponsesModel as PydanticResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

ANTHROPIC, CHAT = "claude-sonnet-4-5", "portkey:openai/gpt-4o-mini"


class City(pydantic.BaseModel):
    name: str
    inhabitants: int


# openai-agents, by way of Responses, which is its default, and of chat completions.


AGENTS_MODELS = [OpenAIResponsesModel, OpenAIChatCompletionsModel]


def agents_model(kind, model: str):
    return kind(model=model, openai_client=openai.AsyncOpenAI(base_url=f"{BASE_URL}/v1", api_key=API_KEY))


def run_agent(kind, model: str, stream: bool, **options):
    async def run():
        agent = Agent(name="clerk", instructions="Be brief.", model=agents_model(kind, model), **options)
        config = RunConfig(tracing_disabled=True)
        if not stream:
            return await Runner.run(agent, "Hello", run_config=config)
        result = Runner.run_streamed(agent, "Hello", run_config=config)
        async for _ in result.stream_events():
            pass
        return result

    return asyncio.run(run())


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["openrouter:openai/gpt-4o-mini", CHAT, f"anthropic:{ANTHROPIC}"])
@pytest.mark.parametrize("kind", AGENTS_MODELS)
def test_an_agent_of_openais_calls_its_tool_and_answers(kind, model, stream):
    called = []

    @function_tool
    def get_weather(city: str) -> str:
        """The weather in a city."""
        called.append(city)
        return "sunny"

    settings = ModelSettings(include_usage=True)
    result = run_agent(kind, model, stream, tools=[get_weather], model_settings=settings)
    assert len(called) == 1
    assert result.final_output
    assert result.context_wrapper.usage.requests == 2
    assert result.context_wrapper.usage.total_tokens > 0


@pytest.mark.parametrize("kind", AGENTS_MODELS)
def test_an_agent_of_openais_answers_in_a_shape(kind):
    assert isinstance(run_agent(kind, CHAT, False, output_type=City).final_output, City)


# LangChain, by way of Anthropic's Messages.


@pytest.mark.parametrize("model", [ANTHROPIC, CHAT])
def test_langchain_speaks_messages(model):
    @tool
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return "sunny"

    chat = ChatAnthropic(model=model, base_url=BASE_URL, api_key=API_KEY, max_tokens=300, timeout=60)
    answer = chat.invoke("Hello")
    assert answer.text and answer.usage_metadata["output_tokens"] > 0
    whole = None
    for chunk in chat.stream("Hello"):
        whole = chunk if whole is None else whole + chunk
    assert whole.text == answer.text
    assert whole.usage_metadata["output_tokens"] == answer.usage_metadata["output_tokens"]
    (call,) = chat.bind_tools([get_weather]).invoke("Hello").tool_calls
    assert (call["name"], call["args"].keys()) == ("get_weather", {"city"})
    assert isinstance(chat.with_structured_output(City).invoke("Hello"), City)


# pydantic-ai, by way of each.


def pydantic_models():
    chat = OpenAIProvider(base_url=f"{BASE_URL}/v1", api_key=API_KEY)
    messages = AnthropicProvider(anthropic_client=AsyncAnthropic(base_url=BASE_URL, api_key=API_KEY))
    return [
        OpenAIChatModel(CHAT, provider=chat),
        PydanticResponsesModel(CHAT, provider=chat),
        PydanticResponsesModel("openrouter:openai/gpt-4o-mini", provider=chat),
        AnthropicModel(ANTHROPIC, provider=messages),
        AnthropicModel(CHAT, provider=messages),
    ]


@pytest.mark.parametrize("which", range(5))
def test_pydantic_ai_calls_tools_streams_and_answers_in_a_shape(which):
    model = pydantic_models()[which]
    called = []

    def get_weather(city: str) -> str:
        """The weather in a city."""
        called.append(city)
        return "sunny"

    async def run():
        answer = await PydanticAgent(model, tools=[get_weather]).run("Hello")
        shaped = await PydanticAgent(model, output_type=City).run("Hello")
        async with PydanticAgent(model).run_stream("Hello") as stream:
            pieces = [piece async for piece in stream.stream_text(delta=True)]
            usage = stream.usage
        return answer, shaped, pieces, usage

    answer, shaped, pieces, _ = asyncio.run(run())
    assert len(called) == 1 and answer.output
    assert isinstance(shaped.output, City)
    assert "".join(pieces)
