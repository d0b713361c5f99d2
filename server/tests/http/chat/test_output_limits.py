"""Where answers end: the caller's limit, none, the money, the context; also of engines that mind none."""

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import anyio
import pytest

from fake_upstream import Asked, Script, Wire, saying
from fondaco.domain.money.account import Account, ConsumptionLimit, Key, KeyType, digest
from fondaco.domain.money.usage import Usage
from house import ACCOUNT, CONTEXT_TOKENS, PEPPER, SECRET, TOY, House, house

LONG = "word " * 700
"""A prompt of 700 tokens, of which nobody knows but that it has 3,500 bytes."""


def endless(*deltas: Mapping[str, object], choices: int = 1) -> Script:
    """Say the deltas again and again, in each choice, until the connection closes."""

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        while True:
            for delta in deltas:
                for index in range(choices):
                    await wire.event({"choices": [{"index": index, "delta": delta}]})
            await anyio.lowlevel.checkpoint()

    return script


def counting(pieces: int) -> Script:
    """Say so many pieces and stop."""
    chunks = [{"choices": [{"index": 0, "delta": {"content": " a"}}]}] * pieces
    return saying(*chunks, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})


TEXT = endless({"content": " word"})
CALL = endless(
    {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "go", "arguments": '{"a": "'}}]},
    *[{"tool_calls": [{"index": 0, "function": {"arguments": "xyz"}}]}] * 200,
)


@pytest.fixture
async def home() -> AsyncGenerator[House]:
    async with house(whole_as_stream=True) as one:
        yield one


async def told(one: House, *, stream: bool, **fields: object) -> list[dict[str, Any]]:
    """Return each choice: what was said and thought in it, and why it ended."""
    if not stream:
        reply = await one.chat(**fields)
        assert reply.status_code == 200, reply.text
        return [
            {**choice["message"], "reason": choice["finish_reason"]}
            for choice in reply.json()["choices"]
        ]
    found: dict[int, dict[str, Any]] = {}
    async with one.streaming(**fields) as reply:
        async for line in reply.aiter_lines():
            if not line.startswith("data: {"):
                continue
            event = json.loads(line[6:])
            assert "error" not in event, event
            for choice in event["choices"]:
                delta = choice["delta"]
                said = found.setdefault(choice["index"], {"content": "", "reasoning_content": ""})
                said["content"] += delta.get("content") or ""
                said["reasoning_content"] += delta.get("reasoning_content") or ""
                if choice["finish_reason"] is not None:
                    said["reason"] = choice["finish_reason"]
    return [found[index] for index in sorted(found)]


async def closed(asked: Asked) -> None:
    with anyio.fail_after(5):
        await asked.hang_up.wait()


@pytest.mark.parametrize("stream", [True, False])
async def test_an_engine_that_minds_no_limit_is_cut_off_where_it_is(
    home: House, *, stream: bool
) -> None:
    home.fake.next(TEXT)
    [choice] = await told(home, stream=stream, max_tokens=5)
    assert choice["content"] == " word" * 5
    assert choice["reason"] == "length"
    await closed(home.fake.asked[-1])
    assert (home.charges()[-1].units, home.charges()[-1].notes) == (5, "")


@pytest.mark.parametrize("stream", [True, False])
async def test_each_choice_is_cut_off(home: House, *, stream: bool) -> None:
    home.fake.next(endless({"content": " word"}, choices=3))
    choices = await told(home, stream=stream, max_tokens=5, n=3)
    assert [choice["content"] for choice in choices] == [" word" * 5] * 3
    assert [choice["reason"] for choice in choices] == ["length"] * 3
    await closed(home.fake.asked[-1])
    assert home.charges()[-1].units == 15


@pytest.mark.parametrize("stream", [True, False])
async def test_reasoning_is_cut_off(home: House, *, stream: bool) -> None:
    home.fake.next(endless({"reasoning_content": " hm"}))
    [choice] = await told(home, stream=stream, max_tokens=5)
    assert (choice["reasoning_content"], choice["reason"]) == (" hm" * 5, "length")
    await closed(home.fake.asked[-1])
    assert home.charges()[-1].units == 5


@pytest.mark.parametrize("stream", [True, False])
async def test_calls_of_functions_are_cut_off(home: House, *, stream: bool) -> None:
    home.fake.next(CALL)
    [choice] = await told(home, stream=stream, max_tokens=5)
    assert choice["reason"] == "length"
    await closed(home.fake.asked[-1])
    assert home.charges()[-1].units == 5


