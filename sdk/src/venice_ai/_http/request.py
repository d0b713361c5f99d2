"""A request, and its retries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

Query = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the API."""

    method: str
    path: str
    """Below the base URL, with its slash: `/models`."""
    body: bytes | None = field(default=None, repr=False)
    """JSON."""
    query: Query | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    timeout_s: float | None = None
    """For each wait, instead of the client's own."""
    paid: bool = False
    """It costs money, so that it is sent with an Idempotency-Key."""


def segment(name: str) -> str:
    """Return a name as a part of a path, whatever is in it.

    >>> segment("alan-watts"), segment("a/b"), segment("..")
    ('alan-watts', 'a%2Fb', '%2E%2E')
    """
    return quote(name, safe="").replace(".", "%2E")
