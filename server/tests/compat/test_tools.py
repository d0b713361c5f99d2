"""Clients and agents of others call a function through the server, and answer from its result."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessage
from pydantic import SecretStr
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from program import Program, model_file, program

QWEN = "qwen2.5-coder-0.5b"
QWEN_FILE = "Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf"
QUESTION = "What is the weather in Oslo right now?"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
pytestmark = pytest.mark.slow  # half a billion parameters on one thread


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Run a server whose model calls functions well."""
    if not model_file(QWEN_FILE).is_file():
        pytest.skip(f"{QWEN_FILE} is missing: run `fondaco models pull {QWEN}`")
    with program(tmp_path_factory.mktemp("calling") / "home") as one:
        yield one


class Weather:
    """A function that remembers which cities it was asked for."""

    def __init__(self) -> None:
        self.cities: list[str] = []

    def get_weather(self, city: str) -> str:
        """Current weather of a city."""
        self.cities.append(city)
        return "rain, 7 degrees"


@pytest.mark.parametrize("stream", [True, False])
def test_the_loop_of_openais_own_client(calling: Program, *, stream: bool) -> None:
    weather = Weather()
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    said = _said(calling, messages, stream=stream)
    assert said.content is None
    assert said.tool_calls is not None
    (call,) = said.tool_calls
    assert call.type == "function"
    assert call.function.name == "get_weather"
    result = weather.get_weather(**json.loads(call.function.arguments))
    messages += [
        said.model_dump(include={"role", "content", "tool_calls"}),
        {"role": "tool", "tool_call_id": call.id, "content": result},
    ]
    assert "7" in (_said(calling, messages, stream=stream).content or "")
    assert weather.cities == ["Oslo"]


def _said(calling: Program, messages: list[Any], *, stream: bool) -> ChatCompletionMessage:
    asked: dict[str, Any] = {"model": QWEN, "messages": messages, "tools": [WEATHER]}
    asked |= {"temperature": 0, "max_tokens": 60}
    completions = calling.client.chat.completions
    if not stream:
        message: ChatCompletionMessage = completions.create(**asked).choices[0].message
        return message
    with completions.stream(**asked) as events:
        return events.get_final_completion().choices[0].message


def test_an_agent_of_langchain(calling: Program) -> None:
    weather = Weather()
    model = ChatOpenAI(
        base_url=f"{calling.url}/api/v1",
        api_key=SecretStr(calling.api_key),
        model=QWEN,
        temperature=0,
        max_retries=0,
    )
    agent = create_agent(model, [weather.get_weather])
    with closing(model.root_client):
        state = agent.invoke({"messages": [HumanMessage(QUESTION)]}, {"recursion_limit": 6})
    last = state["messages"][-1]
    assert isinstance(last, AIMessage)
    assert "7" in last.text
    assert weather.cities == ["Oslo"]


async def test_an_agent_of_pydantic_ai(calling: Program) -> None:
    weather = Weather()
    async with AsyncOpenAI(
        base_url=f"{calling.url}/api/v1", api_key=calling.api_key, max_retries=0
    ) as client:
        agent = Agent(
            OpenAIChatModel(QWEN, provider=OpenAIProvider(openai_client=client)),
            tools=[weather.get_weather],
            model_settings={"temperature": 0.0, "max_tokens": 60},
        )
        told = await agent.run(QUESTION)
    assert "7" in told.output
    assert weather.cities == ["Oslo"]
