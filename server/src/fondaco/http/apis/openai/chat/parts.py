"""Parts of a message: text, images, audio and video.

Source: POST /chat/completions, `messages`; `detail` of an image is OpenAI's.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias, assert_never

from pydantic import Field

from fondaco.domain.chat import message as domain
from fondaco.http.endpoint.fields import Many, Open

_LONGEST_TTL = 20


class CacheControl(Open):
    """Marks the end of a prompt prefix that later requests will repeat."""

    type: Literal["ephemeral"]
    ttl: str | None = Field(None, max_length=_LONGEST_TTL, description="Such as `1h`.")


class _Part(Open):
    cache_control: CacheControl | None = Field(
        None,
        description="On text: passed on where the engine supports it. Prompt caching needs no hint.",
    )


class TextPart(_Part):
    """A piece of text."""

    type: Literal["text"]
    text: str = Field(min_length=1, description="The prompt text of the message.")


class ImageUrl(Open):
    """The address of an image."""

    url: str = Field(
        min_length=1, description="A data URL with a base64 encoded image, or a public URL."
    )
    detail: Literal["auto", "low", "high"] | None = Field(
        None,
        description="Resolution at which the model looks at it, where the engine supports a choice.",
    )


class ImagePart(_Part):
    """An image: PNG, JPEG, WEBP or GIF, at least 64 pixels on each side."""

    type: Literal["image_url"]
    image_url: ImageUrl


class InputAudio(Open):
    """An audio file."""

    data: str = Field(min_length=1, description="Base64-encoded file; URLs are not accepted.")
    format: Literal["wav", "mp3", "aiff", "aac", "ogg", "flac", "m4a", "pcm16", "pcm24"] = "wav"


class AudioPart(_Part):
    """An audio file, for models with audio input."""

    type: Literal["input_audio"]
    input_audio: InputAudio


class VideoUrl(Open):
    """The address of a video."""

    url: str = Field(
        min_length=1,
        description="A data URL with a base64 encoded video, or a public URL, which the engine fetches.",
    )


class VideoPart(_Part):
    """A video, for models with video input."""

    type: Literal["video_url"]
    video_url: VideoUrl


Part: TypeAlias = Annotated[
    TextPart | ImagePart | AudioPart | VideoPart, Field(discriminator="type")
]
Texts: TypeAlias = str | Many[TextPart]


def to_parts(parts: Iterable[Part], field_path: str) -> tuple[domain.Part, ...]:
    """Convert parts to the domain; `field_path` is the path of the content that holds them."""
    return tuple(_to_part(part, f"{field_path}.{index}") for index, part in enumerate(parts))


def _to_part(part: Part, field_path: str) -> domain.Part:
    match part:
        case TextPart(text=text, cache_control=CacheControl() as cache_control):
            return domain.MarkedText.of(text, cache_control.model_dump(exclude_none=True))
        case TextPart():
            return part.text
        case ImagePart(image_url=image):
            return domain.Image(image.url, image.detail, field_path=f"{field_path}.image_url.url")
        case AudioPart(input_audio=audio):
            return domain.Audio(
                audio.data, audio.format, field_path=f"{field_path}.input_audio.data"
            )
        case VideoPart(video_url=video):
            return domain.Video(video.url, field_path=f"{field_path}.video_url.url")
    assert_never(part)
