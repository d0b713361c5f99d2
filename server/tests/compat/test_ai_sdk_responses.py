"""The AI SDK on the Responses API, its default, and on completions: a whole server over a scripted model."""

from typing import Any

import anyio
import pytest
from anyio import to_thread

from house import SECRET, house
from node_clients import needs_node, printed
from scripted_model import CITY, OUTPUT_TOKENS, PROMPT_TOKENS, SCRIPTED, weather_model
from toy_model import ANSWER_TOKENS

RAIN = f"In {CITY}: rain, 7 degrees"
pytestmark = needs_node


@pytest.fixture(scope="module")
def seen() -> Any:
    """Return what the AI SDK made of all that it was asked to do, in one process."""

    async def ran() -> Any:
        async with house(models=(SCRIPTED,)) as home:
            home.fake.always(weather_model)
            environ = {"OPENAI_BASE_URL": f"{home.url}/v1", "OPENAI_API_KEY": SECRET}
            return await to_thread.run_sync(printed, "responses.mjs", environ)

    return anyio.run(ran)


def test_a_text_comes_with_its_usage(seen: Any) -> None:
    whole = seen["whole"]
    assert len(whole["text"].split()) == whole["usage"]["outputTokens"] == ANSWER_TOKENS
    assert whole["model"] == SCRIPTED.id
    assert seen["short"] == "length"


def test_a_stream_says_what_the_whole_response_does(seen: Any) -> None:
    streamed = seen["streamed"]
    assert len(streamed["pieces"]) > 1
    assert "".join(streamed["pieces"]) == streamed["text"] == seen["whole"]["text"]
    assert streamed["usage"]["outputTokens"] == ANSWER_TOKENS
    assert streamed["finish"] == seen["whole"]["finish"]


def test_an_object_keeps_to_its_schema(seen: Any) -> None:
    assert seen["object"] == {"city": CITY, "degrees": 7}


def test_a_tool_loop_runs_the_function_and_ends_with_an_answer(seen: Any) -> None:
    whole, streamed = seen["loop"], seen["streamedLoop"]
    assert whole["steps"] == ["tool-calls", "stop"]
    assert seen["cities"] == [CITY, CITY]
    assert (whole["text"], streamed["text"]) == (RAIN, RAIN)
    for usage in (whole["usage"], streamed["usage"]):
        assert (usage["inputTokens"], usage["outputTokens"]) == (
            2 * PROMPT_TOKENS,
            2 * OUTPUT_TOKENS,
        )


def test_a_second_turn_needs_its_items_sent_and_says_so(seen: Any) -> None:
    assert seen["next"] > seen["whole"]["usage"]["inputTokens"] + ANSWER_TOKENS
    assert "providerOptions: {openai: {store: false}}" in seen["stored"]


def test_a_raw_prompt_is_completed_whole_and_streamed(seen: Any) -> None:
    completed, streamed = seen["completed"], seen["streamedCompletion"]
    assert len(completed["text"].split()) == 4
    assert completed["finish"] == "length"
    assert "".join(streamed["pieces"]) == completed["text"]
    assert streamed["usage"]["outputTokens"] == 4
