"""Answers of chat calls: the steps of a call, written whole or as a stream of events."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b

from fondaco import __version__
from fondaco.domain.call import Call, request_id
from fondaco.domain.errors import EngineTimeoutError, InferenceFailedError
from fondaco.domain.light import light
from fondaco.domain.usage import Usage
from fondaco.domain.web import Gathered
from fondaco.http.chat_format import DONE, Chunks, Fold
from fondaco.http.echo import documents, echo, opening
from fondaco.http.exchange import Exchange
from fondaco.http.headers import ending, inference, lines_of
from fondaco.http.replies import Events, EventStream, Whole
from fondaco.http.schemas.chat_request import VeniceParameters
from fondaco.serving.chat import Began, Step

_FINGERPRINT_BYTES = 6
_MOST, _LONGEST = 20, 64
"""How many ignored fields are named, of how many characters."""


@light
@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer is written."""

    choices: int
    logprobs: bool
    usage: bool
    """Whether a stream ends with a report of usage."""
    ignored: tuple[str, ...] = ()
    """Fields of the request that the API does not know."""
    parameters: VeniceParameters | None = None
    """What the reply echoes; None: its API has no such thing, and no `[DONE]` either.

    Its errors are then named by `event: error`: Scale's clients take any other event for a chunk.
    """
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
    steps: AsyncGenerator[Step],
    manner: Manner,
    *,
    stream: bool,
) -> Whole | Events:
    """Return the answer to a call, which for a stream has yet to run."""
    if stream:
        exchange.error_lines = b"event: error\n" if manner.parameters is None else b""
        return Events(partial(_stream, exchange, call, steps, manner))
    return await _whole(exchange, call, steps, manner)


async def _whole(
    exchange: Exchange, call: Call, steps: AsyncGenerator[Step], manner: Manner
) -> Whole:
    fold = Fold(manner.choices, logprobs=manner.logprobs)
    began: Began | None = None
    try:
        async with aclosing(steps):
            async for step in steps:
                if isinstance(step, tuple):
                    fold.add(step)
                elif isinstance(step, Began):
                    began = step
                else:
                    fold.settle(step.usage)
    except EngineTimeoutError as late:
        if str(late) != EngineTimeoutError.default:
            raise  # waiting in a stream would not help
        raise type(late)(f"{late} {late.advice}") from late
    if began is None:
        raise SilentEngineError
    if (found := documents(manner.parameters, began.web, call.id)) is not None:
        fold.attach(found)
    spoken = None if manner.parameters is None else echo(manner.parameters, began.web)
    body = fold.reply(
        request_id(call.id),
        int(call.opened_at),
        began.model.id,
        spoken,
        _fingerprint(manner, began),
    )
    return Whole(body, lines=_lines(exchange, manner, began))


async def _stream(
    exchange: Exchange,
    call: Call,
    steps: AsyncGenerator[Step],
    manner: Manner,
    stream: EventStream,
) -> None:
    chunks: Chunks | None = None
    usage: Usage | None = None
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, tuple):
                if chunks is not None and (events := chunks.write(step)):
                    await stream.write(events)
            elif isinstance(step, Began):
                stream.lines += _lines(exchange, manner, step)
                chunks = Chunks(
                    request_id(call.id),
                    int(call.opened_at),
                    step.model.id,
                    _fingerprint(manner, step),
                )
                if step.web is not None and (first := _opened(manner, call, chunks, step.web)):
                    await stream.write(first)
            else:
                usage = step.usage
    if chunks is None or usage is None:
        raise SilentEngineError
    report = chunks.usage(usage) if manner.usage else b""
    stream.finish(report if manner.parameters is None else report + DONE)


def _opened(manner: Manner, call: Call, chunks: Chunks, web: Gathered) -> bytes:
    """Return the first event, where it has to tell of what was brought from the web."""
    said = opening(manner.parameters, web)
    found = documents(manner.parameters, web, call.id)
    return b"" if said is None and found is None else chunks.open(said, found)


def _fingerprint(manner: Manner, began: Began) -> str | None:
    if not manner.fingerprint:
        return None
    answering = f"{__version__}/{began.engine}/{began.model.id}".encode()
    return f"fp_{blake2b(answering, digest_size=_FINGERPRINT_BYTES).hexdigest()}"


def _lines(exchange: Exchange, manner: Manner, began: Began) -> bytes:
    """Return the headers of what ran, as they are sent."""
    exchange.quota = began.quota
    lines = inference(began.model, began.engine)
    if began.notice is not None:
        lines += ending(began.notice)
    if manner.guided:
        lines += lines_of([(b"x-fondaco-guided-by", began.engine.encode())])
    if ignored := (*manner.ignored, *began.ignored):
        lines += lines_of([(b"x-fondaco-ignored-params", _listed(ignored))])
    return lines


def _listed(names: Iterable[str]) -> bytes:
    """Return names for a header; what could not be a field's name is left out."""
    fit = {name for name in names if len(name) <= _LONGEST and name.isascii() and _is_path(name)}
    return ", ".join(sorted(fit)[:_MOST]).encode()


def _is_path(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
