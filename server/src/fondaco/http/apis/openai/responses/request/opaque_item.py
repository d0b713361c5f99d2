"""Opaque fields of an engine in the `encrypted_content` of a reasoning item, which clients send back.

What the engine signed or encrypted stays as it is; around it is only base64, so that it is one text.
"""

from base64 import b64decode, b64encode
from binascii import Error as NoBase64Error
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from fondaco.domain.chat.opaque import is_shallow
from fondaco.domain.fast_init import fast_init
from fondaco.http.apis.openai.chat.messages import OpaqueObject
from fondaco.http.endpoint.fields import Schema

_MARK = "fondaco."
"""Begins the texts that this server made: those of others cannot be read."""
_DEEPEST = 34
"""Levels of a field, and the two around it."""

OpaqueFields = Mapping[str, object]


@fast_init
@dataclass(frozen=True, slots=True)
class OpaqueItem:
    """The opaque fields of one response of the model."""

    message: OpaqueFields = field(default_factory=dict)
    """Name -> JSON value."""
    calls: Mapping[str, OpaqueFields] = field(default_factory=dict)
    """Id of a call -> its fields."""


class _Message(Schema):
    model_config = ConfigDict(strict=True, extra="forbid")

    reasoning_details: list[OpaqueObject] | None = None
    thinking_blocks: list[OpaqueObject] | None = None
    extra_content: OpaqueObject | None = None
    provider_specific_fields: OpaqueObject | None = None
    reasoning_opaque: str | None = None


class _Call(Schema):
    model_config = ConfigDict(strict=True, extra="forbid")

    extra_content: OpaqueObject | None = None
    provider_specific_fields: OpaqueObject | None = None
    thought_signature: str | None = None


class _Content(Schema):
    model_config = ConfigDict(strict=True, extra="forbid")

    message: _Message
    calls: dict[str, _Call]


def packed(message: Mapping[str, str], calls: Mapping[str, Mapping[str, str]]) -> str:
    """Return opaque fields, whose values are JSON, as `encrypted_content`.

    >>> unpacked(packed({"reasoning_opaque": '"c2ln"'}, {})).message
    {'reasoning_opaque': 'c2ln'}
    """
    content = {
        "message": _spelled(message),
        "calls": {id_: _spelled(one) for id_, one in calls.items()},
    }
    return _MARK + b64encode(orjson.dumps(content)).decode()


def unpacked(encrypted: str) -> OpaqueItem | None:
    """Return the opaque fields in `encrypted_content`; None: this server did not make it."""
    if not encrypted.startswith(_MARK):
        return None
    try:
        value = orjson.loads(b64decode(encrypted[len(_MARK) :].encode(), validate=True))
        if not is_shallow(value, _DEEPEST):
            return None
        content = _Content.model_validate(value)
    except (NoBase64Error, ValueError, ValidationError):
        return None
    calls = {id_: _given(call) for id_, call in content.calls.items()}
    return OpaqueItem(_given(content.message), calls)


def _spelled(fields: Mapping[str, str]) -> dict[str, orjson.Fragment]:
    return {name: orjson.Fragment(text) for name, text in fields.items()}


def _given(fields: BaseModel) -> OpaqueFields:
    return {name: value for name, value in fields.__dict__.items() if value}
