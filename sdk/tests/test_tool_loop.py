"""Round trips between a model and its tools, over the real server and a scripted engine."""

import json
import logging
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from fake_upstream import Script, saying
from house import House
from venice_ai import MaxIterationsExceededError, Tool, ToolMessage, UserMessage, VeniceClient
from venice_ai.types.api.chat import FunctionDefinition, ToolCall

QUESTION = [UserMessage(content="What is 2 + 3?")]
ADD = Tool(function=FunctionDefinition(name="add", parameters={"type": "object"}))


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def calling(*calls: tuple[str, dict[str, object]]) -> Script:
    """Let the model call tools."""
    told = [
        {
            "index": index,
            "id": f"call_{index}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for index, (name, arguments) in enumerate(calls)
    ]
    return saying(_chunk({"role": "assistant", "content": None, "tool_calls": told}, "tool_calls"))


def answering(text: str) -> Script:
    return saying(_chunk({"content": text}, "stop"))


def _chunk(delta: dict[str, object], reason: str) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


async def run(client: VeniceClient, *tools: Any, **fields: Any) -> Any:
    return await client.chat.completions.run_with_tools(
        model="toy", messages=QUESTION, tools=tools, **fields
    )


async def test_a_function_runs_and_the_model_answers_from_its_result(
    client: VeniceClient, home: House
) -> None:
    home.fake.next(calling(("add", {"a": 2, "b": 3})), answering("5"))
    result = await run(client, add, temperature=0)
    assert result.response.choices[0].message.content == "5"
    assert result.iterations == 2
    first, second = (asked.body for asked in home.fake.asked)
    assert first["tools"][0]["function"]["description"] == "Add two numbers."
    assert second["messages"][-1] == {"role": "tool", "content": "5", "tool_call_id": "call_0"}
    assert second["temperature"] == 0


async def test_the_callers_messages_stay_as_they_are(client: VeniceClient, home: House) -> None:
    home.fake.next(calling(("add", {"a": 2, "b": 3})), answering("5"))
    result = await run(client, add)
    assert len(QUESTION) == 1
    assert [message.role for message in result.messages] == [
        *("user", "assistant", "tool", "assistant")
    ]


async def test_asynchronous_functions_are_awaited(client: VeniceClient, home: House) -> None:
    async def slow_add(a: int, b: int) -> dict[str, int]:
        await anyio.lowlevel.checkpoint()
        return {"sum": a + b}

    home.fake.next(calling(("slow_add", {"a": 2, "b": 3})), answering("5"))
    result = await run(client, slow_add)
    assert result.messages[2].content == '{"sum":5}'


async def test_arguments_come_as_the_function_wants_them(client: VeniceClient, home: House) -> None:
    seen: list[object] = []

    def note(lines: list[int], loud: bool = False) -> None:  # noqa: FBT001, FBT002 - as tools are
        seen.extend([lines, loud])

    home.fake.next(calling(("note", {"lines": ["1", 2]})), answering("Done."))
    result = await run(client, note)
    assert seen == [[1, 2], False]
    assert result.messages[2].content == "null"


async def test_calls_run_one_after_another(client: VeniceClient, home: House) -> None:
    order: list[str] = []

    async def step(name: str) -> None:
        order.append(f"{name} begins")
        await anyio.sleep(0.01)
        order.append(f"{name} ends")

    home.fake.next(calling(("step", {"name": "a"}), ("step", {"name": "b"})), answering("Done."))
    await run(client, step)
    assert order == ["a begins", "a ends", "b begins", "b ends"]


async def test_calls_run_at_the_same_time_where_that_is_wanted(
    client: VeniceClient, home: House
) -> None:
    both = anyio.Event()
    begun: list[str] = []

    async def meet(name: str) -> str:
        begun.append(name)
        if len(begun) == 2:
            both.set()
        with anyio.fail_after(5):
            await both.wait()
        return name

    home.fake.next(calling(("meet", {"name": "a"}), ("meet", {"name": "b"})), answering("Done."))
    result = await run(client, meet, parallel=True)
    results = [message for message in result.messages if isinstance(message, ToolMessage)]
    assert [(one.tool_call_id, one.content) for one in results] == [
        ("call_0", "a"),
        ("call_1", "b"),
    ]


async def test_an_observer_sees_calls_and_results_but_changes_nothing(
    client: VeniceClient, home: House
) -> None:
    seen: list[tuple[str, object]] = []

    def observe(call: ToolCall, result: object) -> str:
        seen.append((call.function.name, result))
        return "something else"

    home.fake.next(calling(("add", {"a": 2, "b": 3})), answering("5"))
    result = await run(client, add, on_tool_call=observe)
    assert seen == [("add", 5)]
    assert result.messages[2].content == "5"


async def test_a_tool_that_is_no_function_is_run_by_who_is_told_of_it(
    client: VeniceClient, home: House
) -> None:
    def dispatch(call: ToolCall, result: object) -> object:
        return result if result is not None else sum(json.loads(call.function.arguments).values())

    home.fake.next(
        calling(("add", {"a": 2, "b": 3}), ("double", {"a": 4})),
        answering("5 and 8"),
    )

    def double(a: int) -> int:
        return 2 * a

    result = await run(client, ADD, double, on_tool_call=dispatch)
    assert [m.content for m in result.messages if isinstance(m, ToolMessage)] == ["5", "8"]


async def test_the_model_is_told_of_errors_and_they_are_logged(
    client: VeniceClient, home: House, caplog: pytest.LogCaptureFixture
) -> None:
    def divide(a: int, b: int) -> float:
        return a / b

    home.fake.next(calling(("divide", {"a": 1, "b": 0})), answering("It cannot be done."))
    with caplog.at_level(logging.ERROR, "venice_ai.tools"):
        result = await run(client, divide)
    assert result.messages[2].content == "Error: ZeroDivisionError: division by zero"
    assert [record.name for record in caplog.records] == ["venice_ai.tools"]
    assert caplog.records[0].exc_info is not None


async def test_the_model_is_told_of_arguments_that_do_not_fit(
    client: VeniceClient, home: House
) -> None:
    errors: list[Exception] = []

    def tell(call: ToolCall, error: Exception) -> str:
        errors.append(error)
        return "Give numbers."

    home.fake.next(calling(("add", {"a": 2, "b": 3})), answering("5"))

    def refuse(a: int, b: int) -> int:
        raise ValueError(a, b)

    refuse.__name__ = "add"
    result = await run(client, refuse, on_tool_error=tell)
    assert result.messages[2].content == "Give numbers."
    assert isinstance(errors[0], ValueError)


@pytest.mark.parametrize("parallel", [False, True])
async def test_errors_can_end_the_loop(
    client: VeniceClient, home: House, *, parallel: bool
) -> None:
    def fail() -> None:
        raise KeyError("gone")

    def raise_it(_: ToolCall, error: Exception) -> str:
        raise error

    home.fake.next(calling(("fail", {}), ("fail", {})))
    with pytest.raises(KeyError, match="gone"):
        await run(client, fail, on_tool_error=raise_it, parallel=parallel)


async def test_a_model_that_calls_for_ever_is_stopped(client: VeniceClient, home: House) -> None:
    home.fake.always(calling(("add", {"a": 1, "b": 1})))
    with pytest.raises(MaxIterationsExceededError, match="after 3 round trips") as told:
        await run(client, add, max_iterations=3)
    assert told.value.max_iterations == 3
    assert len(home.fake.asked) == 3


async def test_a_tool_that_nothing_runs_is_an_error(client: VeniceClient, home: House) -> None:
    home.fake.next(calling(("add", {"a": 1, "b": 1})))
    with pytest.raises(ValueError, match="calls 'add', which nothing runs"):
        await run(client, ADD)


async def test_what_cannot_be_looped_is_refused(client: VeniceClient, home: House) -> None:
    with pytest.raises(ValueError, match="run_with_tools takes whole replies only"):
        await run(client, add, stream=True)
    with pytest.raises(ValueError, match="max_iterations=0"):
        await run(client, add, max_iterations=0)
    with pytest.raises(ValueError, match="Two tools are named 'add'"):
        await run(client, add, add)
    assert home.fake.asked == []
