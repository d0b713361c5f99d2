"""Content parts as OpenAI-compatible engines accept them."""

from collections.abc import Iterable
from typing import assert_never

from fondaco.domain.chat.message import Audio, Image, MarkedText, Message, Part, Video
from fondaco.engines.common.dialects import Dialect


def wire_parts(content: Iterable[Part], dialect: Dialect) -> list[dict[str, object]]:
    """Return content parts in the engine's format."""
    return [_wire_part(part, dialect) for part in content]


def unsupported_parts(conversation: Iterable[Message], dialect: Dialect) -> str | None:
    """Return the type of a content part that the dialect does not support, or None."""
    for message in conversation:
        if isinstance(message.content, tuple):
            for part in message.content:
                if isinstance(part, Audio) and not dialect.audio:
                    return "input_audio"
                if isinstance(part, Video) and not dialect.videos:
                    return "video_url"
    return None


def text_only(message: Message) -> Message:
    """Return a message with its text only, for the endpoints that count tokens.

    vLLM and llama-server count a placeholder for an image, not its tokens.
    """
    if not isinstance(message.content, tuple):
        return message
    return message.with_content(message.texts or "")


def most_media_tokens(conversation: Iterable[Message]) -> int:
    """Return the most tokens of all images, audio and video in a conversation."""
    return sum(
        part.most_tokens
        for message in conversation
        if isinstance(message.content, tuple)
        for part in message.content
        if not isinstance(part, str)
    )


def _wire_part(part: Part, dialect: Dialect) -> dict[str, object]:
    match part:
        case MarkedText(cache_control=mark) if dialect.cache_control:
            return {"type": "text", "text": part, "cache_control": mark}
        case str():
            return {"type": "text", "text": part}
        case Image(url=url, detail=None):
            return {"type": "image_url", "image_url": {"url": url}}
        case Image(url=url, detail=detail):
            return {"type": "image_url", "image_url": {"url": url, "detail": detail}}
        case Audio(content=content, format=kind):
            return {"type": "input_audio", "input_audio": {"data": content, "format": kind}}
        case Video(url=url):
            return {"type": "video_url", "video_url": {"url": url}}
    assert_never(part)
