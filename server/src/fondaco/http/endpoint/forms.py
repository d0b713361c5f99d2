"""Forms: bodies of `multipart/form-data`, read into the same values as JSON has.

Parts are kept in memory, within the budget of bodies, and never on a disk.

Source: RFC 7578; RFC 2046, section 5.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from anyio import to_thread
from pydantic import BaseModel
from python_multipart.multipart import parse_options_header

from fondaco.domain.errors import InvalidContentTypeError, InvalidRequestError
from fondaco.http.endpoint.bodies import (
    JSON,
    BodySize,
    Json,
    ReceivedBody,
    expect_uncompressed,
    validated,
)
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.http.endpoint.form_parts import Part, parts_of, refusal
from fondaco.http.endpoint.strict_json import parse
from fondaco.http.exchange.exchange import UNCOUNTED_BYTES, Exchange

FORM = "multipart/form-data"

_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_SWITCHES = {"true": True, "false": False}
_PLAIN_TYPES = {"number", "integer", "boolean"}
_LONGEST_NUMBER = 100
"""Bytes of a number or a switch; a longer text is none, and is not parsed: it may hold millions of values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonOrForm:
    """A body as JSON, or as a form with the same fields, of which some may be files."""

    schema: type[BaseModel]
    lists: frozenset[str] = frozenset()
    """Fields that a form may have several times, also with `[]` behind the name."""

    @property
    def media_types(self) -> tuple[str, ...]:
        """As `Body` says."""
        return (JSON, FORM)

    def expect_type(self, exchange: Exchange) -> None:
        """As `Body` says."""
        if not _is_form(exchange):
            try:
                self._json.expect_type(exchange)
            except InvalidContentTypeError:
                content_type = exchange.headers.get(b"content-type", b"")
                received = content_type.partition(b";")[0].decode("latin-1")[:80]
                raise InvalidContentTypeError(
                    f"Invalid content type {received!r}. Send JSON with the header Content-Type: "
                    f"application/json, or a form as {FORM}."
                ) from None

    async def read(self, exchange: Exchange, memory: BodyMemory) -> ReceivedBody:
        """As `Body` says; a form's idempotency key stands for its fields, not for its boundary."""
        if not _is_form(exchange):
            return await self._json.read(exchange, memory)
        boundary = _boundary(exchange.headers[b"content-type"])
        expect_uncompressed(exchange.headers.get(b"content-encoding", b""))
        body = await memory.read_form(exchange)
        if len(body) > UNCOUNTED_BYTES:
            parts = await to_thread.run_sync(parts_of, body, boundary)
        else:
            parts = parts_of(body, boundary)
        digest = b""
        if b"idempotency-key" in exchange.headers:
            digest = await to_thread.run_sync(_digest, parts)
        return ReceivedBody(validated(self.schema, _fields(parts, self)), digest)

    @property
    def _json(self) -> Json:
        return Json(schema=self.schema, size=BodySize.MEDIA)


def _is_form(exchange: Exchange) -> bool:
    media_type = exchange.headers.get(b"content-type", b"").partition(b";")[0]
    return media_type.strip().lower() == FORM.encode()


def _boundary(content_type: bytes) -> bytes:
    """Return the boundary of a form.

    Raises:
        InvalidRequestError: there is none, or it is none that RFC 2046 permits.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise refusal(
            "The header Content-Type has no valid boundary. Let the client library set it."
        )
    return boundary


def _fields(parts: list[Part], body: JsonOrForm) -> dict[str, object]:
    """Return a form's fields as JSON would have them.

    Raises:
        InvalidRequestError: a field is given twice, or a text is not UTF-8.
    """
    fields: dict[str, object] = {}
    faults: dict[str, tuple[str, ...]] = {}
    types = _types_of(body.schema)
    for part in parts:
        name = part.name.removesuffix("[]")
        name = name if name in body.lists else part.name
        try:
            value = part.content if part.is_file else _value(part.content, types.get(name, set()))
        except UnicodeDecodeError:
            faults[name] = ("Must be UTF-8.",)
            continue
        earlier = fields.get(name)
        if name not in fields:
            fields[name] = value
        elif name not in body.lists:
            faults[name] = ("Parameter given more than once.",)
        else:
            fields[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
    if faults:
        raise InvalidRequestError(faults=faults)
    return fields


def _value(content: bytes, types: set[object]) -> object:
    """Return the text of a part; that of a null, a number or a switch as JSON reads it, where it may be one."""
    text = content.decode()
    if "null" in types and text == "null":
        return None
    if len(content) > _LONGEST_NUMBER or not types & _PLAIN_TYPES:
        return text
    if (switch := _SWITCHES.get(text.lower())) is not None:
        return switch
    try:
        value = parse(content)
    except InvalidRequestError:
        return text
    return value if isinstance(value, int | float) else text


@lru_cache
def _types_of(schema: type[BaseModel]) -> Mapping[str, set[object]]:
    """Return field -> the JSON types that its value may have."""
    properties = schema.model_json_schema()["properties"]
    return {name: _types(shown) for name, shown in properties.items()}


def _types(shown: Mapping[str, object]) -> set[object]:
    members = shown.get("anyOf")
    inner = members if isinstance(members, list) else []
    return {shown.get("type")}.union(*(_types(one) for one in inner if isinstance(one, dict)))


def _digest(parts: list[Part]) -> bytes:
    """Return a digest of a form's fields, whatever boundary and headers they were sent with."""
    digest = sha256()
    for part in parts:
        for value in (part.name.encode(), b"file" if part.is_file else b"text", part.content):
            digest.update(b"%d:" % len(value))
            digest.update(value)
    return digest.digest()
