"""Terms: what the connections of a server are held to, and which there are."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from fondaco.domain.errors import FondacoError
from fondaco.http.exchange.headers import DefaultHeaders
from fondaco.ports import Ids
from fondaco.ports.incidents import Incident, report


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What every connection of a server is held to."""

    default_headers: DefaultHeaders
    ids: Ids
    header_limit_bytes: int
    header_timeout_s: float
    body_timeout_s: float
    idle_timeout_s: float
    """Between two requests."""
    refusal: Callable[[FondacoError], tuple[int, bytes, bytes]]
    """Returns status, header lines and body of the response to an error, where no exchange begins."""
    probes: frozenset[str] = frozenset()
    """Paths that are answered on connections beyond the limit, too."""


class Open(Protocol):
    """A connection, as who ends the server sees it."""

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What works on the reply that is under way."""
        ...

    def shut_down(self) -> None:
        """Close after the reply that is under way, if there is one."""
        ...

    def close(self) -> None:
        """Close, once everything has been sent."""
        ...


class Lane(Enum):
    """How a connection is treated, by how many there are."""

    USUAL = 0
    SPARE = 1
    """Beyond the limit: one request, which has to be a probe."""
    NONE = 2
    """Refused at once."""


_SPARE = 64
"""Connections beyond the limit that are asked what they want."""


@dataclass(slots=True)
class Register:
    """What is under way."""

    most: int = 1_000_000_000
    """Connections in all."""
    most_of_one: int = 1_000_000_000
    """Connections of one client address."""
    counts_as: Callable[[str], str | None] = lambda client: client
    """Which address a client is counted by; None: only the number in all counts."""
    leaving_soon: bool = False
    """Whether replies end their connection, so that callers go to another server."""
    connections: set["Open"] = field(default_factory=set)
    leaving: set[asyncio.Task[None]] = field(default_factory=set)
    """What still ends although its connection is gone."""
    _full: str = ""
    """Which limit was reached last, if no connection was taken since."""
    _spare: int = 0
    _of: dict[str, int] = field(default_factory=dict)
    """Connections by the address that their client is counted by."""
    _counted: dict["Open", str] = field(default_factory=dict)
    """Connections with that address: it may be another one by the time they depart."""

    def enter(self, connection: "Open", client: str) -> Lane:
        """Count a connection, and return how it is treated."""
        address = self.counts_as(client)
        of_one = 0 if address is None else self._of.get(address, 0)
        taken = len(self.connections) - self._spare
        if taken < self.most and of_one < self.most_of_one:
            self._full = ""
            if address is not None:
                self._of[address] = of_one + 1
                self._counted[connection] = address
            self.connections.add(connection)
            return Lane.USUAL
        self._tell("all" if taken >= self.most else "one_client")
        if self._spare >= _SPARE:
            return Lane.NONE
        self._spare += 1
        self.connections.add(connection)
        return Lane.SPARE

    def _tell(self, reason: str) -> None:
        """Report that a limit is reached, once until a connection is taken again."""
        if self._full != reason:
            self._full = reason
            report(Incident.CONNECTIONS_EXHAUSTED, reason=reason)

    def depart(self, connection: "Open", lane: Lane) -> None:
        """Forget a connection."""
        self.connections.discard(connection)
        if lane is Lane.SPARE:
            self._spare -= 1
        elif (address := self._counted.pop(connection, None)) is not None:
            left = self._of.get(address, 0) - 1
            if left > 0:
                self._of[address] = left
            else:
                self._of.pop(address, None)

    def leave(self, task: asyncio.Task[None]) -> None:
        """Remember a task until it has ended."""
        self.leaving.add(task)
        task.add_done_callback(self.leaving.discard)
