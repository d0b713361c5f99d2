"""Requests whose messages are encrypted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from venice_ai.tee._ciphers import Cipher
from venice_ai.tee.types import TeeFormat


@dataclass(frozen=True, slots=True)
class SealedBody:
    """A request's body before and after encryption, both JSON."""

    clear: bytes
    sealed: bytes


def sealed_body(body: bytes, form: TeeFormat, cipher: Cipher, *, stream: bool) -> SealedBody:
    """Return a chat's body with the content of every message encrypted.

    Args:
        body: JSON whose messages were checked.
        form: The protocol.
        cipher: The call's keys.
        stream: Whether the reply comes as a stream, which the original's protocol requires.
    """
    told = from_json(body)
    fields = {**told, "stream": stream}
    if parameters := _parameters(fields.pop("venice_parameters", None) or {}, form):
        fields["venice_parameters"] = parameters
    if stream and not told.get("stream"):
        fields["stream_options"] = {"include_usage": True}  # as in non-streaming responses
    messages: Sequence[dict[str, Any]] = fields["messages"]
    clear = [{**_sent(one), "content": _content(one["content"], form)} for one in messages]
    sealed = [
        {**one, "content": cipher.seal(_text(one["content"]), f"messages.{index}.content")}
        for index, one in enumerate(clear)
    ]
    return SealedBody(
        to_json({**fields, "messages": clear}, inf_nan_mode="constants"),
        to_json({**fields, "messages": sealed}, inf_nan_mode="constants"),
    )


def _parameters(told: Mapping[str, Any], form: TeeFormat) -> dict[str, Any]:
    """Return the platform's parameters: without its own system prompt, which is no part of the conversation.

    ACI does not define any, so services may not support them: only the caller's are sent.
    """
    if form == "aci":
        return {name: value for name, value in told.items() if name != "enable_e2ee"}
    return {**told, "enable_e2ee": True, "include_venice_system_prompt": False}


def _sent(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message without the thoughts of an earlier answer: models do not read them again."""
    return {name: value for name, value in message.items() if name != "reasoning_content"}


def _content(content: object, form: TeeFormat) -> object:
    """Return a content as the enclave restores it.

    ACI restores a text that happens to be a JSON array as parts; so that it stays a text, it is sent as
    the one part of an array. Source: ACI, section 7.2.
    """
    if form == "aci" and isinstance(content, str) and _is_array(content):
        return [{"type": "text", "text": content}]
    return content


def _text(content: object) -> str:
    return content if isinstance(content, str) else to_json(content).decode()


def _is_array(text: str) -> bool:
    if not text.lstrip().startswith("["):
        return False
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False
