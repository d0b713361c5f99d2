"""A transcription engine of the tests: says one word for each second of sound, at that second."""

from collections.abc import AsyncGenerator, Sequence

import anyio

from fondaco.domain.errors import EngineError, FondacoError
from fondaco.domain.media.transcription import (
    Segment,
    TranscriptionTask,
    TranscriptPart,
    Word,
)
from fondaco.domain.models.transcription_model import TranscriptionModel
from fondaco.domain.money.price import TranscriptionPrice

A_SECOND = 1_000_000
"""Nano-dollars."""
TOY_ASR = TranscriptionModel(
    id="toy-ears",
    name="Toy ears",
    price=TranscriptionPrice(A_SECOND),
    traits=("default",),
    rate_class="audio",
    longest_s=60,
    languages=frozenset({"en", "de"}),
    translates=True,
    engines=("toy-ear",),
)


class ToyTranscriber:
    """Hears "one two three ...", or does what is put into `next`."""

    def __init__(self, name: str = "toy-ear", models: Sequence[str] = ("toy-ears",)) -> None:
        self.name = name
        self.models = models
        self.asked: list[TranscriptionTask] = []
        self.fails_at: float | None = None
        """The second before which it fails."""
        self.failure: FondacoError = EngineError()
        self.waits_at: float | None = None
        """The second before which it waits for ever."""
        self.working = anyio.Event()
        """Set once it waits."""
        self.cancelled = anyio.Event()
        """Set once that was cancelled."""
        self.parts: list[TranscriptPart] | None = None
        """What it says instead."""

    async def probe(self) -> None:
        return

    async def transcribe(self, task: TranscriptionTask) -> AsyncGenerator[TranscriptPart]:
        if task.model not in self.models:
            raise EngineError
        self.asked.append(task)
        if self.parts is not None:
            for part in self.parts:
                yield part
            return
        for second in range(int(task.sound.seconds)):
            if second == self.fails_at:
                raise self.failure
            if second == self.waits_at:
                await self._wait()
            yield TranscriptPart(second + 1, (segment(second),), task.language or "en")
        yield TranscriptPart(task.sound.seconds, (), task.language or "en")

    async def _wait(self) -> None:
        self.working.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.cancelled.set()


NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def segment(second: int) -> Segment:
    word = NUMBERS[second % len(NUMBERS)]
    return Segment(
        text=f" {word}",
        start_s=float(second),
        end_s=second + 0.5,
        words=(Word(f" {word}", float(second), second + 0.5),),
        tokens=(second,),
        avg_logprob=-0.25,
    )
