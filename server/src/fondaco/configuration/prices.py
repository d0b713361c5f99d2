"""Builds prices from the settings, by the type of the model."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

from fondaco.configuration.schema import dotted
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
from fondaco.sections import Price
from fondaco.settings import CatalogueModel

OtherPrice: TypeAlias = EmbeddingPrice | SpeechPrice | TranscriptionPrice | ImagePrice | VideoPrice

IMAGE_PRICES = ("generation", "upscale_2x", "upscale_4x", "inpaint")
_NEEDED: Mapping[ModelType, tuple[str, ...]] = {
    ModelType.TEXT: ("input", "output"),
    ModelType.EMBEDDING: ("input",),
    ModelType.TTS: ("input",),
    ModelType.ASR: ("per_audio_second",),
    ModelType.IMAGE: IMAGE_PRICES,
    ModelType.UPSCALE: IMAGE_PRICES,
    ModelType.INPAINT: IMAGE_PRICES,
    ModelType.VIDEO: ("second_480p", "second_720p", "second_1080p"),
}
"""GET /models lists all four prices of images together, so a model of images has them all."""
_MORE = {
    ModelType.TEXT: ("cached_input", "web_search", "web_scrape"),
    ModelType.VIDEO: ("video", "sound_second"),
}


def faults(model_id: str, model: CatalogueModel) -> Iterator[str]:
    """Yield a line for each price that is missing, and for each that its type does not have."""
    name = dotted(("models", model_id))
    needed = _NEEDED[model.type]
    prices = dict(model.price)
    supported = (*needed, *_MORE.get(model.type, ()))
    for price in needed:
        if prices[price] is None:
            yield f"{name}.price.{price} is missing: a model without a price is not served."
    for price in sorted(model.price.model_fields_set.difference(supported)):
        if prices[price] == Price.model_fields[price].default:
            continue  # a configuration with all defaults written out is valid
        yield (
            f"{name}.price.{price}: a model of type {model.type.value!r} has no such price; "
            f"it has {', '.join(supported)}."
        )


def image_prices_of(text: str) -> dict[str, Decimal]:
    """Return an image model's prices from a single number, in USD per image.

    Raises:
        ValueError: it is none.

    >>> image_prices_of("0.02")["inpaint"]
    Decimal('0.02')
    """
    if not re.fullmatch(r"\d{1,3}(\.\d{1,9})?", text):
        raise ValueError(f"{text!r} is not a price of images. Write USD per image, such as 0.02.")
    return dict.fromkeys(IMAGE_PRICES, Decimal(text))


def dearer(one: Price, other: Price) -> list[str]:
    """Return the names of prices that are higher in `one`; both are of one type."""
    return [name for name in Price.model_fields if _of(one, name) > _of(other, name)]


def _of(price: Price, name: str) -> Decimal:
    amount: Decimal | None = dict(price)[name]
    if amount is None and name == "cached_input":
        amount = price.input
    return Decimal(0) if amount is None else amount


def token_price(price: Price, hearing: HearingPrice | None = None) -> TokenPrice:
    """Return the price of a text model, including transcription by another model."""
    return TokenPrice(
        input=_amount(price.input),
        output=_amount(price.output),
        cached_input=None if price.cached_input is None else nano(price.cached_input),
        web=WebPrice(search=nano(price.web_search), scrape=nano(price.web_scrape)),
        hearing=hearing,
    )


def embedding_price(price: Price) -> EmbeddingPrice:
    """Return the price of an embedding model."""
    return EmbeddingPrice(_amount(price.input))


def speech_price(price: Price) -> SpeechPrice:
    """Return the price of a model that speaks."""
    return SpeechPrice(_amount(price.input))


def image_price(price: Price) -> ImagePrice:
    """Return the price of a model of images."""
    return ImagePrice(
        generation=_amount(price.generation),
        upscale_2x=_amount(price.upscale_2x),
        upscale_4x=_amount(price.upscale_4x),
        inpaint=_amount(price.inpaint),
    )


def video_price(price: Price) -> VideoPrice:
    """Return the price of a video model."""
    return VideoPrice(
        video=nano(price.video),
        second_480p=_amount(price.second_480p),
        second_720p=_amount(price.second_720p),
        second_1080p=_amount(price.second_1080p),
        sound_second=nano(price.sound_second),
    )


def transcription_price(price: Price) -> TranscriptionPrice:
    """Return the price of a transcription model."""
    return TranscriptionPrice(_amount(price.per_audio_second))


def other_price(kind: ModelType, price: Price) -> OtherPrice:
    """Return the price of a model of any type but text."""
    match kind:
        case ModelType.EMBEDDING:
            return embedding_price(price)
        case ModelType.TTS:
            return speech_price(price)
        case ModelType.VIDEO:
            return video_price(price)
        case ModelType.ASR:
            return transcription_price(price)
        case _:
            return image_price(price)


def _amount(price: Decimal | None) -> int:
    if price is None:
        raise AssertionError("`faults` finds every price that is missing.")
    return nano(price)