async def too_much_and_nothing_else(wire: Wire, asked: Asked) -> bool:
    """Say more than was sold in the first piece, and then nothing until the connection closes."""
    await wire.begin_events()
    await wire.event({"choices": [{"index": 0, "delta": {"content": "x" * 10_000}}]})
    await asked.hang_up.wait()
    return False


@pytest.mark.parametrize("stream", [True, False])
async def test_an_engine_that_said_too_much_at_once_is_not_waited_for(
    home: House, *, stream: bool
) -> None:
    home.fake.next(too_much_and_nothing_else)
    with anyio.fail_after(10):
        [choice] = await told(home, stream=stream, max_tokens=5)
    assert (len(choice["content"]), choice["reason"]) == (5 * 128, "length")
    await closed(home.fake.asked[-1])
    assert home.charges()[-1].units == 5


async def test_pieces_that_hold_many_tokens_are_cut_off_by_their_length(home: House) -> None:
    home.fake.next(endless({"content": "x" * 10_000}))
    [choice] = await told(home, stream=True, max_tokens=5)
    assert (len(choice["content"]), choice["reason"]) == (5 * 128, "length")
    await closed(home.fake.asked[-1])
    assert home.charges()[-1].units == 5


@pytest.mark.parametrize(
    ("dialect", "field"),
    [("openai", "max_completion_tokens"), ("vllm", "max_completion_tokens")],
)
async def test_without_a_limit_of_the_caller_the_engine_gets_none(dialect: str, field: str) -> None:
    async with house(dialects=(dialect, dialect)) as one:
        await one.chat()
        await one.chat(max_tokens=7)
        assert [asked.body.get(field) for asked in one.fake.asked] == [None, 7]
        assert "max_tokens" not in one.fake.asked[0].body


@pytest.mark.parametrize("dialect", ["llama-server", "ollama"])
async def test_an_engine_that_never_stops_always_gets_a_limit(dialect: str) -> None:
    async with house(dialects=(dialect, dialect)) as one:
        reply = await one.chat()
        prompt = reply.json()["usage"]["prompt_tokens"] if dialect == "llama-server" else 0
        assert one.fake.asked[0].body["max_tokens"] == CONTEXT_TOKENS - prompt


async def test_a_long_answer_to_an_uncounted_prompt_is_not_cut(home: House) -> None:
    home.fake.next(counting(3000))
    [choice] = await told(home, stream=True, messages=[{"role": "user", "content": LONG}])
    assert (len(choice["content"]), choice["reason"]) == (6000, "stop")
    assert home.charges()[-1].units == 3000


async def test_an_answer_without_a_limit_ends_with_the_context(home: House) -> None:
    home.fake.next(TEXT)
    [choice] = await told(home, stream=True)
    assert (len(choice["content"]), choice["reason"]) == (5 * CONTEXT_TOKENS, "length")
    assert home.charges()[-1].units == CONTEXT_TOKENS


async def test_a_limit_by_the_balance_is_passed_to_the_engine() -> None:
    async with house(dialects=("vllm", "vllm")) as one:
        prompt = (await one.chat(max_tokens=1)).json()["usage"]["prompt_tokens"]
        spent = -sum(entry.amount for entry in one.charges())
        limit = ConsumptionLimit(usd=spent + TOY.price.ceiling(Usage(prompt, 0, 9)))
        key = Key("ab" * 16, ACCOUNT, KeyType.ADMIN, "tests", SECRET[-6:], 0.0, limit=limit)
        one.keys.put(Account(ACCOUNT, "tests"), digest(PEPPER, SECRET), key)
        one.platform.key_ring.invalidate()
        await one.chat()
        assert one.fake.asked[-1].body["max_completion_tokens"] == 9


async def test_where_the_money_binds_prompt_and_limit_fit_into_the_context() -> None:
    almost = TOY.price.ceiling(Usage(3700, 0, CONTEXT_TOKENS)) - 1_000_000
    async with house(usd=almost) as one:
        reply = await one.chat(messages=[{"role": "user", "content": LONG}])
        assert reply.status_code == 200
        [asked] = one.fake.asked
        assert asked.body["max_completion_tokens"] + 700 <= CONTEXT_TOKENS


async def test_an_overflow_of_a_call_without_a_limit_names_no_invented_one(home: House) -> None:
    reply = await home.chat(messages=[{"role": "user", "content": "word " * 4096}])
    assert (reply.status_code, reply.json()["code"]) == (400, "context_length_exceeded")
    assert "1 in the completion" in reply.text
