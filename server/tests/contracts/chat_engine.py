"""What every chat engine owes the pipeline, as a suite to be run against each of them.

Subclass `ChatEngineContract` as `Test...` and give it the fixtures `engine` and `model`. The model may
be real or a toy; it must speak at least a dozen tokens when asked to count, and its context must be
smaller than 16,000 tokens.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import anyio
import pytest

from fondaco.domain.chat.events import Finish, FinishReason, Text, TokenLogprob, UsageReported
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatOptions, ChatRequest, Sampling
from fondaco.domain.errors import ContextTooLongError
from fondaco.domain.money.usage import Usage
from fondaco.ports import ChatEngine, Prompt

_GREEDY = Sampling(temperature=0.0, seed=7)
_TIMEOUT_S = 60


@dataclass
class Answer:
    """A reply, folded."""

    texts: dict[int, str] = field(default_factory=dict)
    tokens: int = 0
    logprobs: list[TokenLogprob] = field(default_factory=list)
    pieces_without_logprobs: int = 0
    finishes: list[tuple[int, FinishReason]] = field(default_factory=list)
    usage: Usage | None = None
    said_after_finish: bool = False

    @property
    def text(self) -> str:
        return self.texts.get(0, "")


async def answer(engine: ChatEngine, request: ChatRequest, *, measured: bool = True) -> Answer:
    """Ask an engine and fold what it says."""
    with anyio.fail_after(_TIMEOUT_S):
        prompt = await engine.measure(request) if measured else None
        return await accumulator(engine, request, prompt)


async def accumulator(engine: ChatEngine, request: ChatRequest, prompt: Prompt | None) -> Answer:
    told = Answer()
    async with aclosing(engine.chat(request, prompt)) as batches:
        async for batch in batches:
            assert batch, "an engine has something to say when it says something"
            for event in batch:
                match event:
                    case Text(choice, text, tokens, logprobs):
                        told.texts[choice] = told.texts.get(choice, "") + text
                        told.tokens += tokens
                        told.logprobs += logprobs or ()
                        told.pieces_without_logprobs += logprobs is None
                        told.said_after_finish |= choice in {done for done, _ in told.finishes}
                    case Finish(choice, reason):
                        told.finishes.append((choice, reason))
                    case UsageReported(report):
                        told.usage = report.completed(Usage())
    return told


def counting(model: str, **changes: object) -> ChatRequest:
    """Return a turn that makes a model speak for a while, the same each time."""
    request = ChatRequest(
        model=model,
        messages=(
            Message(Role.SYSTEM, "You count aloud."),
            Message(Role.USER, "Count from one to thirty in words: one, two, three,"),
        ),
        max_output_tokens=12,
        sampling=_GREEDY,
        stream=True,
    )
    return replace(request, **changes)  # type: ignore[arg-type] # each test names real fields


class ChatEngineContract:
    """The suite."""

    async def test_a_whole_answer_says_what_a_streamed_one_says(
        self, engine: ChatEngine, model: str
    ) -> None:
        streamed = await answer(engine, counting(model))
        whole = await answer(engine, counting(model, stream=False))
        assert streamed.text
        assert whole.texts == streamed.texts
        assert whole.finishes == streamed.finishes

    async def test_an_engine_answers_a_prompt_that_another_one_measured(
        self, engine: ChatEngine, model: str
    ) -> None:
        assert (await answer(engine, counting(model), measured=False)).text == (
            await answer(engine, counting(model))
        ).text

    async def test_the_output_limit_is_kept_and_named_as_the_reason(
        self, engine: ChatEngine, model: str
    ) -> None:
        told = await answer(engine, counting(model, max_output_tokens=3))
        assert told.finishes == [(0, "length")]
        assert told.usage is not None
        assert told.usage.output_tokens == 3

    async def test_a_stop_string_ends_the_answer_and_is_not_part_of_it(
        self, engine: ChatEngine, model: str
    ) -> None:
        full = (await answer(engine, counting(model))).text
        stop = full[len(full) // 2 :][:6]
        told = await answer(engine, counting(model, sampling=replace(_GREEDY, stop=(stop,))))
        assert told.text == full.partition(stop)[0]
        assert told.finishes == [(0, "stop")]

    async def test_every_choice_finishes_once_and_then_is_silent(
        self, engine: ChatEngine, model: str
    ) -> None:
        told = await answer(engine, counting(model, choices=3, max_output_tokens=4))
        assert sorted(told.finishes) == [(0, "length"), (1, "length"), (2, "length")]
        assert all(told.texts[choice] for choice in range(3))
        assert not told.said_after_finish

    @pytest.mark.parametrize("stream", [True, False])
    async def test_all_choices_are_counted_and_the_prompt_once(
        self, engine: ChatEngine, model: str, *, stream: bool
    ) -> None:
        request = counting(model, choices=3, max_output_tokens=4, stream=stream)
        one = await answer(engine, replace(request, choices=1))
        three = await answer(engine, request)
        assert one.usage is not None
        assert three.usage is not None
        assert three.usage.output_tokens == 12
        assert three.usage.input_tokens == one.usage.input_tokens

    async def test_the_measured_prompt_is_what_is_counted_or_an_upper_bound_of_it(
        self, engine: ChatEngine, model: str
    ) -> None:
        request = counting(model)
        measured = await engine.measure(request)
        told = await accumulator(engine, request, measured)
        assert told.usage is not None
        if measured.exact:
            assert told.usage.input_tokens == measured.input_tokens
        else:
            assert 0 < told.usage.input_tokens <= measured.input_tokens
        assert 0 <= told.usage.cached_input_tokens <= told.usage.input_tokens

    async def test_a_longer_prompt_measures_more(self, engine: ChatEngine, model: str) -> None:
        request = counting(model)
        longer = replace(
            request, messages=(*request.messages, Message(Role.USER, "and then " * 20))
        )
        shorter = await engine.measure(request)
        assert (await engine.measure(longer)).input_tokens > shorter.input_tokens + 20

    async def test_pieces_stand_for_no_more_tokens_than_are_counted(
        self, engine: ChatEngine, model: str
    ) -> None:
        told = await answer(engine, counting(model))
        assert told.usage is not None
        assert 0 < told.tokens <= told.usage.output_tokens

    async def test_a_content_in_parts_is_answered(self, engine: ChatEngine, model: str) -> None:
        message = Message(Role.USER, ("Count from one", " to thirty in words."))
        told = await answer(engine, counting(model, messages=(message,)))
        assert told.text

    async def test_a_conversation_with_earlier_answers_is_answered(
        self, engine: ChatEngine, model: str
    ) -> None:
        messages = (
            Message(Role.USER, "Count from one to three."),
            Message(Role.ASSISTANT, "one, two, three"),
            Message(Role.USER, "Go on."),
        )
        told = await answer(engine, counting(model, messages=messages))
        assert told.text

    async def test_logprobs_cover_the_text_token_by_token(
        self, engine: ChatEngine, model: str
    ) -> None:
        told = await answer(engine, counting(model, top_logprobs=2))
        assert told.pieces_without_logprobs == 0
        spelled = b"".join(bytes(token.bytes or ()) for token in told.logprobs)
        assert spelled.decode() == told.text
        for token in told.logprobs:
            assert token.logprob <= 0
            assert len(token.top) == 2
            assert all(top.logprob <= 0 and not top.top for top in token.top)
            assert token.token in {top.token for top in token.top}, "greedy takes the likeliest"

    async def test_logprobs_without_alternatives_are_those_of_the_chosen_tokens(
        self, engine: ChatEngine, model: str
    ) -> None:
        told = await answer(engine, counting(model, top_logprobs=0))
        assert len(told.logprobs) >= 1
        assert all(token.top == () for token in told.logprobs)

    async def test_logprobs_are_not_given_unasked(self, engine: ChatEngine, model: str) -> None:
        assert (await answer(engine, counting(model))).logprobs == []

    async def test_a_seed_makes_chance_repeatable(self, engine: ChatEngine, model: str) -> None:
        request = counting(model, sampling=Sampling(temperature=1.0, seed=11), max_output_tokens=6)
        assert (await answer(engine, request)).text == (await answer(engine, request)).text

    async def test_a_hung_up_answer_leaves_the_engine_free(
        self, engine: ChatEngine, model: str
    ) -> None:
        endless = counting(model, max_output_tokens=400)
        with anyio.fail_after(_TIMEOUT_S):
            for _ in range(8):  # more than the engine has slots
                await _first_burst(engine.chat(endless, await engine.measure(endless)))
            assert (await answer(engine, counting(model))).text

    async def test_answers_at_the_same_time_do_not_mix(
        self, engine: ChatEngine, model: str
    ) -> None:
        alone = await answer(engine, counting(model))
        together: list[Answer] = []

        async def ask() -> None:
            together.append(await answer(engine, counting(model)))

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(ask)
        assert len(together) == 3
        for told in together:  # batching may change the rounding, so only the start is compared
            assert told.text[:4] == alone.text[:4]
            assert len(told.finishes) == 1

    async def test_a_prompt_beyond_the_context_is_refused_with_both_numbers(
        self, engine: ChatEngine, model: str
    ) -> None:
        request = counting(model, messages=(Message(Role.USER, "word " * 16_000),))
        with pytest.raises(ContextTooLongError) as refused, anyio.fail_after(_TIMEOUT_S):
            await accumulator(engine, request, await engine.measure(request))
        assert refused.value.input_tokens is not None
        assert refused.value.context_tokens is not None
        assert refused.value.input_tokens >= 16_000
        assert 0 < refused.value.context_tokens < 16_000

    async def test_an_option_without_effect_is_reported_and_the_call_answered(
        self, engine: ChatEngine, model: str
    ) -> None:
        with_hints = counting(model, options=ChatOptions(hints={"include": ["nothing known"]}))
        assert engine.ignores(with_hints) == ("include",)
        assert engine.ignores(counting(model)) == ()
        assert (await answer(engine, with_hints)).text == (
            await answer(engine, counting(model))
        ).text

    async def test_a_probe_succeeds(self, engine: ChatEngine, model: str) -> None:
        with anyio.fail_after(_TIMEOUT_S):
            await engine.probe()

    async def test_an_engine_has_a_name(self, engine: ChatEngine, model: str) -> None:
        assert engine.name


async def _first_burst(batches: AsyncGenerator[object]) -> None:
    async with aclosing(batches):
        async for _ in batches:
            return
