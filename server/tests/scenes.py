"""Scenes: what a client, an engine and a ledger do to one server, step by step, without sockets."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, Literal, Protocol

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.jobs import JobEnd
from fondaco.domain.money.ledger import Entry
from fondaco.http.wire.protocol import ServerConnection
from fondaco.stores.memory.journal import MemoryJournal
from house import SECRET

Turn = Literal["wait", "on", "fail"]


@dataclass
class Stage:
    """All that a step can touch."""

    line: ServerConnection
    client: "ClientTransport"
    engines: "Engines"
    journal: "HeldJournal"
    loop: "StandingLoop"


class Step(Protocol):
    """One thing that happens."""

    def happen(self, stage: Stage) -> None: ...


@dataclass(frozen=True)
class Ask:
    """The client sends a request, in pieces cut at these places."""

    body: bytes
    headers: tuple[bytes, ...] = ()
    cuts: tuple[int, ...] = ()
    path: bytes = b"/api/v1/chat/completions"

    def happen(self, stage: Stage) -> None:
        lines = [
            b"POST %b HTTP/1.1" % self.path,
            b"Host: localhost",
            *self.headers,
            b"Content-Length: %d" % len(self.body),
        ]
        octets = b"\r\n".join([*lines, b"", self.body])
        for piece in cut(octets, self.cuts):
            if stage.client.present and not stage.client.ends:
                stage.line.data_received(piece)


@dataclass(frozen=True)
class Reply:
    """The first engine sends these bytes on the connection that was asked last."""

    octets: bytes

    def happen(self, stage: Stage) -> None:
        for transport in stage.engines.asked[-1:]:
            transport.feed(self.octets)


@dataclass(frozen=True)
class Leave:
    """The first engine closes that connection."""

    def happen(self, stage: Stage) -> None:
        for transport in stage.engines.asked[-1:]:
            transport.end()


@dataclass(frozen=True)
class HangUp:
    """The client goes away."""

    def happen(self, stage: Stage) -> None:
        stage.client.leave(stage.line)


@dataclass(frozen=True)
class Congest:
    """The client reads too slowly from now on, or catches up."""

    on: bool

    def happen(self, stage: Stage) -> None:
        if not stage.client.present:
            return
        if self.on:
            stage.line.pause_writing()
        else:
            stage.line.resume_writing()


@dataclass(frozen=True)
class Pause:
    """Time passes, little by little, so that timers ring in their order."""

    seconds: float

    def happen(self, stage: Stage) -> None: ...


@dataclass(frozen=True)
class Hold:
    """The ledger's writes wait from now on, go on, or fail."""

    how: Turn

    def happen(self, stage: Stage) -> None:
        stage.journal.turn(self.how)


@dataclass(frozen=True)
class AwaitThreads:
    """Threads of the server have time for what is too much for its loop."""

    def happen(self, stage: Stage) -> None: ...


def cut(octets: bytes, cuts: Sequence[int]) -> list[bytes]:
    """Return the pieces of octets that are cut at these places."""
    places = [0, *sorted({place % (len(octets) + 1) for place in cuts}), len(octets)]
    return [octets[begin:end] for begin, end in pairwise(places) if begin < end]


class HeldJournal(MemoryJournal):
    """A journal in memory whose writes can be held up, and can fail."""

    def __init__(self) -> None:
        super().__init__()
        self.how: Turn = "on"
        self._waiting: list[tuple[asyncio.Future[None], tuple[Any, ...]]] = []

    def write(
        self,
        entries: Sequence[Entry],
        closes: str | None = None,
        ends: JobEnd | None = None,
        *,
        held: bool = False,
    ) -> Awaitable[None]:
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((done, (entries, closes, ends)))
        if self.how != "wait":
            done.get_loop().call_soon(self.go_on)
        return done

    def turn(self, how: Turn) -> None:
        """Have writes wait from now on, go on, or fail; those that wait do so, too."""
        self.how = how
        if how != "wait":
            self.go_on()

    def go_on(self) -> None:
        """Make, or fail, the writes that wait."""
        waiting, self._waiting = self._waiting, []
        for done, write in waiting:
            if done.cancelled():
                continue
            if self.how == "fail":
                done.set_exception(StorageFailedError())
                continue
            made = asyncio.ensure_future(super().write(*write))
            made.add_done_callback(partial(_copy, done))


