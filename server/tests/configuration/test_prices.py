"""Prices in the configuration: by the model's type, complete, and none that it does not have."""

from pathlib import Path

import pytest

from fondaco.configuration import catalogue_of, load
from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import ModelType
from fondaco.domain.money.money import nano
from fondaco.domain.money.price import (
    EmbeddingPrice,
    HearingPrice,
    ImagePrice,
    SpeechPrice,
    TokenPrice,
    TranscriptionPrice,
    VideoPrice,
    WebPrice,
)
from fondaco.environment import ConfigurationError

IMAGES = "generation = 0.01, upscale_2x = 0.02, upscale_4x = 0.08, inpaint = 0.04"


def catalogue(home: Path, kind: str, price: str, more: str = "") -> Catalogue:
    text = f'[models.mine]\nname = "Mine"\ntype = "{kind}"\nprice = {{{price}}}\n{more}\n'
    (home / "fondaco.toml").write_text(text + "offline = true\n")
    return catalogue_of(load(environ={"FONDACO_HOME": str(home)}).settings)


def faults(home: Path, kind: str, price: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        catalogue(home, kind, price)
    return str(refused.value)


@pytest.mark.parametrize(
    ("kind", "price", "expected"),
    [
        ("embedding", "input = 0.15", EmbeddingPrice(nano("0.15"))),
        ("tts", "input = 3.5", SpeechPrice(nano("3.5"))),
        (
            "video",
            "video = 0.1, second_480p = 0.2, second_720p = 0.3, second_1080p = 0.4, sound_second = 0.5",
            VideoPrice(*map(nano, ("0.1", "0.2", "0.3", "0.4", "0.5"))),
        ),
        *(
            (kind, IMAGES, ImagePrice(nano("0.01"), nano("0.02"), nano("0.08"), nano("0.04")))
            for kind in ("image", "upscale", "inpaint")
        ),
    ],
)
def test_each_type_has_its_own_price(
    tmp_path: Path, kind: str, price: str, expected: object
) -> None:
    [mine] = [m for m in catalogue(tmp_path, kind, price).models() if m.id == "mine"]
    assert mine.price == expected


def test_web_calls_cost_ten_dollars_a_thousand_where_nothing_is_said(tmp_path: Path) -> None:
    text, more = "input = 1, output = 2", "context_tokens = 4096"
    model = catalogue(tmp_path, "text", text, more).route("mine").model
    assert model.price.web == WebPrice() == WebPrice(nano(10), nano(10))
    dearer = f"{text}, web_search = 25, web_scrape = 20"
    model = catalogue(tmp_path, "text", dearer, more).route("mine").model
    assert model.price.web == WebPrice(nano(25), nano(20))


def test_every_missing_price_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, "image", "generation = 0.01, inpaint = 0.04") == (
        "models.mine.price.upscale_2x is missing: a model without a price is not served.\n"
        "models.mine.price.upscale_4x is missing: a model without a price is not served."
    )
    assert "price.output is missing" in faults(tmp_path, "text", "input = 1")


def test_a_price_of_another_type_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path, "tts", "input = 1, output = 2") == (
        "models.mine.price.output: a model of type 'tts' has no such price; it has input."
    )


def test_a_price_of_zero_has_to_be_said(tmp_path: Path) -> None:
    [mine] = [m for m in catalogue(tmp_path, "tts", "input = 0").models() if m.id == "mine"]
    assert mine.price == SpeechPrice(0)


def test_recordings_in_chats_are_sold_beside_tokens_where_a_model_hears_them(
    tmp_path: Path,
) -> None:
    def priced(name: str) -> TokenPrice:
        (tmp_path / "fondaco.toml").write_text(f'[chat]\nhear_with = "{name}"')
        settings = load(environ={"FONDACO_HOME": str(tmp_path)}).settings
        return catalogue_of(settings).route("default").model.price

    assert priced("").hearing is None
    assert priced("whisper-base").hearing == HearingPrice("whisper-base", nano("0.0001"))
    with pytest.raises(ConfigurationError, match="Did you mean 'whisper-base'"):
        priced("whisper-bass")


def test_a_model_that_transcribes_is_sold_by_the_second(tmp_path: Path) -> None:
    assert faults(tmp_path, "asr", "input = 1") == (
        "models.mine.price.per_audio_second is missing: a model without a price is not served.\n"
        "models.mine.price.input: a model of type 'asr' has no such price; it has per_audio_second."
    )
    model = (
        catalogue(tmp_path, "asr", "per_audio_second = 0.0002").route("mine", ModelType.ASR).model
    )
    assert model.price == TranscriptionPrice(200_000)


def test_a_model_of_text_needs_a_context(tmp_path: Path) -> None:
    assert faults(tmp_path, "text", "input = 1, output = 2") == (
        "models.mine.context_tokens is missing."
    )


def test_a_model_that_makes_no_text_does_not_chat(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="'mine'"):
        catalogue(tmp_path, "image", IMAGES).route("mine")


def test_an_image_cannot_be_dearer_than_the_ledger_can_hold(tmp_path: Path) -> None:
    dear = IMAGES.replace("0.04", "1001")
    assert "models.mine.price.inpaint" in faults(tmp_path, "inpaint", dear)
