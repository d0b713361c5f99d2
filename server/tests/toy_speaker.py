"""A speech engine of the tests: a tone for each word, one piece a sentence, and faults on purpose."""

import math
from array import array
from collections.abc import AsyncGenerator

import anyio

from fondaco.domain.errors import EngineError, FondacoError, NothingToReadError
from fondaco.domain.media.speech import SpeechTask, SpokenPiece
from fondaco.domain.models.speech_model import SpeechModel
from fondaco.domain.money.price import SpeechPrice
from fondaco.engines.common.speech.sentences import sentences

A_CHARACTER = 3_500
"""Nano-dollars."""
RATE = 24_000
WORD_S = 0.1

TOY_VOICE = SpeechModel(
    id="toy-voice",
    name="Toy voice",
    price=SpeechPrice(A_CHARACTER * 1_000_000),
    voices=("af_heart", "am_puck", "bf_emma"),
    traits=("default", "default_speech"),
    rate_class="audio",
    engines=("toy-throat",),
)


class ToySpeaker:
    """Speaks at once; at the piece with the number `at` it raises `error`, or waits for ever."""

    def __init__(
        self,
        name: str = "toy-throat",
        *,
        at: int = -1,
        error: FondacoError | None = None,
        pieces: list[SpokenPiece] | None = None,
    ) -> None:
        self.name = name
        self.asked: list[SpeechTask] = []
        self.closed = 0
        self.waiting = anyio.Event()
        self._at, self._error, self._pieces = at, error, pieces

    async def speak(self, task: SpeechTask) -> AsyncGenerator[SpokenPiece]:
        self.asked.append(task)
        try:
            for number, piece in enumerate(self._spoken(task)):
                if number == self._at:
                    if self._error is not None:
                        raise self._error
                    self.waiting.set()
                    await anyio.sleep_forever()
                yield piece
        finally:
            self.closed += 1

    async def probe(self) -> None:
        return

    def _spoken(self, task: SpeechTask) -> list[SpokenPiece]:
        if task.model != "toy-voice":
            raise EngineError
        if self._pieces is not None:
            return self._pieces
        found = [SpokenPiece(tone(one), RATE, len(one)) for one in sentences(task.text)]
        if not any(piece.pcm for piece in found):
            raise NothingToReadError
        return found


def tone(sentence: str) -> bytes:
    """Return the sound of a sentence: as long as it has words."""
    words = sum(any(map(str.isalnum, word)) for word in sentence.split())
    samples = range(round(words * WORD_S * RATE))
    return array("h", [round(8_000 * math.sin(n / 17)) for n in samples]).tobytes()
