"""Sealed fields: an engine's opaque fields within a `redacted_thinking` block, for the way there and back.

Anthropic's API knows signed thinking alone. What engines of other kinds want back with the next request
(`domain.chat.opaque`) rides in the one block whose data clients keep without reading it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from fondaco.domain.chat.opaque import ANSWERED, CALLED, RawJson, is_shallow

_SEAL = "fields."
"""Prefix of the data of such a block."""


@dataclass(frozen=True, slots=True)
class SealedFields:
    """The opaque fields of one response, as JSON values."""

    message: Mapping[str, object] = field(default_factory=dict)
    calls: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Id of a tool call -> its fields."""


def sealed(message: RawJson, calls: Mapping[str, RawJson]) -> str:
    """Return the data of a block that holds opaque fields.

    >>> opened(sealed({"reasoning_opaque": '"x"'}, {"t1": {"thought_signature": '"y"'}}))
    SealedFields(message={'reasoning_opaque': 'x'}, calls={'t1': {'thought_signature': 'y'}})
    """
    fields = {"message": _spelled(message), "calls": {key: _spelled(v) for key, v in calls.items()}}
    return _SEAL + urlsafe_b64encode(orjson.dumps(fields)).decode()


def opened(data: str) -> SealedFields | None:
    """Return the fields in the data of a block; None where it is another engine's.

    Nothing of it is believed: it comes from the caller, who could send such fields openly.

    >>> opened("EqQBCgIYAhIM"), opened("fields.!!!"), opened("fields.e30=")
    (None, None, SealedFields(message={}, calls={}))
    """
    if not data.startswith(_SEAL):
        return None
    try:
        fields = orjson.loads(urlsafe_b64decode(data.removeprefix(_SEAL)))
    except ValueError:
        return None
    if not isinstance(fields, dict) or not is_shallow(fields):
        return None
    calls = _object(fields.get("calls"))
    return SealedFields(
        _named(fields.get("message"), ANSWERED),
        {key: found for key, value in calls.items() if (found := _named(value, CALLED))},
    )


def _spelled(fields: RawJson) -> dict[str, orjson.Fragment]:
    return {name: orjson.Fragment(text) for name, text in fields.items()}


def _named(value: object, names: frozenset[str]) -> dict[str, object]:
    return {name: one for name, one in _object(value).items() if name in names and one}


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