def _copy(done: "asyncio.Future[None]", made: "asyncio.Future[None]") -> None:
    error = made.exception()
    if done.cancelled():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


class EngineTransport(asyncio.Transport):
    """The far end of one connection to an engine."""

    def __init__(
        self, protocol: asyncio.Protocol, asked: Callable[["EngineTransport"], None]
    ) -> None:
        super().__init__({"socket": _Socket()})
        self.protocol = protocol
        self.sent = b""
        self.closed = False
        self._asked = asked

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.sent += data
        self._asked(self)

    def feed(self, octets: bytes) -> None:
        if not self.closed:
            self.protocol.data_received(octets)

    def end(self) -> None:
        if not self.closed:
            self.closed = True
            self.protocol.connection_lost(None)

    def abort(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    close = abort

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class _Socket:
    def setsockopt(self, *_: object) -> None:
        pass


class ClientTransport(asyncio.Transport):
    """The near end of a client's connection."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000)})
        self.written = b""
        self.ends: list[str] = []
        """How the server has closed it."""
        self.present = True

    def leave(self, line: ServerConnection) -> None:
        if self.present:
            self.present = False
            line.connection_lost(None)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.ends.append("eof")

    def is_closing(self) -> bool:
        return bool(self.ends)

    def close(self) -> None:
        self.ends.append("close")

    def abort(self) -> None:
        self.ends.append("abort")

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


@dataclass
class Engines:
    """Two engines: the first says what the scene says, the second answers at once."""

    first: int
    second: int
    second_reply: bytes
    connections: list[EngineTransport] = field(default_factory=list)
    """Of the first one."""
    asked: list[EngineTransport] = field(default_factory=list)
    """Those of the first one that were asked in this scene, the last one at the end."""
    requests: list[tuple[str, bytes]] = field(default_factory=list)

    def connect(
        self, factory: Callable[[], asyncio.Protocol], port: int
    ) -> tuple[EngineTransport, asyncio.Protocol]:
        protocol, is_first = factory(), port == self.first
        transport = EngineTransport(protocol, self._asked_first if is_first else self._asked_second)
        if is_first:
            self.connections.append(transport)
        protocol.connection_made(transport)
        return transport, protocol

    def _asked_first(self, transport: EngineTransport) -> None:
        self.requests.append(("first", transport.sent.replace(b":%d\r" % self.first, b"\r")))
        transport.sent = b""
        self.asked.append(transport)

    def _asked_second(self, transport: EngineTransport) -> None:
        self.requests.append(("second", transport.sent.replace(b":%d\r" % self.second, b"\r")))
        transport.sent = b""
        asyncio.get_running_loop().call_soon(transport.feed, self.second_reply)


class StandingLoop:
    """The loop's clock, which moves when it is told to."""

    def __init__(self, at: float) -> None:
        self._at = at
        self.offset_s = 0.0

    def time(self) -> float:
        return self._at + self.offset_s


AUTHORIZED = (b"Content-Type: application/json", b"Authorization: Bearer %b" % SECRET.encode())
"""The headers of a request that the account's key sends."""
PLAIN = Ask(
    b'{"model":"toy","messages":[{"role":"user","content":"Hi"}],"max_tokens":5}', AUTHORIZED
)
"""A request that the fast path takes on."""
PLAIN_RESPONSE = Ask(
    b'{"model":"toy","instructions":"Be brief.","input":[{"role":"user","content":"Hi"}],'
    b'"max_output_tokens":5}',
    AUTHORIZED,
    path=b"/api/v1/responses",
)
"""Likewise of the Responses API."""
PLAIN_MESSAGE = Ask(
    b'{"model":"toy","system":"Be brief.","messages":[{"role":"user","content":"Hi"}],"max_tokens":5}',
    AUTHORIZED,
    path=b"/v1/messages",
)
"""Likewise of Anthropic's API."""
