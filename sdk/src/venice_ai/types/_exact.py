"""Exact decimal amounts in JSON, never floats."""

import json
from decimal import Decimal
from typing import Any, Self

from venice_ai._json_values import is_object
from venice_ai.types._wire import Reply


class ExactReply(Reply):
    """A whole reply in which numbers with a point are read as decimals, unknown fields' as well.

    Pydantic alone would read them as floats first, of which 18 digits do not come out whole.
    """

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Return the value of a reply's JSON."""
        try:
            read = json.loads(json_data, parse_float=Decimal)
        except ValueError:
            return super().model_validate_json(json_data, **options)  # raises the error
        return cls.model_validate(read, **options)


def exact_json(value: object) -> bytes:
    """Return a body as JSON whose decimals are numbers.

    Raises:
        ValueError: A number is infinite or none at all.
        TypeError: Something in it has no form in JSON.

    >>> exact_json({"usd": Decimal("123456789.123456789"), "diem": None})
    b'{"usd":123456789.123456789,"diem":null}'
    """
    return _written(value).encode()


def _written(value: object) -> str:
    if is_object(value):
        fields = (f"{json.dumps(str(name))}:{_written(of)}" for name, of in value.items())
        return f"{{{','.join(fields)}}}"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value!r} is not an amount. Give a number.")
        return f"{value:f}"
    return json.dumps(value, allow_nan=False)
