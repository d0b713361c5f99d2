"""The connection registry: which connections and tasks there are, and limits of their number."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from fondaco.ports.incidents import Incident, report


class OpenConnection(Protocol):
    """A connection, as the listener sees it at shutdown."""

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task of the current response."""
        ...

    def shut_down(self) -> None:
        """Close after the current response, if any."""
        ...

    def close(self) -> None:
        """Close, once everything has been sent."""
        ...


class Slot(Enum):
    """The class of a new connection, by how many are open."""

    NORMAL = 0
    PROBE_ONLY = 1
    """Beyond the limit: one request, which must be a health check."""
    REFUSED = 2
    """Refused at once."""


_PROBE_SLOTS = 64
"""Connections beyond the limit whose request is read, in case it is a health check."""


@dataclass(slots=True)
class ConnectionRegistry:
    """The open connections and running tasks of a server, counted and limited."""

    most: int = 1_000_000_000
    """Connections in all."""
    most_of_one: int = 1_000_000_000
    """Connections of one client address."""
    counts_as: Callable[[str], str | None] = lambda client: client
    """Returns the address that a client is counted by; None: no limit for one client."""
    closes_soon: bool = False
    """Whether responses end their connection, so that clients reconnect to another server."""
    connections: set["OpenConnection"] = field(default_factory=set)
    leaving: set[asyncio.Task[None]] = field(default_factory=set)
    """Tasks that still end although their connection is gone."""
    _full: str = ""
    """The limit that was reached last, if no connection was accepted since."""
    _probing: int = 0
    _of: dict[str, int] = field(default_factory=dict)
    """Number of connections by the address that their client is counted by."""
    _addresses: dict["OpenConnection", str] = field(default_factory=dict)
    """Limited address of each connection: a new configuration may count its client by another."""

    def add(self, connection: "OpenConnection", client: str) -> Slot:
        """Count a connection, and return its place."""
        address = self.counts_as(client)
        of_one = 0 if address is None else self._of.get(address, 0)
        count = len(self.connections) - self._probing
        if count < self.most and of_one < self.most_of_one:
            self._full = ""
            if address is not None:
                self._of[address] = of_one + 1
                self._addresses[connection] = address
            self.connections.add(connection)
            return Slot.NORMAL
        self._report_limit("all" if count >= self.most else "one_client")
        if self._probing >= _PROBE_SLOTS:
            return Slot.REFUSED
        self._probing += 1
        self.connections.add(connection)
        return Slot.PROBE_ONLY

    def _report_limit(self, reason: str) -> None:
        """Report that a limit is reached, once until a connection is accepted again."""
        if self._full != reason:
            self._full = reason
            report(Incident.CONNECTIONS_EXHAUSTED, reason=reason)

    def remove(self, connection: "OpenConnection", slot: Slot) -> None:
        """Forget a connection."""
        self.connections.discard(connection)
        if slot is Slot.PROBE_ONLY:
            self._probing -= 1
        elif (address := self._addresses.pop(connection, None)) is not None:
            remaining = self._of.get(address, 0) - 1
            if remaining > 0:
                self._of[address] = remaining
            else:
                self._of.pop(address, None)

    def await_end(self, task: asyncio.Task[None]) -> None:
        """Remember a task until it has ended."""
        self.leaving.add(task)
        task.add_done_callback(self.leaving.discard)
