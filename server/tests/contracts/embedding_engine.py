"""The contract of embedding engines, as a suite to be run against each of them.

Subclass `EmbeddingEngineContract` as `Test...` and give it the fixture `bench`. The model may be real
or a toy; its context must be smaller than 16,000 tokens.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import hypot

import anyio
import pytest

from fondaco.domain.embedding import (
    EmbeddingInput,
    EmbeddingRequest,
    Embeddings,
    Vector,
    floats,
    shortened,
)
from fondaco.domain.errors import InputTooLongError, UnknownTokenError
from fondaco.ports import EmbeddingEngine
from idle import all_tasks_blocked

_TIMEOUT_S = 60
TEXTS = (
    "The lighthouse keeper climbs the stairs at dusk.",
    "hi",
    "A ledger records every charge, and every charge has a call. " * 4,
    "Bread is made of flour, water and salt.",
    "人工智能 und Größe, naïve café — 12½ €",
)


@dataclass
class Bench:
    """An engine under test."""

    engine: EmbeddingEngine
    model: str
    context_tokens: int | None
    """The most tokens of an input; None: the engine does not tell."""
    token_ids: Callable[[str], Awaitable[tuple[int, ...]]] | None
    """Returns a text's tokens; None: the engine takes no tokens."""
    knows_inputs: bool = True
    """Whether it tells which token ids the model has, and which of several inputs is too long."""
    closeness: float = 1e-6
    """By how much a number may differ where other texts are in the batch."""

    async def embed(self, *inputs: EmbeddingInput, dimensions: int | None = None) -> Embeddings:
        request = EmbeddingRequest(self.model, inputs, dimensions)
        with anyio.fail_after(_TIMEOUT_S):
            counts = await self.engine.measure(request)
            return await self.engine.embed(request, counts)


def similarity(one: Vector, other: Vector) -> float:
    """Return the cosine of two unit vectors."""
    return sum(a * b for a, b in zip(floats(one), floats(other), strict=True))


