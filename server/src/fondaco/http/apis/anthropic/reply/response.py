"""Responses of message calls: the events of a call, as one message or as a stream."""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import replace
from functools import partial

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.money.call import Call
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.anthropic.dialect import PING
from fondaco.http.apis.anthropic.reply.events import MessageEvents
from fondaco.http.apis.anthropic.reply.message import MessageAccumulator
from fondaco.http.apis.openai.chat.delivery import Beginning, call_headers, collected, streamed
from fondaco.http.endpoint.responses import Events, Response
from fondaco.http.exchange.exchange import Exchange
from fondaco.serving.chat.call.events import CallEvent, CallStarted

_NAMES = {
    "reasoning_effort": "output_config.effort",
    "reasoning.enabled": "thinking",
    "reasoning.max_tokens": "thinking.budget_tokens",
}
"""Fields that models may ignore -> what Anthropic's API calls them."""


async def answered(
    exchange: Exchange,
    call: Call,
    events: AsyncGenerator[CallEvent],
    ignored: tuple[str, ...],
    *,
    stream: bool,
) -> Response | Events:
    """Return the response to a call; a stream runs only when the edge sends it.

    Args:
        exchange: the request.
        call: the call.
        events: of the call.
        ignored: fields of the request that have no effect.
        stream: whether events are requested.
    """
    if stream:
        begin = partial(_begun, exchange, call, ignored)
        return Events(partial(streamed, exchange, events, begin), ping=PING)
    batches: list[EventBatch] = []
    started, usage = await collected(events, batches.append)
    return whole(exchange, call, started, batches, usage, ignored=ignored)


def whole(
    exchange: Exchange,
    call: Call,
    started: CallStarted,
    batches: Iterable[EventBatch],
    usage: Usage,
    *,
    ignored: tuple[str, ...],
) -> Response:
    """Return the response with the whole answer to a call."""
    accumulator = MessageAccumulator(message_id(call))
    for batch in batches:
        accumulator.add(batch)
    body = accumulator.body(started.model.id, usage, started.web)
    return Response(body, lines=_headers(exchange, started, ignored))


def message_id(call: Call) -> str:
    """Return the public id of a call's message."""
    return f"msg_{call.id}"


def _begun(
    exchange: Exchange, call: Call, ignored: tuple[str, ...], started: CallStarted
) -> Beginning:
    """Return the writer of a stream, with its headers and its first events."""
    writer = MessageEvents(message_id(call), started.model.id)
    first = writer.start(started.input_tokens, started.web)
    return Beginning(writer, _headers(exchange, started, ignored), first)


def _headers(exchange: Exchange, started: CallStarted, ignored: tuple[str, ...]) -> bytes:
    if started.ignored:
        names = tuple([_NAMES.get(name, name) for name in started.ignored])
        started = replace(started, ignored=names)
    return call_headers(exchange, started, ignored)
