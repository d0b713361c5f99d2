"""POST /api/v1/audio/speech."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

import orjson

from fondaco.domain.errors import NothingToReadError
from fondaco.domain.media.speech import SpeechFormat
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.openai.speech.schemas import CreateSpeechRequest, SpeechStreamEvent
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.headers import ending, ignored_fields, inference, voice_header
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import AnyResponse, Content, Endpoint, RequestContext
from fondaco.http.endpoint.file_stream import FileStream, StreamedFile
from fondaco.http.endpoint.responses import Events, EventStream, Response
from fondaco.http.exchange.exchange import Exchange
from fondaco.serving.speech import SpeechEvent, SpeechFinished, SpeechStarted

_OF_OPENAI = "/v1/"
"""Below it the sound is sent while it is made, as OpenAI's API does."""

_BYTES_A_CHARACTER = 4_096
"""Of a whole file before it is known: 24,000 samples a second of two bytes, and twelve characters."""


async def run(
    context: RequestContext[CreateSpeechRequest, None],
) -> AnyResponse:
    """Read a text aloud."""
    body, exchange = context.body, context.exchange
    stream = body.streams(usually=exchange.path.startswith(_OF_OPENAI))
    request = body.to_domain(stream=stream)
    events = context.platform.speech.answer(context.call(), request)
    if body.stream_format == "sse":
        return Events(partial(_send_events, exchange, events), ending=b"")
    media_type = request.format.media_type.encode()
    if stream:
        return StreamedFile(partial(_send_file, exchange, events), media_type)
    context.reply_memory.hold(len(request.text) * _BYTES_A_CHARACTER)
    lines, file = b"", b""
    async with aclosing(events):
        async for event in events:
            match event:
                case SpeechStarted():
                    lines = _headers(exchange, event)
                case bytes():
                    file = event
                case SpeechFinished():
                    pass
    return Response(file, media_type, lines=lines)


async def _send_file(
    exchange: Exchange, events: AsyncGenerator[SpeechEvent], stream: FileStream
) -> None:
    async with aclosing(events):
        async for event in events:
            match event:
                case SpeechStarted():
                    stream.lines += _headers(exchange, event)
                case bytes():
                    await stream.write(event)
                case SpeechFinished():
                    stream.finish()


async def _send_events(
    exchange: Exchange, events: AsyncGenerator[SpeechEvent], stream: EventStream
) -> None:
    async with aclosing(events):
        async for event in events:
            match event:
                case SpeechStarted():
                    stream.lines += _headers(exchange, event)
                case bytes():
                    await stream.write(_delta(event))
                case SpeechFinished(usage):
                    stream.finish(_done(usage))


def _delta(piece: bytes) -> bytes:
    return _event({"type": "speech.audio.delta", "audio": b64encode(piece).decode()})


def _done(usage: Usage) -> bytes:
    characters = usage.characters
    counted = {"input_tokens": characters, "output_tokens": 0, "total_tokens": characters}
    return _event({"type": "speech.audio.done", "usage": counted})


def _event(fields: dict[str, object]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(fields)


def _headers(exchange: Exchange, started: SpeechStarted) -> bytes:
    """Return the headers that describe a call, as they are sent, and set the exchange's quota."""
    exchange.quota = started.quota
    lines = inference(started.model, started.engine) + ignored_fields(started.ignored)
    lines += voice_header(started.voice)
    return lines if started.notice is None else lines + ending(started.notice)


_FIRST, *_OTHERS = (one.media_type for one in SpeechFormat)

ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/audio/speech",
    run=run,
    summary="Read a text aloud",
    tag="Speech",
    body=Json(schema=CreateSpeechRequest),
    paid=True,
    responses={
        200: Content(
            "The sound; with `stream_format: sse` in server-sent events",
            media_type=_FIRST,
            files=tuple(_OTHERS),
            stream=SpeechStreamEvent,
            headers={
                "x-fondaco-voice": "The voice that speaks: the one that was asked for, or the nearest to it "
                "that the model has.",
                "x-fondaco-ignored-params": "Fields that mean nothing here. Absent where none does.",
                "x-venice-model-deprecation-warning": "Absent but where the model that was asked for will be "
                "retired, or was.",
                "x-venice-model-deprecation-date": "When, in UTC.",
            },
        )
    },
    errors=(NothingToReadError,),
)
