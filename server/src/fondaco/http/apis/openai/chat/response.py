"""Responses of chat calls: the events of a call, as one body or as a stream."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b

from fondaco import __version__
from fondaco.domain.errors import EngineTimeoutError, InferenceFailedError
from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.call import Call, request_id
from fondaco.domain.money.usage import Usage
from fondaco.domain.web import RetrievedContext
from fondaco.http.apis.openai.chat.request import VeniceParameters
from fondaco.http.apis.openai.chat.venice_echo import documents, echo, opening
from fondaco.http.apis.openai.chat.writers import Accumulator, Chunks
from fondaco.http.edge.headers import ending, ignored_fields, inference
from fondaco.http.endpoint.responses import Events, EventStream, Response
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.exchange.headers import lines_of
from fondaco.serving.chat.pipeline import CallEvent, CallStarted

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
    guided: bool = False
    """Whether a header names the engine that constrained the output."""


class SilentEngineError(InferenceFailedError):
    """The engine ended its response without any content."""

    default = "The engine ended without an answer. Nothing was charged."


async def answered(
    exchange: Exchange,
    call: Call,
    events: AsyncGenerator[CallEvent],
    response_options: ResponseOptions,
    *,
    stream: bool,
) -> Response | Events:
    """Return the response to a call; a stream runs only when the edge sends it."""
    if stream:
        return Events(partial(_stream, exchange, call, events, response_options))
    return await _whole(exchange, call, events, response_options)


async def _whole(
    exchange: Exchange,
    call: Call,
    events: AsyncGenerator[CallEvent],
    response_options: ResponseOptions,
) -> Response:
    accumulator = Accumulator(response_options.choices, logprobs=response_options.logprobs)
    started: CallStarted | None = None
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, tuple):
                    accumulator.add(event)
                elif isinstance(event, CallStarted):
                    started = event
                else:
                    accumulator.settle(event.usage)
    except EngineTimeoutError as late:
        if str(late) != EngineTimeoutError.default:
            raise  # streaming would not help
        raise type(late)(f"{late} {late.advice}") from late
    if started is None:
        raise SilentEngineError
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
    return Response(body, lines=_lines(exchange, response_options, started))


async def _stream(
    exchange: Exchange,
    call: Call,
    events: AsyncGenerator[CallEvent],
    response_options: ResponseOptions,
    stream: EventStream,
) -> None:
    chunks: Chunks | None = None
    usage: Usage | None = None
    async with aclosing(events):
        async for event in events:
            if isinstance(event, tuple):
                if chunks is not None and (chunk := chunks.write(event)):
                    await stream.write(chunk)
            elif isinstance(event, CallStarted):
                stream.lines += _lines(exchange, response_options, event)
                chunks = Chunks(
                    request_id(call.id),
                    int(call.opened_at),
                    event.model.id,
                    _fingerprint(response_options, event),
                )
                if event.web is not None and (
                    first := _opened(response_options, call, chunks, event.web)
                ):
                    await stream.write(first)
            else:
                usage = event.usage
    if chunks is None or usage is None:
        raise SilentEngineError
    stream.finish(chunks.usage(usage) if response_options.usage else b"")


def _opened(
    response_options: ResponseOptions, call: Call, chunks: Chunks, web: RetrievedContext
) -> bytes:
    """Return a first event with the results of web retrieval; empty where none is needed."""
    said = opening(response_options.parameters, web)
    found = documents(response_options.parameters, web, call.id)
    return b"" if said is None and found is None else chunks.open(said, found)


def _fingerprint(response_options: ResponseOptions, started: CallStarted) -> str | None:
    if not response_options.fingerprint:
        return None
    answering = f"{__version__}/{started.engine}/{started.model.id}".encode()
    return f"fp_{blake2b(answering, digest_size=_FINGERPRINT_BYTES).hexdigest()}"


def _lines(exchange: Exchange, response_options: ResponseOptions, started: CallStarted) -> bytes:
    """Return the headers that describe the call, as they are sent."""
    exchange.quota = started.quota
    lines = inference(started.model, started.engine)
    if started.notice is not None:
        lines += ending(started.notice)
    if response_options.guided:
        lines += lines_of([(b"x-fondaco-guided-by", started.engine.encode())])
    return lines + ignored_fields((*response_options.ignored, *started.ignored))
