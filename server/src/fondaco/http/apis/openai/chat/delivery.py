"""Delivery: the events of a chat call, collected for one body or streamed, for the writers of every dialect."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.errors import EngineTimeoutError, FondacoError, InferenceFailedError
from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.usage import Usage
from fondaco.http.edge.headers import ending, ignored_fields, inference
from fondaco.http.endpoint.responses import EventStream
from fondaco.http.exchange.exchange import Exchange
from fondaco.serving.chat.call.events import CallEvent, CallStarted


class SilentEngineError(InferenceFailedError):
    """The engine ended its response without any content."""

    default = "The engine ended without a response. Nothing was charged."


class StreamWriter(Protocol):
    """Writes the events of one call as the server-sent events of one dialect."""

    @property
    def write(self) -> Callable[[EventBatch], bytes]:
        """Returns the events of a batch; empty where none of it is shown."""
        ...

    @property
    def error(self) -> Callable[[FondacoError], bytes] | None:
        """Returns the event that ends the stream with an error; None: as the API's dialect has it."""
        ...

    def end(self, usage: Usage) -> bytes:
        """Return the last events of a stream that ended well, with the usage that is charged."""
        ...


@fast_init
@dataclass(frozen=True, slots=True)
class Beginning:
    """The beginning of a stream, once an engine has started to answer."""

    writer: StreamWriter
    headers: bytes
    """The headers that describe the call, as they are sent."""
    events: bytes = b""
    """Events before the first batch."""


async def collected(
    events: AsyncGenerator[CallEvent], add: Callable[[EventBatch], None]
) -> tuple[CallStarted, Usage]:
    """Hand the batches of a call to `add`, and return how the call began and what it is charged for.

    Raises:
        SilentEngineError: the call ended without any content.
        FondacoError: as the call itself.
    """
    started: CallStarted | None = None
    usage: Usage | None = None
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, tuple):
                    add(event)
                elif isinstance(event, CallStarted):
                    started = event
                else:
                    usage = event.usage
    except EngineTimeoutError as late:
        if str(late) != EngineTimeoutError.default:
            raise  # streaming would not help
        raise type(late)(f"{late} {late.advice}") from late
    if started is None or usage is None:
        raise SilentEngineError
    return started, usage


class EventSink:
    """Sends the text of a stream as soon as it arrives, once the stream has begun."""

    __slots__ = ("_behind", "_stream", "_writer")

    def __init__(self) -> None:
        self._behind = False
        """Whether the caller read too slowly when events were sent last."""
        self._stream: EventStream | None = None
        self._writer: StreamWriter

    def open(self, writer: StreamWriter, stream: EventStream) -> None:
        """Send from now on what `writer` writes."""
        self._writer, self._stream = writer, stream

    @property
    def ready(self) -> bool:
        """As `StreamSink` says."""
        return self._stream is not None

    def send(self, batch: EventBatch) -> bool:
        """As `StreamSink` says."""
        written, stream = self._writer.write(batch), self._stream
        if not written or stream is None or stream.send(written):
            return True
        self._behind = True
        return False

    async def drained(self) -> None:
        """Wait until the caller has read what was too much."""
        if self._behind and self._stream is not None:
            self._behind = False
            await self._stream.drained()


async def streamed(
    exchange: Exchange,
    events: AsyncGenerator[CallEvent],
    begin: Callable[[CallStarted], Beginning],
    stream: EventStream,
    *,
    sink: EventSink | None = None,
) -> None:
    """Send the events of a call.

    Args:
        exchange: the request.
        events: the call.
        begin: returns the writer once an engine has started to answer.
        stream: where they are sent.
        sink: sends text as soon as it arrives; None: the call yields all of it.

    Raises:
        SilentEngineError: the call ended without any content.
        FondacoError: as the call itself.
    """
    writer: StreamWriter | None = None
    usage: Usage | None = None
    sink = sink or EventSink()
    async with aclosing(events):
        async for event in events:
            if isinstance(event, tuple):
                if writer is not None and (written := writer.write(event)):
                    await stream.write(written)
                elif not event:
                    await sink.drained()
            elif isinstance(event, CallStarted):
                beginning = begin(event)
                writer = beginning.writer
                exchange.error_event = writer.error
                stream.lines += beginning.headers
                if beginning.events:
                    await stream.write(beginning.events)
                sink.open(writer, stream)
            else:
                usage = event.usage
    if writer is None or usage is None:
        raise SilentEngineError
    stream.finish(writer.end(usage))


def call_headers(exchange: Exchange, started: CallStarted, ignored: tuple[str, ...] = ()) -> bytes:
    """Return the headers that describe a call, as they are sent, and set the exchange's quota.

    Args:
        exchange: the request.
        started: how the call began.
        ignored: fields of the request that its dialect ignores.
    """
    exchange.quota = started.quota
    lines = inference(started.model, started.engine)
    if started.notice is not None:
        lines += ending(started.notice)
    return lines + ignored_fields((*ignored, *started.ignored))
