"""The contract of speech engines, as a suite to be run against each of them.

Subclass `SpeechEngineContract` as `Test...` and give it the fixture `bench`.
"""

from array import array
from contextlib import aclosing
from dataclasses import dataclass, replace

import anyio
import pytest

from fondaco.domain.errors import EngineError, InvalidRequestError
from fondaco.domain.media.speech import SpeechTask, SpokenPiece
from fondaco.ports import SpeechEngine

_TIMEOUT_S = 120
_AUDIBLE = 1_000
"""Of 32,767: the least peak of a sentence."""

ODD_TEXTS = [
    " ",
    "\0\1\2\x7f",
    "\ud800\udfff",
    "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{GIRL}",
    "<speak><break time='3s'/>Hello</speak>",
    "[Hello](/hhhhhhhhh/)",
    "%s {0} \\ &amp;",
    "a" * 4_096,
    "7" * 4_000,
    "." * 4_096,
    "(" * 4_096,
    "a-" * 2_048,
    "\u65e5\u672c\u8a9e",
]


@dataclass
class Bench:
    """An engine under test."""

    engine: SpeechEngine
    task: SpeechTask
    """Of two short sentences that the engine reads."""
    pieces: int = 2
    """How many pieces the engine makes of them, at least."""
    repeats: bool = True
    """Whether the same task gives the same sound."""

    async def speech(self, text: str | None = None) -> list[SpokenPiece]:
        task = self.task if text is None else replace(self.task, text=text)
        with anyio.fail_after(_TIMEOUT_S):
            async with aclosing(self.engine.speak(task)) as pieces:
                return [piece async for piece in pieces]

    async def first(self, task: SpeechTask) -> SpokenPiece:
        """Return the first piece, and stop the engine."""
        with anyio.fail_after(_TIMEOUT_S):
            async with aclosing(self.engine.speak(task)) as pieces:
                return await anext(pieces)


def joined(pieces: list[SpokenPiece]) -> bytes:
    return b"".join(piece.pcm for piece in pieces)


def peak(pcm: bytes) -> int:
    return max(map(abs, array("h", pcm)), default=0)


class SpeechEngineContract:
    """What each speech engine owes its callers."""

    async def test_a_text_becomes_audible_pcm_piece_by_piece(self, bench: Bench) -> None:
        pieces = await bench.speech()
        assert len([piece for piece in pieces if piece.pcm]) >= bench.pieces
        assert len({piece.rate for piece in pieces}) == 1
        assert 8_000 <= pieces[0].rate <= 48_000
        assert all(len(piece.pcm) % 2 == 0 for piece in pieces)
        assert peak(joined(pieces)) > _AUDIBLE
        seconds = sum(piece.seconds for piece in pieces)
        assert 0.02 * len(bench.task.text) < seconds < 0.3 * len(bench.task.text)

    async def test_the_pieces_account_for_each_character_of_the_text(self, bench: Bench) -> None:
        for text in (bench.task.text, f"  {bench.task.text}\n\n "):
            pieces = await bench.speech(text)
            assert sum(piece.characters for piece in pieces) == len(text)
            assert all(piece.characters >= 0 for piece in pieces)

    async def test_the_same_task_gives_the_same_sound(self, bench: Bench) -> None:
        if not bench.repeats:
            pytest.skip("This engine varies.")
        assert joined(await bench.speech()) == joined(await bench.speech())

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: ascii(text)[:24])
    async def test_odd_texts_begin_in_time_or_are_refused(self, bench: Bench, text: str) -> None:
        try:
            piece = await bench.first(replace(bench.task, text=text))
        except InvalidRequestError as error:
            assert "input" in error.faults  # noqa: PT017 - either is right
        else:
            assert piece.characters > 0

    async def test_texts_at_the_same_time_get_their_own_speech(self, bench: Bench) -> None:
        texts = ("One.", "Two and a half.", "Three thousand three hundred and thirty-three.")
        found: dict[str, bytes] = {}

        async def ask(text: str) -> None:
            found[text] = joined(await bench.speech(text))

        async with anyio.create_task_group() as tasks:
            for text in texts:
                tasks.start_soon(ask, text)
        assert len(found[texts[0]]) < len(found[texts[1]]) < len(found[texts[2]])
        if bench.repeats:
            assert joined(await bench.speech(texts[1])) == found[texts[1]]

    async def test_a_text_may_be_given_up_after_any_piece(self, bench: Bench) -> None:
        first = await bench.first(bench.task)
        assert first.characters <= len(bench.task.text)
        assert joined(await bench.speech("Go on."))

    async def test_after_a_text_that_was_cancelled_others_are_read(self, bench: Bench) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.speech)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert joined(await bench.speech("Go on."))

    async def test_a_model_that_it_does_not_run_is_an_error(self, bench: Bench) -> None:
        with pytest.raises(EngineError):
            await bench.first(replace(bench.task, model="another"))

    async def test_a_probe_shows_that_it_can_answer(self, bench: Bench) -> None:
        with anyio.fail_after(_TIMEOUT_S):
            await bench.engine.probe()
