"""The languages of Kokoro's voices: what reads them, and what is said where it is not installed."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from engines.kokoro.conftest import MODEL
from fondaco.domain.media.voices import DOCUMENTED_VOICES, Voice
from fondaco.engines.kokoro import languages
from fondaco.engines.kokoro.languages import READINGS, Packages, why_not_read
from fondaco.modelfiles import KNOWN
from fondaco.modelfiles.known import KOKORO_VOICES

PAGE = (Path(__file__).parents[4] / "docs/reference/voices.md").read_text()
SENTENCES = {
    "es": ("¿Qué hora es? Son las 9.", "ke oɾa es? son las nueβe."),
    "fr": ("Bonjour, Marie !", "bɔ̃ʒuʁ, maʁi !"),
    "hi": ("नमस्ते।", "nəmʌste."),
    "it": ("Ciao, Giulia.", "ʧao, ʤulia."),
    "pt-BR": ("Olá, João.", "ola, ʒoɐ̃ʊ̃."),
    "ja": ("こんにちは。東京です。", "koɲɲiʨiβa. tokʲo desɨ."),
    "zh": ("你好\uff0c25 Hello。", "ni↓xau↓, ɚ↘ʂɨ↗u↓ həlO ."),
}
"""Language -> a sentence, and its phonemes without stress and length."""
STRESS_AND_LENGTH = str.maketrans("", "", "\u02c8\u02cc\u02d0")


def test_the_files_voices_are_those_of_the_documents_but_one_and_one_more() -> None:
    assert set(KOKORO_VOICES) ^ set(DOCUMENTED_VOICES) == {"af_jadzia", "bf_isabella"}
    assert KNOWN[MODEL].file_for("voices").size_bytes == len(KOKORO_VOICES) * 510 * 256 * 4


def test_every_voice_has_a_language_that_can_be_read_and_stands_in_the_guide() -> None:
    for name in KOKORO_VOICES:
        voice = Voice.named(name)
        assert voice is not None
        packages = READINGS[voice.base_language]
        assert (why_not_read(name) == "") == all(map(find_spec, packages.libraries))
        assert f"`{name}`" in PAGE
    assert set(SENTENCES) | {"en-US", "en-GB"} == {
        v.language for v in map(Voice.named, KOKORO_VOICES) if v
    }


def test_a_language_whose_packages_are_missing_names_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        languages,
        "READINGS",
        {"fr": Packages(("no_such_library",), "espeak"), "en": READINGS["en"]},
    )
    assert why_not_read("ff_siwis") == (
        "The packages for French are not installed. "
        "In a checkout of Fondaco run: .venv/bin/python -m pip install -e './server[espeak]'"
    )
    assert why_not_read("alloy") != ""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of misaki
@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_read_in_the_phonemes_of_the_model(language: str) -> None:
    packages = READINGS[language.partition("-")[0]]
    for library in packages.libraries:
        pytest.importorskip(library, reason=f"the extra `{packages.extra}` is not installed")
    from fondaco.engines.kokoro.child import _phonemizer  # noqa: PLC0415 - it needs them

    sentence, phonemes = SENTENCES[language]
    reader = _phonemizer(language)
    assert reader.phonemes(sentence).translate(STRESS_AND_LENGTH) == phonemes
    for text in ("", "...", "\N{FAMILY}", "한국어", "Привет"):
        assert reader.phonemes(text) == "" or language in {"ja", "zh"}
