"""Kokoro as an engine: the contract, its voices and languages, and what it says without its files."""

from array import array
from dataclasses import replace
from pathlib import Path

import anyio
import numpy as np
import pytest

from contracts.speech_engine import ODD_TEXTS, Bench, SpeechEngineContract, joined, peak
from engines.kokoro.conftest import MODEL, TASK, running
from fondaco.domain.errors import (
    EngineUnavailableError,
    InvalidRequestError,
    ModelNotInstalledError,
    NothingToReadError,
)
from fondaco.engines.kokoro.engine import Kokoro
from fondaco.engines.kokoro.languages import why_not_read
from fondaco.engines.kokoro.launch import KokoroLaunch
from fondaco.engines.kokoro.silence import with_pause

LONG = "The ship that left the harbour in the early morning came back at noon with all her nets full of fish."


@pytest.fixture
def bench(kokoro: Kokoro) -> Bench:
    return Bench(kokoro, TASK)


class TestKokoro(SpeechEngineContract):
    @pytest.mark.long  # 20 s of CPU
    @pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: ascii(text)[:24])
    async def test_odd_texts_begin_in_time_or_are_refused(self, bench: Bench, text: str) -> None:
        await super().test_odd_texts_begin_in_time_or_are_refused(bench, text)

    @pytest.mark.long  # 4 s of CPU
    async def test_texts_at_the_same_time_get_their_own_speech(self, bench: Bench) -> None:
        await super().test_texts_at_the_same_time_get_their_own_speech(bench)


async def test_each_voice_sounds_different(kokoro: Kokoro) -> None:
    task = replace(TASK, text="Hello there.")
    sounds = [
        joined(await Bench(kokoro, replace(task, voice=voice)).speech())
        for voice in ("af_heart", "bm_george")
    ]
    assert sounds[0] != sounds[1]
    for sound in sounds:
        samples = np.array(array("h", sound), np.float64) / 2**15
        assert 0.01 < np.sqrt(np.mean(samples**2)) < 0.3
        assert 0.5 < len(samples) / 24_000 < 2.5


@pytest.mark.parametrize(
    ("voice", "text"),
    [
        ("ef_dora", "Sí."),
        ("ff_siwis", "Oui."),
        ("hf_alpha", "हाँ।"),
        ("if_sara", "Ciao."),
        ("pf_dora", "Sim."),
        ("jf_alpha", "はい。"),
        ("zf_xiaoni", "你好。"),
    ],
)
async def test_a_voice_of_each_language_speaks_where_it_is_installed(
    kokoro: Kokoro, voice: str, text: str
) -> None:
    if reason := why_not_read(voice):
        pytest.skip(reason)
    assert peak(joined(await Bench(kokoro, replace(TASK, voice=voice, text=text)).speech())) > 1_000


async def test_a_text_that_is_given_up_stops_in_the_middle_of_a_sentence(
    bench: Bench, kokoro: Kokoro
) -> None:
    await bench.speech("Go.")
    pid = kokoro.pid
    with anyio.move_on_after(0.3) as given_up:
        await bench.speech(LONG)
    assert given_up.cancelled_caught
    assert joined(await bench.speech("Go on."))
    assert kokoro.pid == pid


@pytest.mark.parametrize("voice", ["ff_siwis", "pf_dora"])
async def test_a_language_that_is_not_installed_names_the_command(
    launch: KokoroLaunch, voice: str
) -> None:
    engine = Kokoro({MODEL}, launch, name="kokoro", why_not_read=lambda _: "pip install x")
    with pytest.raises(InvalidRequestError) as refused:
        await anext(engine.speak(replace(TASK, voice=voice)))
    assert refused.value.faults == {"voice": ("pip install x",)}


async def test_without_its_files_the_command_is_named(launch: KokoroLaunch, tmp_path: Path) -> None:
    async with running(replace(launch, voices=tmp_path / "missing")) as engine:
        with pytest.raises(ModelNotInstalledError, match="fondaco models pull kokoro-82m"):
            await engine.probe()
    async with running(replace(launch, libraries=("no_such_library",))) as engine:
        with pytest.raises(EngineUnavailableError, match=r"server\[speech\]"):
            await anext(engine.speak(TASK))


async def test_a_script_that_the_voice_cannot_read_is_refused(bench: Bench) -> None:
    for text in ("日本語です。", "Привет!", "\N{FAMILY}"):
        with pytest.raises(NothingToReadError):
            await bench.speech(text)


def test_a_pause_is_as_long_as_the_mark_asks_for() -> None:
    speech = np.concatenate([np.zeros(9_600), np.full(2_400, 0.5), np.zeros(9_600)])
    lengths = [
        len(with_pause(speech.astype(np.float32), phonemes, 24_000)) / 24_000
        for phonemes in ("a", "a,", "a. ”")
    ]
    assert lengths == pytest.approx([0.26, 0.32, 0.50], abs=0.001)
    assert not len(with_pause(np.zeros(2_400, np.float32), "a", 24_000))
