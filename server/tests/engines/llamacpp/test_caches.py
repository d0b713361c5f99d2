"""Slots at work: an account gains from its own prompt cache, never from another's."""

from dataclasses import replace
from math import ceil

import anyio
import anyio.lowlevel
import pytest

from contracts.chat_engine import Answer, accumulator, answer, counting
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatRequest, Sampling
from fondaco.domain.errors import EngineUnavailableError
from fondaco.engines.llamacpp.engine import LlamaCpp

PIECE_TOKENS = 32
"""Smaller pieces than the engine's own, so that prompts of few words are long."""


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fondaco.engines.llamacpp.engine.PIECE_TOKENS", PIECE_TOKENS)


def long_turn(topic: str, scope: str, **changes: object) -> ChatRequest:
    text = f"{topic}: The quick brown fox jumps over the lazy dog."
    messages = (Message(Role.USER, text),)
    return counting(
        "smollm2-135m", messages=messages, cache_scope=scope, max_output_tokens=2, **changes
    )


async def cached(engine: LlamaCpp, request: ChatRequest) -> int:
    return _cached(await answer(engine, request))


def _cached(told: Answer) -> int:
    assert told.usage is not None
    return told.usage.cached_input_tokens


async def test_an_account_gains_from_its_own_prompt(engine: LlamaCpp) -> None:
    request = long_turn("own", "ada")
    measured = await engine.measure(request)
    await answer(engine, request)
    assert await cached(engine, request) >= measured.input_tokens - 1


async def test_an_account_never_gains_from_anothers_prompt(engine: LlamaCpp) -> None:
    secret = long_turn("secret", "ada")
    await answer(engine, secret)
    for stranger in ("bob", "cyd", "dan", "eve", "fay"):  # more than there are slots
        assert await cached(engine, replace(secret, cache_scope=stranger)) == 0


async def test_an_account_never_gains_from_anothers_many_choices(engine: LlamaCpp) -> None:
    secret = long_turn("many", "ada", choices=4)
    for stranger in ("bob", "cyd", "dan", "eve"):
        await answer(engine, long_turn("hello", stranger))
    await answer(engine, secret)
    for stranger in ("bob", "cyd", "dan", "eve"):
        request = replace(secret, choices=1, cache_scope=stranger)
        assert await cached(engine, request) == 0


async def read_tokens(engine: LlamaCpp) -> int:
    """Return how many tokens of prompts the engine has read since it began."""
    upstream = (await engine._running("")).upstream
    async with upstream.send("GET", "/metrics") as reply:
        told = (await reply.read(2**20)).decode()
    return next(
        int(line.rpartition(" ")[2])
        for line in told.splitlines()
        if line.startswith("llamacpp:prompt_tokens_total ")
    )


async def test_several_choices_read_their_prompt_once(engine: LlamaCpp) -> None:
    request = long_turn("once", "gil", choices=3)
    measured = await engine.measure(request)
    before = await read_tokens(engine)
    told = await answer(engine, request)
    assert await read_tokens(engine) - before == measured.input_tokens
    assert told.usage is not None
    assert told.usage.input_tokens == measured.input_tokens


@pytest.mark.parametrize("choices", [5, 8])
async def test_choices_in_waves_find_their_prompt_in_the_cache(
    engine: LlamaCpp, choices: int
) -> None:
    request = long_turn("waves", f"hal {choices}", choices=choices)
    measured = await engine.measure(request)
    before = await read_tokens(engine)
    told = await answer(engine, request)
    assert len(told.texts) == choices
    # Each further wave reads the cached prompt's last token again; one slot is left to others.
    assert await read_tokens(engine) - before <= measured.input_tokens + ceil(choices / 3) - 1
    assert _cached(told) == 0, "what an account is told of is its cache, not this call's own"


async def test_a_request_without_scope_uses_no_cache(engine: LlamaCpp) -> None:
    request = long_turn("anonymous", "")
    await answer(engine, request)
    assert await cached(engine, request) == 0


