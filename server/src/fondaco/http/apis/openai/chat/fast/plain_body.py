"""Bodies that may be plain requests in a dialect whose schema is quick enough to read them.

The common keys alone, no stream: what has more goes to the endpoint, and its body is not validated twice.
"""

from collections.abc import Callable, Set as AbstractSet
from typing import TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from fondaco.domain.errors import FondacoError
from fondaco.http.endpoint.strict_json import has_each_key_once

SchemaT = TypeVar("SchemaT", bound=BaseModel)
PlainT = TypeVar("PlainT")


def plainly_read(
    text: bytes,
    known: AbstractSet[str],
    schema: type[SchemaT],
    read: Callable[[SchemaT], PlainT | None],
) -> PlainT | None:
    """Return what `read` makes of a body that has no key but the known ones; None for any other.

    None, too, where the body breaks the schema, or `read` raises: the endpoint then names every fault.
    """
    try:
        fields: object = orjson.loads(text)
        if not isinstance(fields, dict) or not fields.keys() <= known or fields.get("stream"):
            return None
        if not has_each_key_once(text, fields):
            return None
        body = schema.model_validate(fields)
        return read(body)
    except (ValueError, ValidationError, FondacoError):
        return None
