"""OpenAI's Responses API with real clients: OpenAI's own, and pydantic-ai, whose default it is."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.responses import FunctionToolParam
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from program import MODEL, Program, model_file, program

QWEN = "qwen2.5-coder-0.5b"
QWEN_FILE = "Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf"
QUESTION = "What is the weather in Oslo right now?"
WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "description": "Current weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
    "strict": False,
}


class City(BaseModel):
    """What the model says of a city."""

    name: str
    country: str


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Run a server whose model calls functions well."""
    if not model_file(QWEN_FILE).is_file():
        pytest.skip(f"{QWEN_FILE} is missing: run `fondaco models pull {QWEN}`")
    with program(tmp_path_factory.mktemp("calling") / "home") as one:
        yield one


def client_of(one: Program) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{one.url}/v1", api_key=one.api_key, max_retries=0, timeout=120)


def test_a_response_is_that_of_the_embedded_model(served: Program) -> None:
    with client_of(served) as client:
        response = client.responses.create(
            model="default", input="Say hello.", max_output_tokens=8, temperature=0
        )
    assert response.model == MODEL
    assert response.output_text
    assert response.usage is not None
    assert 0 < response.usage.output_tokens <= 8


def test_it_says_and_costs_what_a_chat_completion_does(served: Program) -> None:
    with client_of(served) as client:
        before = len(billed(served))
        chat = client.chat.completions.create(
            model="default",
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Say hello."},
            ],
            max_tokens=8,
            temperature=0,
        )
        response = client.responses.create(
            model="default",
            instructions="Be brief.",
            input="Say hello.",
            max_output_tokens=8,
            temperature=0,
        )
    assert response.output_text == chat.choices[0].message.content
    assert response.usage is not None
    assert chat.usage is not None
    assert response.usage.input_tokens == chat.usage.prompt_tokens
    assert response.usage.output_tokens == chat.usage.completion_tokens
    assert [units for _, units in billed(served)[before:]] == [
        (chat.usage.prompt_tokens, chat.usage.completion_tokens)
    ] * 2


def billed(one: Program) -> list[tuple[str, tuple[int, int]]]:
    """Return the input and output tokens that each call was charged for, cached ones among them."""
    found: dict[str, tuple[int, int]] = {}
    for row in one.charged():
        given, made = found.get(row.call_id, (0, 0))
        output = row.sku.endswith("-output-mtoken")
        found[row.call_id] = (given, made + row.units) if output else (given + row.units, made)
    return list(found.items())


def test_a_stream_ends_with_the_whole_response(served: Program) -> None:
    with (
        client_of(served) as client,
        client.responses.stream(
            model="default", input="Say hello.", max_output_tokens=64, temperature=0
        ) as stream,
    ):
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        response = stream.get_final_response()
    assert "".join(pieces) == response.output_text
    assert len(pieces) > 1


def test_a_schema_is_parsed(served: Program) -> None:
    with client_of(served) as client:
        response = client.responses.parse(
            model="default",
            input="Paris is in France. Give it as JSON.",
            text_format=City,
            max_output_tokens=60,
            temperature=0,
        )
    assert isinstance(response.output_parsed, City)


def test_a_refusal_is_an_error_of_the_client(served: Program) -> None:
    with client_of(served) as client:
        with pytest.raises(openai.BadRequestError, match=r"(?i)nothing is stored here"):
            client.responses.create(model="default", input="Hi", previous_response_id="resp_1")
        with pytest.raises(openai.NotFoundError, match=r"(?i)nothing is stored here"):
            client.responses.retrieve("resp_1")


@pytest.mark.slow
def test_a_function_is_called_and_its_output_answered_from(calling: Program) -> None:
    items: list[Any] = [{"role": "user", "content": QUESTION}]
    with client_of(calling) as client:
        first = client.responses.create(
            model=QWEN, input=items, tools=[WEATHER], tool_choice="required", temperature=0
        )
        (call,) = [item for item in first.output if item.type == "function_call"]
        assert "Oslo" in call.arguments
        output = {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": "rain, 7 degrees",
        }
        items += [*first.output, output]
        second = client.responses.create(
            model=QWEN,
            input=items,
            tools=[WEATHER],
            temperature=0,
            max_output_tokens=60,
        )
    assert "7" in second.output_text


@pytest.mark.slow
async def test_an_agent_of_pydantic_ai_runs_its_function(calling: Program) -> None:
    cities: list[str] = []

    def get_weather(city: str) -> str:
        """Current weather of a city."""
        cities.append(city)
        return "rain, 7 degrees"

    # A client of its own, as nobody closes the provider's.
    async with openai.AsyncOpenAI(base_url=f"{calling.url}/v1", api_key=calling.api_key) as client:
        provider = OpenAIProvider(openai_client=client)
        agent = Agent(OpenAIResponsesModel(QWEN, provider=provider), tools=[get_weather])
        result = await agent.run(QUESTION, model_settings={"temperature": 0, "max_tokens": 80})
    assert any("Oslo" in city for city in cities)
    assert "7" in result.output