async def test_a_stop_token_leaves_the_cached_tokens_counted(engine: LlamaCpp) -> None:
    request = long_turn("stop token", "ada")
    await answer(engine, request)
    every_word = replace(request.sampling, stop_token_ids=tuple(range(49_152)))
    assert await cached(engine, replace(request, sampling=every_word)) > 0


async def test_more_calls_than_may_wait_are_refused(engine: LlamaCpp) -> None:
    request = counting("smollm2-135m", max_output_tokens=3)
    prompt = await engine.measure(request)
    outcomes: list[bool] = []

    async def ask() -> None:
        try:
            outcomes.append(bool((await accumulator(engine, request, prompt)).text))
        except EngineUnavailableError as refused:
            outcomes.append(refused.retry_after_s is None)

    async with anyio.create_task_group() as group:
        for _ in range(16):  # 3 are answered at once, as other accounts called; 8 wait
            group.start_soon(ask)
    assert outcomes.count(True) == 11
    assert outcomes.count(False) == 5


@pytest.mark.parametrize("choices", [5, 8])
async def test_more_choices_than_slots_are_answered_in_waves(
    engine: LlamaCpp, choices: int
) -> None:
    told = await answer(engine, counting("smollm2-135m", choices=choices, max_output_tokens=2))
    assert sorted(told.finishes) == [(number, "length") for number in range(choices)]
    assert told.usage is not None
    assert told.usage.output_tokens == 2 * choices


def essay(scope: str, words: int, **changes: object) -> ChatRequest:
    """Return a turn with a prompt of more tokens than `words`."""
    text = " ".join(f"{scope}{number}" for number in range(words))
    messages = (Message(Role.USER, text),)
    return counting(
        "smollm2-135m", messages=messages, cache_scope=scope, max_output_tokens=2, **changes
    )


async def test_a_long_prompt_is_read_once_however_many_its_pieces(engine: LlamaCpp) -> None:
    request = essay("ivy", 30)
    measured = await engine.measure(request)
    assert measured.input_tokens > 3 * PIECE_TOKENS
    before = await read_tokens(engine)
    told = await answer(engine, request)
    assert await read_tokens(engine) - before == measured.input_tokens
    assert _cached(told) == 0, "what an account is told of is its cache, not this call's own"
    assert told.usage is not None
    assert told.usage.input_tokens == measured.input_tokens


async def test_a_long_prompt_gains_from_the_accounts_cache(engine: LlamaCpp) -> None:
    request = essay("joe", 28)
    measured = await engine.measure(request)
    await answer(engine, request)
    assert await cached(engine, request) >= measured.input_tokens - 1
    longer = replace(
        request,
        messages=(*request.messages, Message(Role.ASSISTANT, "Yes."), *essay("joe", 18).messages),
    )
    assert measured.input_tokens - 16 <= await cached(engine, longer) <= measured.input_tokens + 1


async def test_a_long_prompt_is_answered_as_if_it_had_been_read_at_once(engine: LlamaCpp) -> None:
    whole = essay("", 28, sampling=Sampling(temperature=0), stream=True)
    pieces = replace(whole, cache_scope="kim")
    assert (await answer(engine, pieces)).text == (await answer(engine, whole)).text


async def test_a_short_question_is_answered_while_a_long_prompt_is_being_read(
    engine: LlamaCpp,
) -> None:
    slots = (await engine._running("")).slots
    long, short = essay("lea", 50), long_turn("hi", "max")
    prompts = {request.cache_scope: await engine.measure(request) for request in (long, short)}
    assert prompts["lea"].input_tokens > 6 * PIECE_TOKENS
    answered: list[str] = []

    async def ask(request: ChatRequest) -> None:
        await accumulator(engine, request, prompts[request.cache_scope])
        answered.append(request.cache_scope)

    async with anyio.create_task_group() as group:
        group.start_soon(ask, long)
        while not slots._held["lea"]:  # the long prompt has its slot, and so the lower number
            await anyio.lowlevel.checkpoint()
        group.start_soon(ask, short)
    assert answered == ["max", "lea"]
