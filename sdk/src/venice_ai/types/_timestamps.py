"""Timestamps in requests and responses."""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BeforeValidator

Moment = Annotated[datetime | None, BeforeValidator(lambda told: told or None)]
"""A time with its zone; None where the API says nothing, or an empty text."""


def written(when: date | str | None) -> str | None:
    """Return a time as the API reads it: in UTC, to the millisecond. Texts stay as they are.

    Raises:
        ValueError: The time has no zone.

    >>> from datetime import timedelta, timezone
    >>> written(datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))))
    '2030-01-01T00:00:00.000Z'
    >>> written(date(2030, 1, 1))
    '2030-01-01'
    """
    if not isinstance(when, datetime):
        return when.isoformat() if isinstance(when, date) else when
    if when.tzinfo is None:
        raise ValueError(f"{when!r} has no time zone. Give it one, such as tzinfo=UTC.")
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
