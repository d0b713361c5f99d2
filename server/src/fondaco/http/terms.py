"""Terms: what the connections of a server are held to, and which there are."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from fondaco.http.exchange import Exchange
from fondaco.http.headers import Stamp
from fondaco.ports import Ids

Answer = Callable[[Exchange], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Terms:
    """What every connection of a server is held to."""

    stamp: Stamp
    ids: Ids
    header_limit_bytes: int
    header_timeout_s: float
    body_timeout_s: float
    idle_timeout_s: float
    """Between two requests."""


class Open(Protocol):
    """A connection, as who ends the server sees it."""

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What works on the reply that is under way."""
        ...

    def wind_up(self) -> None:
        """Close after the reply that is under way, if there is one."""
        ...

    def close(self) -> None:
        """Close, once everything has been sent."""
        ...


@dataclass(frozen=True, slots=True)
class Register:
    """What is under way."""

    connections: set["Open"] = field(default_factory=set)
    leaving: set[asyncio.Task[None]] = field(default_factory=set)
    """What still ends although its connection is gone."""

    def leave(self, task: asyncio.Task[None]) -> None:
        """Remember a task until it has ended."""
        self.leaving.add(task)
        task.add_done_callback(self.leaving.discard)
