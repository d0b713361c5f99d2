"""How many of the words that were said are written down: 20 sentences of the built-in voice."""

import re
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from difflib import SequenceMatcher

import anyio
import pytest

from fondaco.configuration import whisper_files
from fondaco.domain.media.transcription import TranscriptionKind, TranscriptionTask
from fondaco.engines.whisper.engine import Whisper
from fondaco.engines.whisper.launch import WhisperLaunch
from program import model_file
from recordings import joined, said

SENTENCES = (
    "The harbour master counted seven ships before dawn.",
    "A ledger records every charge, and every charge has a call.",
    "Bread is made of flour, water and salt.",
    "She walked along the river until the lights of the town appeared.",
    "The committee will meet again on Thursday afternoon.",
    "Nobody expected the old clock to strike twice.",
    "My grandmother kept bees behind the stone wall.",
    "The train to the mountains leaves from the other platform.",
    "They painted the boat green because blue was too expensive.",
    "A sudden storm drove the fishermen back to shore.",
    "The doctor asked him to breathe slowly and look ahead.",
    "We found the missing keys under a pile of newspapers.",
    "The museum opens early and closes before sunset.",
    "He wrote many letters but never sent any of them.",
    "The price of copper fell sharply during the winter.",
    "Please close the window before the rain comes in.",
    "Her brother studied music in a small northern city.",
    "The bridge was built by engineers who feared no height.",
    "Every morning the baker carries fresh rolls to the hotel.",
    "It takes patience to teach a parrot to whistle.",
)
LEAST = 0.95


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case and one spelling."""
    return re.findall("[a-z']+", text.lower().replace("harbor", "harbour"))


def launches() -> Iterator[tuple[str, WhisperLaunch]]:
    """Yield the models that are here."""
    folder = model_file().parent
    for name in ("whisper-tiny.en", "whisper-base"):
        files = {wanted: folder / file for wanted, file in whisper_files(f"{name}.bin").items()}
        if all(file.is_file() for file in files.values()):
            yield name, WhisperLaunch(files, name)


@pytest.mark.long
async def test_of_twenty_sentences_nearly_every_word_is_written_down() -> None:
    models = dict(launches())
    if "whisper-base" not in models:
        pytest.skip("the model is not installed: run `fondaco models pull whisper-base`")
    expected = words_of(" ".join(SENTENCES))
    sound = joined(*(said(sentence) for sentence in SENTENCES))
    kinds = {name: [TranscriptionKind.TRANSCRIBE] for name in models}
    kinds["whisper-base"].append(TranscriptionKind.TRANSLATE)
    engine = Whisper(models, name="whisper")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        for name, wanted in kinds.items():
            for kind in wanted:
                task = replace(TranscriptionTask(model=name, sound=sound), kind=kind)
                async with aclosing(engine.transcribe(task)) as parts:
                    text = "".join([one.text async for part in parts for one in part.segments])
                matcher = SequenceMatcher(None, expected, words_of(text), autojunk=False)
                right = sum(block.size for block in matcher.get_matching_blocks())
                assert right / len(expected) >= LEAST, (name, kind, text)
        tasks.cancel_scope.cancel()
