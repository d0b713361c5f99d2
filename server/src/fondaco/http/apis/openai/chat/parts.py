"""Parts of a message: text, images, sounds and films, as POST /chat/completions takes them.

Source: POST /chat/completions, `messages`; `detail` of an image is OpenAI's.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias, assert_never

from pydantic import Field

from fondaco.domain.chat import message as domain
from fondaco.http.endpoint.fields import Many, Open

_LONGEST_TTL = 20


class CacheControl(Open):
    """A hint that the prompt up to here will come again."""

    type: Literal["ephemeral"]
    ttl: str | None = Field(None, max_length=_LONGEST_TTL, description="Such as `1h`.")


class _Part(Open):
    cache_control: CacheControl | None = Field(
        None,
        description="Of a text: passed on where the engine takes it. Caches are filled anyway.",
    )


class TextPart(_Part):
    """A piece of text."""

    type: Literal["text"]
    text: str = Field(min_length=1, description="The prompt text of the message.")


class ImageUrl(Open):
    """Where an image is."""

    url: str = Field(
        min_length=1, description="A data URL with a base64 encoded image, or a public URL."
    )
    detail: Literal["auto", "low", "high"] | None = Field(
        None, description="How closely to look, where the engine knows the difference."
    )


class ImagePart(_Part):
    """An image: PNG, JPEG, WEBP or GIF, at least 64 pixels on each side."""

    type: Literal["image_url"]
    image_url: ImageUrl


class InputAudio(Open):
    """A recording."""

    data: str = Field(min_length=1, description="Base64; an address is not taken.")
    format: Literal["wav", "mp3", "aiff", "aac", "ogg", "flac", "m4a", "pcm16", "pcm24"] = "wav"


class SoundPart(_Part):
    """A recording, for models that take audio."""

    type: Literal["input_audio"]
    input_audio: InputAudio


class VideoUrl(Open):
    """Where a film is."""

    url: str = Field(
        min_length=1,
        description="A data URL with a base64 encoded film, or a public URL, which the engine fetches.",
    )


class FilmPart(_Part):
    """A film, for models that take video."""

    type: Literal["video_url"]
    video_url: VideoUrl


Part: TypeAlias = Annotated[
    TextPart | ImagePart | SoundPart | FilmPart, Field(discriminator="type")
]
Texts: TypeAlias = str | Many[TextPart]


def to_parts(parts: Iterable[Part], place: str) -> tuple[domain.Part, ...]:
    """Return parts in the words of the domain; `place` is the path of the content that they are."""
    return tuple(_to_part(part, f"{place}.{index}") for index, part in enumerate(parts))


def _to_part(part: Part, place: str) -> domain.Part:
    match part:
        case TextPart(text=text, cache_control=CacheControl() as mark):
            return domain.MarkedText.of(text, mark.model_dump(exclude_none=True))
        case TextPart():
            return part.text
        case ImagePart(image_url=image):
            return domain.Image(image.url, image.detail, place=f"{place}.image_url.url")
        case SoundPart(input_audio=sound):
            return domain.Audio(sound.data, sound.format, place=f"{place}.input_audio.data")
        case FilmPart(video_url=film):
            return domain.Video(film.url, place=f"{place}.video_url.url")
    assert_never(part)
