"""Responses of chat calls: the events of a call, as one body or as a stream."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b

from fondaco import __version__
from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.call import Call, request_id
from fondaco.domain.money.usage import Usage
from fondaco.domain.web import RetrievedContext
from fondaco.http.apis.openai.chat.delivery import (
    Beginning,
    EventSink,
    call_headers,
    collected,
    streamed,
)
from fondaco.http.apis.openai.chat.request import VeniceParameters
from fondaco.http.apis.openai.chat.spoken import SpokenReply, read_aloud
from fondaco.http.apis.openai.chat.venice_echo import documents, echo, opening
from fondaco.http.apis.openai.chat.writers import Accumulator, Chunks
from fondaco.http.edge.headers import voice_header
from fondaco.http.endpoint.responses import Events, Response
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.exchange.headers import lines_of
from fondaco.serving.chat.call.events import CallEvent, CallStarted

_FINGERPRINT_BYTES = 6


@fast_init
@dataclass(frozen=True, slots=True)
class ResponseOptions:
    """Options of a chat response."""

    choices: int
    logprobs: bool
    usage: bool
    """Whether the last chunk of a stream reports usage."""
    ignored: tuple[str, ...] = ()
    """Unknown fields of the request."""
    parameters: VeniceParameters | None = None
    """The `venice_parameters` that the response echoes; None for APIs without them."""
    fingerprint: bool = False
    """Whether the response has a `system_fingerprint`."""
    spoken: SpokenReply | None = None
    """Reads the reply aloud; None: it is text alone."""
    guided: bool = False
    """Whether a header names the engine that constrained the output."""


async def answered(
    exchange: Exchange,
    call: Call,
    events: AsyncGenerator[CallEvent],
    response_options: ResponseOptions,
    *,
    stream: bool,
    sink: EventSink | None = None,
) -> Response | Events:
    """Return the response to a call; a stream runs only when the edge sends it."""
    if response_options.spoken is not None:
        events = read_aloud(events, response_options.spoken)
    if stream:
        begin = partial(_open_stream, exchange, call, response_options)
        return Events(partial(streamed, exchange, events, begin, sink=sink))
    accumulator = Accumulator(response_options.choices, logprobs=response_options.logprobs)
    started, usage = await collected(events, accumulator.add)
    return whole(exchange, call, accumulator, started, usage, response_options)


def whole(  # noqa: PLR0917
    exchange: Exchange,
    call: Call,
    accumulator: Accumulator,
    started: CallStarted,
    usage: Usage,
    response_options: ResponseOptions,
) -> Response:
    """Return the response to a call whose events were accumulated."""
    accumulator.settle(usage)
    if (found := documents(response_options.parameters, started.web, call.id)) is not None:
        accumulator.attach(found)
    echoed = (
        None
        if response_options.parameters is None
        else echo(response_options.parameters, started.web)
    )
    body = accumulator.body(
        request_id(call.id),
        int(call.opened_at),
        started.model.id,
        echoed,
        _fingerprint(response_options, started),
    )
    return Response(body, lines=_headers(exchange, response_options, started))


class _ChunkWriter:
    """Writes a call as chat completion chunks."""

    error = None

    def __init__(self, chunks: Chunks, *, usage: bool) -> None:
        self.write = chunks.write
        self._chunks = chunks
        self._usage = usage

    def end(self, usage: Usage) -> bytes:
        """Return the chunk that reports usage, where it is requested."""
        return self._chunks.usage(usage) if self._usage else b""


def _open_stream(
    exchange: Exchange, call: Call, response_options: ResponseOptions, started: CallStarted
) -> Beginning:
    """Return the writer of a stream of chunks, with its headers and a first event."""
    chunks = Chunks(
        request_id(call.id),
        int(call.opened_at),
        started.model.id,
        _fingerprint(response_options, started),
    )
    first = (
        b"" if started.web is None else _first_event(response_options, call, chunks, started.web)
    )
    headers = _headers(exchange, response_options, started)
    return Beginning(_ChunkWriter(chunks, usage=response_options.usage), headers, first)


def _first_event(
    response_options: ResponseOptions, call: Call, chunks: Chunks, web: RetrievedContext
) -> bytes:
    """Return a first event with the results of web retrieval; empty where none is needed."""
    echoed = opening(response_options.parameters, web)
    found = documents(response_options.parameters, web, call.id)
    return b"" if echoed is None and found is None else chunks.open(echoed, found)


def _fingerprint(response_options: ResponseOptions, started: CallStarted) -> str | None:
    if not response_options.fingerprint:
        return None
    answering = f"{__version__}/{started.engine}/{started.model.id}".encode()
    return f"fp_{blake2b(answering, digest_size=_FINGERPRINT_BYTES).hexdigest()}"


def _headers(exchange: Exchange, response_options: ResponseOptions, started: CallStarted) -> bytes:
    """Return the headers that describe the call, as they are sent."""
    lines = call_headers(exchange, started, response_options.ignored)
    if response_options.spoken is not None:
        lines += voice_header(response_options.spoken.voice)
    if response_options.guided:
        lines += lines_of([(b"x-fondaco-guided-by", started.engine.encode())])
    return lines