class EmbeddingEngineContract:
    """What each embedding engine owes its callers."""

    async def test_each_input_has_a_vector_of_unit_length(self, bench: Bench) -> None:
        told = await bench.embed(*TEXTS)
        assert len(told.vectors) == len(TEXTS)
        assert len({len(vector) for vector in told.vectors}) == 1
        for vector in told.vectors:
            assert hypot(*floats(vector)) == pytest.approx(1.0, abs=1e-4)

    async def test_order_is_kept_and_a_text_has_one_vector_whatever_its_batch(
        self, bench: Bench
    ) -> None:
        together = (await bench.embed(*TEXTS)).vectors
        alone = [(await bench.embed(text)).vectors[0] for text in TEXTS]
        backwards = (await bench.embed(*TEXTS[::-1])).vectors
        for one, other, third in zip(together, alone, backwards[::-1], strict=True):
            assert floats(one).tolist() == pytest.approx(
                floats(other).tolist(), abs=bench.closeness
            )
            assert floats(one).tolist() == pytest.approx(
                floats(third).tolist(), abs=bench.closeness
            )

    async def test_different_texts_have_different_vectors(self, bench: Bench) -> None:
        vectors = (await bench.embed(*TEXTS)).vectors
        assert len(set(vectors)) == len(TEXTS)

    async def test_usage_is_the_sum_of_what_was_counted(self, bench: Bench) -> None:
        request = EmbeddingRequest(bench.model, TEXTS)
        counts = await bench.engine.measure(request)
        told = (await bench.engine.embed(request, counts)).report.input_tokens
        assert len(counts.counts) == len(TEXTS)
        assert min(counts.counts) > 0
        if told is not None:
            assert 0 < told <= counts.input_tokens
            assert told == counts.input_tokens or not counts.exact

    async def test_a_request_that_another_engine_measured_is_measured_here(
        self, bench: Bench
    ) -> None:
        told = await bench.engine.embed(EmbeddingRequest(bench.model, TEXTS[:2]), None)
        assert told.vectors == (await bench.embed(*TEXTS[:2])).vectors

    async def test_token_ids_have_the_vector_of_their_text(self, bench: Bench) -> None:
        if bench.token_ids is None:
            pytest.skip("This engine takes no token ids.")
        text = "the water is very cold today"
        ids = await bench.token_ids(text)
        of_text, of_ids = (await bench.embed(text, ids)).vectors
        assert floats(of_ids).tolist() == pytest.approx(
            floats(of_text).tolist(), abs=bench.closeness
        )

    async def test_a_token_id_that_is_none_is_refused(self, bench: Bench) -> None:
        if bench.token_ids is None:
            pytest.skip("This engine takes no token ids.")
        for token in (2**31 - 1, 10**30) if bench.knows_inputs else (10**30,):
            with pytest.raises(UnknownTokenError, match="vocabulary") as refused:
                await bench.embed("fine", (1, token))
            assert list(refused.value.faults) == ["input.1"]

    async def test_fewer_dimensions_are_the_first_ones_scaled_to_unit_length(
        self, bench: Bench
    ) -> None:
        (whole,) = (await bench.embed(TEXTS[0])).vectors
        (few,) = (await bench.embed(TEXTS[0], dimensions=4)).vectors
        expected = floats(shortened(whole, 4)).tolist()
        assert floats(few).tolist() == pytest.approx(expected, abs=1e-4)

    async def test_an_input_that_is_too_long_is_refused_with_both_numbers(
        self, bench: Bench
    ) -> None:
        with pytest.raises(InputTooLongError) as refused:
            await bench.embed("fine", "long " * 16_000, "fine")
        assert refused.value.context_tokens == bench.context_tokens
        if bench.context_tokens is not None:
            assert (refused.value.input_tokens or 0) > bench.context_tokens
            expected = "input.1" if bench.knows_inputs else "input"
            assert list(refused.value.faults) == [expected]

    async def test_what_fills_the_context_is_taken(self, bench: Bench) -> None:
        if bench.context_tokens is None:
            pytest.skip("This engine tells no limit.")
        words = bench.context_tokens
        for _ in range(6):
            try:
                told = await bench.embed("sea " * words)
            except InputTooLongError as error:
                words = min(words - 1, words * bench.context_tokens // (error.input_tokens or 1))
            else:
                assert len(told.vectors) == 1
                return
        pytest.fail("No text filled the context.")

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(" ", id="a space"),
            pytest.param("\N{ZERO WIDTH SPACE}", id="nothing to see"),
            pytest.param("\0", id="NUL"),
            pytest.param("[CLS] <s> </s> [SEP] <|endoftext|>", id="special tokens as text"),
            pytest.param("\ud800", id="half a pair"),
            pytest.param("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 20, id="it grows"),
            pytest.param("e" + "\N{COMBINING ACUTE ACCENT}" * 101, id="accents"),
            pytest.param("\N{FAMILY}\N{ZERO WIDTH JOINER}\N{GIRL}" * 9, id="emoji"),
        ],
    )
    async def test_odd_texts_have_vectors_too(self, bench: Bench, text: str) -> None:
        (vector,) = (await bench.embed(text)).vectors
        assert hypot(*floats(vector)) == pytest.approx(1.0, abs=1e-4)

    async def test_calls_at_the_same_time_get_their_own(self, bench: Bench) -> None:
        alone = {text: (await bench.embed(text)).vectors[0] for text in TEXTS}
        found: list[tuple[str, Vector]] = []

        async def ask(text: str) -> None:
            found.append((text, (await bench.embed(text)).vectors[0]))

        async with anyio.create_task_group() as tasks:
            for text in TEXTS * 2:
                tasks.start_soon(ask, text)
        assert len(found) == 2 * len(TEXTS)
        for text, vector in found:
            assert floats(vector).tolist() == pytest.approx(
                floats(alone[text]).tolist(), abs=bench.closeness
            )

    async def test_after_a_call_that_was_cancelled_others_are_served(self, bench: Bench) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.embed, *(f"{text} {n}" for n in range(8) for text in TEXTS))
            await all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert len((await bench.embed("hi")).vectors) == 1

    async def test_a_probe_shows_that_it_can_answer(self, bench: Bench) -> None:
        with anyio.fail_after(_TIMEOUT_S):
            await bench.engine.probe()
