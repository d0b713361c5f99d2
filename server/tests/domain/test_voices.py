"""Voices: names that requests may give, and the nearest of those that are here."""

import re
from dataclasses import replace

import pytest

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.speech import SpeechRequest
from fondaco.domain.media.voices import DOCUMENTED_VOICES, OPENAI_VOICES, Voice, nearest
from fondaco.domain.models.speech_model import SpeechModel
from fondaco.domain.money.price import SpeechPrice

MODEL = SpeechModel(
    id="toy-voice",
    name="Toy",
    price=SpeechPrice(3_500_000_000),
    voices=("af_heart", "am_puck", "ff_siwis", "own"),
)


def spoken_by(name: str) -> str:
    return MODEL.task(SpeechRequest(model="x", text="Hi", voice=name)).voice


def test_all_54_voices_of_the_document_are_known() -> None:
    assert len(set(DOCUMENTED_VOICES)) == 54
    assert all(Voice.named(name) for name in DOCUMENTED_VOICES)


def test_the_names_of_openai_stand_for_documented_voices() -> None:
    assert set(OPENAI_VOICES.values()) <= set(DOCUMENTED_VOICES)
    for name in ("alloy", "echo", "nova", "fable", "onyx"):
        assert OPENAI_VOICES[name].endswith(f"_{name}")


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("af_heart", "af_heart"),
        ("own", "own"),
        ("af_jadzia", "af_heart"),
        ("alloy", "af_heart"),
        ("echo", "am_puck"),
        ("bm_lewis", "am_puck"),
        ("zm_yunxi", "am_puck"),
        ("hf_alpha", "af_heart"),
        ("ff_siwis", "ff_siwis"),
    ],
)
def test_a_voice_that_is_not_here_is_replaced_by_the_nearest(name: str, by: str) -> None:
    assert spoken_by(name) == by


@pytest.mark.parametrize("name", ["zm_yunxi", "hf_alpha"])
def test_no_voice_reads_another_language_as_if_it_were_its_own(name: str) -> None:
    model = replace(MODEL, voices=("af_heart", "ff_siwis"))
    with pytest.raises(InvalidRequestError, match=f"no voice that speaks the language of '{name}'"):
        model.task(SpeechRequest(model="x", text="Hi", voice=name))


def test_every_documented_voice_is_replaced_by_one_that_is_here() -> None:
    assert {nearest(name, MODEL.voices) for name in DOCUMENTED_VOICES} <= set(MODEL.voices)


@pytest.mark.parametrize("name", ["", "darth", "af_", "AF_SKY", "../x", "af_unknown"])
def test_a_name_that_nobody_knows_is_refused_with_some_that_are(name: str) -> None:
    with pytest.raises(InvalidRequestError, match=re.escape("af_heart, am_puck, ff_siwis, own.")):
        spoken_by(name)


def test_instructions_are_for_models_that_heed_them() -> None:
    request = SpeechRequest(model="x", text="Hi", instructions="Whisper")
    assert MODEL.ignored(request) == ("instructions",)
    assert MODEL.task(request).instructions == ""
