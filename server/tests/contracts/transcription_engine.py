"""The contract of transcription engines, as a suite to be run against each of them.

Subclass `TranscriptionEngineContract` as `Test...` and give it the fixture `bench`.
"""

from contextlib import aclosing
from dataclasses import dataclass, replace

import anyio
import pytest

from fondaco.domain.errors import EngineError
from fondaco.domain.media.sound import Sound
from fondaco.domain.media.transcription import Segment, TranscriptionTask, TranscriptPart
from fondaco.ports import TranscriptionEngine
from recordings import joined, said, silence, understood

_TIMEOUT_S = 120


@dataclass
class Bench:
    """An engine under test, which understands English."""

    engine: TranscriptionEngine
    model: str
    """One that it runs."""

    def task(self, sound: Sound, **fields: object) -> TranscriptionTask:
        task = TranscriptionTask(model=self.model, sound=sound)
        return replace(task, **fields)  # type: ignore[arg-type]  # of a task

    async def parts(self, sound: Sound, **fields: object) -> list[TranscriptPart]:
        with anyio.fail_after(_TIMEOUT_S):
            async with aclosing(self.engine.transcribe(self.task(sound, **fields))) as parts:
                return [part async for part in parts]


def segments_of(parts: list[TranscriptPart]) -> list[Segment]:
    return [segment for part in parts for segment in part.segments]


def text_of(parts: list[TranscriptPart]) -> str:
    return "".join(segment.text for segment in segments_of(parts)).strip()


class TranscriptionEngineContract:
    """What each engine owes its callers."""

    async def test_a_transcript_has_the_words_with_their_times_in_order(self, bench: Bench) -> None:
        sound = said()
        parts = await bench.parts(sound, words=True)
        assert understood(text_of(parts)), text_of(parts)
        segments = segments_of(parts)
        assert "".join(word.text for one in segments for word in one.words).split()
        heard = [part.heard_s for part in parts]
        assert heard == sorted(heard)
        assert heard[-1] == sound.seconds
        edges = [at for one in segments for at in (one.start_s, one.end_s)]
        assert edges == sorted(edges)
        assert 0 <= edges[0] <= edges[-1] <= sound.seconds
        for one in segments:
            for word in one.words:
                assert one.start_s - 0.5 <= word.start_s <= word.end_s <= one.end_s + 0.5
        assert {part.language for part in parts} <= {"en", None}

    async def test_silence_has_no_words(self, bench: Bench) -> None:
        parts = await bench.parts(silence(3))
        assert segments_of(parts) == []
        assert parts[-1].heard_s == 3

    async def test_the_shortest_sound_is_heard_too(self, bench: Bench) -> None:
        parts = await bench.parts(Sound(bytes(2)))
        assert parts[-1].heard_s == pytest.approx(1 / 16_000)

    async def test_a_transcript_that_is_left_stops_and_others_are_made(self, bench: Bench) -> None:
        with anyio.fail_after(_TIMEOUT_S):
            async with aclosing(
                bench.engine.transcribe(bench.task(joined(said(), silence(1), said())))
            ) as parts:
                await anext(parts)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(bench.parts, said())
                await anyio.wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()
        assert segments_of(await bench.parts(silence(1))) == []

    async def test_a_model_that_it_does_not_run_is_an_error(self, bench: Bench) -> None:
        with pytest.raises(EngineError):
            await bench.parts(silence(1), model="another")

    async def test_a_probe_shows_that_it_can_answer(self, bench: Bench) -> None:
        with anyio.fail_after(_TIMEOUT_S):
            await bench.engine.probe()
