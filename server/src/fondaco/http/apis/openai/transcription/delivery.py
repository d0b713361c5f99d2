"""Delivery of transcripts: whole in a response, or in events as they are made."""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from functools import partial

from fondaco.domain.errors import EngineError
from fondaco.domain.media.transcription import TranscriptionRequest, TranscriptPart
from fondaco.domain.money.call import Call
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.openai.transcription.schemas import Granularity, ResponseFormat
from fondaco.http.apis.openai.transcription.writers import (
    TranscriptEvents,
    WholeTranscript,
    written,
)
from fondaco.http.edge.headers import ending, ignored_fields, inference
from fondaco.http.endpoint.responses import Events, EventStream, Response
from fondaco.http.exchange.exchange import Exchange
from fondaco.serving.transcription import (
    Transcriber,
    TranscriptionEvent,
    TranscriptionFinished,
    TranscriptionStarted,
)


async def whole(
    exchange: Exchange,
    transcriber: Transcriber,
    call: Call,
    request: TranscriptionRequest,
    *,
    shown_as: ResponseFormat,
    granularities: Collection[Granularity],
    ignored: tuple[str, ...] = (),
) -> Response:
    """Return the response with a whole transcript."""
    parts: list[TranscriptPart] = []
    started: TranscriptionStarted | None = None
    usage: Usage | None = None
    async with aclosing(transcriber.answer(call, request)) as events:
        async for event in events:
            match event:
                case TranscriptionStarted():
                    started = event
                case TranscriptPart():
                    parts.append(event)
                case TranscriptionFinished():
                    usage = event.usage
    if started is None or usage is None:
        raise EngineError
    transcript = WholeTranscript(request.kind, started.sound_s, parts, usage)
    body, media_type = written(transcript, shown_as, granularities)
    return Response(body, media_type, lines=_headers(exchange, started, ignored))


def streamed(
    exchange: Exchange,
    transcriber: Transcriber,
    call: Call,
    request: TranscriptionRequest,
    *,
    ignored: tuple[str, ...] = (),
) -> Events:
    """Return the response with the events of a transcript."""
    events = transcriber.answer(call, request, stream=True)
    return Events(partial(_send, exchange, events, ignored))


async def _send(
    exchange: Exchange,
    events: AsyncGenerator[TranscriptionEvent],
    ignored: tuple[str, ...],
    stream: EventStream,
) -> None:
    writer = TranscriptEvents()
    async with aclosing(events):
        async for event in events:
            match event:
                case TranscriptionStarted():
                    stream.lines += _headers(exchange, event, ignored)
                case TranscriptPart():
                    if sent := writer.write(event):
                        await stream.write(sent)
                case TranscriptionFinished(usage):
                    stream.finish(writer.end(usage))


def _headers(exchange: Exchange, started: TranscriptionStarted, ignored: tuple[str, ...]) -> bytes:
    """Return the headers that describe a call, as they are sent, and set the exchange's quota."""
    exchange.quota = started.quota
    lines = inference(started.model, started.engine) + ignored_fields(ignored)
    return lines if started.notice is None else lines + ending(started.notice)
