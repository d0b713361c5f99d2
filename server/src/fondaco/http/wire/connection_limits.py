"""Connection limits: sizes and deadlines that every connection of a server is held to."""

from collections.abc import Callable
from dataclasses import dataclass

from fondaco.domain.errors import FondacoError
from fondaco.http.exchange.headers import DefaultHeaders
from fondaco.ports import Ids


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits of each connection, and how it responds where no exchange begins."""

    default_headers: DefaultHeaders
    ids: Ids
    header_limit_bytes: int
    header_timeout_s: float
    """For a request's head, from its first byte on."""
    body_timeout_s: float
    """For a request's body, as far as it is awaited."""
    idle_timeout_s: float
    """Between two requests (keep-alive)."""
    refusal: Callable[[FondacoError], tuple[int, bytes, bytes]]
    """Returns status, header lines and body of the response to an error, where no exchange begins."""
    probes: frozenset[str] = frozenset()
    """Paths of health checks, which are answered on connections beyond the limit, too."""
