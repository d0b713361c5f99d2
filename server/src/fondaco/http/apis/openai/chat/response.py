"""Answers of chat calls: the steps of a call, written whole or as a stream of events."""

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
    """How an answer is written."""

    choices: int
    logprobs: bool
    usage: bool
    """Whether a stream ends with a report of usage."""
    ignored: tuple[str, ...] = ()
    """Fields of the request that the API does not know."""
    parameters: VeniceParameters | None = None
    """The `venice_parameters` that the response echoes; None for APIs without them."""
    fingerprint: bool = False
    """Whether the reply tells one of what has answered."""
    guided: bool = False
    """Whether the reply names the engine that held it to a form."""


class SilentEngineError(InferenceFailedError):
    """The engine ended well, and said nothing at all."""

    default = "The engine ended without an answer. Nothing was charged."


async def answered(
    exchange: Exchange,
    call: Call,
    steps: AsyncGenerator[CallEvent],
    response_options: ResponseOptions,
    *,
    stream: bool,
) -> Response | Events:
    """Return the answer to a call, which for a stream has yet to run."""
    if stream:
        return Events(partial(_stream, exchange, call, steps, response_options))
    return await _whole(exchange, call, steps, response_options)


async def _whole(
    exchange: Exchange,
    call: Call,
    steps: AsyncGenerator[CallEvent],
    response_options: ResponseOptions,
) -> Response:
    accumulator = Accumulator(response_options.choices, logprobs=response_options.logprobs)
    began: CallStarted | None = None
    try:
        async with aclosing(steps):
            async for step in steps:
                if isinstance(step, tuple):
                    accumulator.add(step)
                elif isinstance(step, CallStarted):
                    began = step
                else:
                    accumulator.settle(step.usage)
    except EngineTimeoutError as late:
        if str(late) != EngineTimeoutError.default:
            raise  # waiting in a stream would not help
        raise type(late)(f"{late} {late.advice}") from late
    if began is None:
        raise SilentEngineError
    if (found := documents(response_options.parameters, began.web, call.id)) is not None:
        accumulator.attach(found)
    spoken = (
        None
        if response_options.parameters is None
        else echo(response_options.parameters, began.web)
    )
    body = accumulator.reply(
        request_id(call.id),
        int(call.opened_at),
        began.model.id,
        spoken,
        _fingerprint(response_options, began),
    )
    return Response(body, lines=_lines(exchange, response_options, began))


async def _stream(
    exchange: Exchange,
    call: Call,
    steps: AsyncGenerator[CallEvent],
    response_options: ResponseOptions,
    stream: EventStream,
) -> None:
    chunks: Chunks | None = None
    usage: Usage | None = None
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, tuple):
                if chunks is not None and (events := chunks.write(step)):
                    await stream.write(events)
            elif isinstance(step, CallStarted):
                stream.lines += _lines(exchange, response_options, step)
                chunks = Chunks(
                    request_id(call.id),
                    int(call.opened_at),
                    step.model.id,
                    _fingerprint(response_options, step),
                )
                if step.web is not None and (
                    first := _opened(response_options, call, chunks, step.web)
                ):
                    await stream.write(first)
            else:
                usage = step.usage
    if chunks is None or usage is None:
        raise SilentEngineError
    stream.finish(chunks.usage(usage) if response_options.usage else b"")


def _opened(
    response_options: ResponseOptions, call: Call, chunks: Chunks, web: RetrievedContext
) -> bytes:
    """Return the first event, where it has to tell of what was brought from the web."""
    said = opening(response_options.parameters, web)
    found = documents(response_options.parameters, web, call.id)
    return b"" if said is None and found is None else chunks.open(said, found)


def _fingerprint(response_options: ResponseOptions, began: CallStarted) -> str | None:
    if not response_options.fingerprint:
        return None
    answering = f"{__version__}/{began.engine}/{began.model.id}".encode()
    return f"fp_{blake2b(answering, digest_size=_FINGERPRINT_BYTES).hexdigest()}"


def _lines(exchange: Exchange, response_options: ResponseOptions, began: CallStarted) -> bytes:
    """Return the headers of what ran, as they are sent."""
    exchange.quota = began.quota
    lines = inference(began.model, began.engine)
    if began.notice is not None:
        lines += ending(began.notice)
    if response_options.guided:
        lines += lines_of([(b"x-fondaco-guided-by", began.engine.encode())])
    return lines + ignored_fields((*response_options.ignored, *began.ignored))
