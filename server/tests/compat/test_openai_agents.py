"""The OpenAI Agents SDK on the Responses API, its default: a whole server over a scripted model."""

import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

import openai
import pytest

from house import SECRET, House, house
from scripted_model import CITY, OUTPUT_TOKENS, PROMPT_TOKENS, SCRIPTED, weather_model

if TYPE_CHECKING:
    import agents

QUESTION = f"What is the weather in {CITY}?"
RAIN = f"rain in {CITY}, 7 degrees"
SAID = f"In {CITY}: {RAIN}"
MCP_SERVER = Path(__file__).parent / "mcp_weather.py"


@pytest.fixture
async def home() -> AsyncGenerator[House]:
    async with house(models=(SCRIPTED,)) as one:
        one.fake.always(weather_model)
        yield one


@pytest.fixture
async def model(home: House) -> AsyncGenerator["agents.OpenAIResponsesModel"]:
    """A model as agents use it; loaded only here, for it takes a second and more."""
    from agents import OpenAIResponsesModel, set_tracing_disabled  # noqa: PLC0415

    set_tracing_disabled(disabled=True)
    client = openai.AsyncOpenAI(base_url=f"{home.url}/v1", api_key=SECRET, max_retries=0)
    async with client:
        yield OpenAIResponsesModel(SCRIPTED.id, client)


def forecaster(model: "agents.OpenAIResponsesModel") -> "agents.Agent[None]":
    """Return an agent with a function tool."""
    from agents import Agent, function_tool  # noqa: PLC0415

    @function_tool
    def get_weather(city: str) -> str:
        """Return the current weather of a city."""
        return f"rain in {city}, 7 degrees"

    return Agent("Forecaster", instructions="Be brief.", model=model, tools=[get_weather])


async def test_an_agent_runs_its_function_and_answers(
    home: House, model: "agents.OpenAIResponsesModel"
) -> None:
    from agents import Runner  # noqa: PLC0415

    result = await Runner.run(forecaster(model), QUESTION)
    assert result.final_output == SAID
    usage = result.context_wrapper.usage
    assert (usage.input_tokens, usage.output_tokens) == (2 * PROMPT_TOKENS, 2 * OUTPUT_TOKENS)
    assert [one["role"] for one in home.fake.asked[1].body["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
    ]


async def test_a_streamed_run_tells_the_call_its_output_and_the_answer(
    model: "agents.OpenAIResponsesModel",
) -> None:
    from agents import Runner  # noqa: PLC0415

    result = Runner.run_streamed(forecaster(model), QUESTION)
    events = [event async for event in result.stream_events()]
    items = [event.name for event in events if event.type == "run_item_stream_event"]
    assert items == ["tool_called", "tool_output", "message_output_created"]
    pieces = [
        event.data.delta
        for event in events
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
    ]
    assert len(pieces) > 1
    assert "".join(pieces) == result.final_output == SAID


async def test_an_agent_uses_the_tool_of_an_mcp_server(
    home: House, model: "agents.OpenAIResponsesModel"
) -> None:
    from agents import Agent, Runner  # noqa: PLC0415
    from agents.mcp import MCPServerStdio  # noqa: PLC0415

    async with MCPServerStdio({"command": sys.executable, "args": [str(MCP_SERVER)]}) as server:
        agent = Agent("Forecaster", model=model, mcp_servers=[server])
        result = await Runner.run(agent, QUESTION)
    (tool,) = home.fake.asked[0].body["tools"]
    assert tool["function"]["name"] == "get_weather"
    assert RAIN in result.final_output
