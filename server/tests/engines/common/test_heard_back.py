"""Speech heard back: what Whisper writes down of twenty sentences that were read aloud."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import anyio
import numpy as np
import pytest

pytest.importorskip("hibari", reason="the extra `speech` is not installed")
pytest.importorskip("faster_whisper", reason="the extra `transcription` is not installed")

from fondaco.configuration import whisper_files
from fondaco.domain.media.sound import Sound
from fondaco.domain.media.speech import SpeechTask, SpokenPiece
from fondaco.domain.media.transcription import TranscriptionTask
from fondaco.engines.common.speech.english import English
from fondaco.engines.common.speech.speaker import Speaker
from fondaco.engines.hibari.launch import HibariLaunch
from fondaco.engines.kokoro.engine import Kokoro
from fondaco.engines.kokoro.launch import KokoroLaunch
from fondaco.engines.whisper.engine import Whisper
from fondaco.engines.whisper.launch import WhisperLaunch
from fondaco.modelfiles import KNOWN
from fondaco.modelfiles.known import KOKORO_VOICES
from program import model_file

WHISPER = "whisper-base"
SENTENCES = """
The quick brown fox jumps over the lazy dog.
She opened the window, and the smell of fresh bread came in from the street.
Our train leaves at 9:30 a.m. and arrives at 5:45 p.m.
The ticket costs $14.50, but children pay only $7.
On 3 March 2026 the museum will open its new doors.
Please bring 2 kg of flour and 250 ml of milk.
The temperature fell to -5 °C during the night.
More than 1,250 people came, which is 40% more than in 1999.
Doctor Smith lives at 12 Main Street, next to the old library.
A self-hosted server keeps your words on your own machine.
What would you do if you had a whole year without work?
I never said that it was easy; I said that it was worth it!
The recipe asks for 3/4 of a cup of sugar, and a little salt.
He ran 10 km in 52 minutes, his best time in years.
Visit www.example.com to find out more about the project.
The first, the second and the third door were locked.
Mozart was born in Salzburg in 1756.
Most of the islands can be reached by boat within an hour.
If the engine fails, only what was delivered is charged.
Good night, and thank you all for coming so far.
""".strip().splitlines()
STRESS_AND_PAUSES = re.compile(r"[ˈˌ.,!?:;—“”\"]")
LEAST = 0.95
"""Of all words."""


@pytest.fixture
async def speaker(request: pytest.FixtureRequest) -> AsyncGenerator[Speaker]:
    if request.param == "hibari":
        engine = Speaker({"m"}, HibariLaunch(), name="hibari")
    else:
        known = KNOWN["kokoro-82m"]
        model, vocabulary, voices = (
            model_file(known.file_for(one).file) for one in ("model", "vocabulary", "voices")
        )
        expect_files([model, vocabulary, voices], "kokoro-82m")
        launch = KokoroLaunch(model, vocabulary, voices, KOKORO_VOICES)
        engine = Kokoro({"m"}, launch, name="kokoro")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        yield engine
        tasks.cancel_scope.cancel()


@pytest.fixture
async def whisper() -> AsyncGenerator[Whisper]:
    files = {name: model_file(file) for name, file in whisper_files(f"{WHISPER}.bin").items()}
    expect_files(list(files.values()), WHISPER)
    engine = Whisper({WHISPER: WhisperLaunch(files, WHISPER)}, name="whisper")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        yield engine
        tasks.cancel_scope.cancel()


def expect_files(files: list[Path], name: str) -> None:
    for file in files:
        if not file.is_file():
            pytest.skip(f"{file} is missing: run `fondaco models pull {name}`")


def as_heard(pieces: list[SpokenPiece]) -> Sound:
    """Return speech at Whisper's rate."""
    samples = np.frombuffer(b"".join(piece.pcm for piece in pieces), "<i2")
    places = np.arange(0, len(samples), pieces[0].rate / 16_000)
    return Sound(np.interp(places, np.arange(len(samples)), samples).astype("<i2").tobytes())


@pytest.mark.long  # two minutes of CPU
@pytest.mark.parametrize(
    ("speaker", "voices"),
    [
        ("hibari", ("af_heart",)),
        ("kokoro", ("af_heart", "am_michael", "bf_emma", "bm_george", "af_sky")),
    ],
    indirect=["speaker"],
)
async def test_sentences_are_understood(
    speaker: Speaker, whisper: Whisper, voices: tuple[str, ...]
) -> None:
    english = English()

    def words(text: str) -> list[str]:
        """Return how its words sound: whether `5` or `five` was written does not count."""
        return STRESS_AND_PAUSES.sub("", english.phonemes(text)).split()

    spoken = understood = 0
    task = SpeechTask(model="m", text="", voice="")
    for number, sentence in enumerate(SENTENCES):
        told = replace(task, text=sentence, voice=voices[number % len(voices)])
        async with aclosing(speaker.speak(told)) as pieces:
            sound = as_heard([piece async for piece in pieces])
        heard = TranscriptionTask(model=WHISPER, sound=sound, language="en")
        async with aclosing(whisper.transcribe(heard)) as parts:
            text = "".join([one.text async for part in parts for one in part.segments])
        said, written = words(sentence), words(text)
        spoken += len(said)
        same = SequenceMatcher(None, said, written, autojunk=False).get_matching_blocks()
        found = sum(block.size for block in same)
        understood += found
        if found < len(said):
            print(f"{sentence} -> {text}")  # noqa: T201 - shown where the test fails
    assert understood >= LEAST * spoken, f"{understood} of {spoken}"
    print(f"{understood} of {spoken}")  # noqa: T201 - shown with -s
