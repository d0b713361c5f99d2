"""Spoken replies: the text of a chat's reply, read aloud once it is complete.

A reply is one paid call, and its speech another one: each is charged by its own model's price.

Source: OpenAI's API reference, "Create chat completion", `modalities` and `audio`.
"""

from base64 import b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Literal

import orjson
from pydantic import Field

from fondaco.domain.chat.events import ChatEvent, EventBatch, Finish, Opaque, Text
from fondaco.domain.errors import FondacoError, InvalidRequestError
from fondaco.domain.media.speech import SpeechFormat, SpeechRequest
from fondaco.domain.media.voices import DEFAULT_VOICE
from fondaco.domain.money.call import Call
from fondaco.http.endpoint.fields import Strict
from fondaco.serving.chat.call.events import CallEvent, CallFinished, CallStarted
from fondaco.serving.platform import Platform
from fondaco.serving.speech import Speech

Modality = Literal["text", "audio"]
MODALITIES = (
    "`audio`: the reply is read aloud as well, and both are charged. Then `text` comes, too."
)
_DEFAULT = "default"
_AUDIO = "audio"


class SpokenAudio(Strict):
    """Voice and format of a reply that is read aloud."""

    voice: str = Field(DEFAULT_VOICE, max_length=100, description="As in POST /audio/speech.")
    format: Literal["wav", "mp3", "flac", "opus", "aac", "pcm16", "pcm"] = Field(
        "mp3", description="As `response_format` there; `pcm16` is `pcm`."
    )


@dataclass(frozen=True, slots=True)
class SpokenReply:
    """Reads the reply of a call aloud."""

    speech: Speech
    call: Call
    """The one that its speech is charged as."""
    request: SpeechRequest
    """Without the text, which is to come."""
    id: str
    """Of the audio."""
    created: int
    """Unix seconds: nothing is stored, so that is also when it ends."""
    voice: str
    """The voice in use: differs from the requested one if that is not installed."""

    async def read(self, text: str) -> AsyncGenerator[bytes]:
        """Yield the sound of a text.

        Raises:
            FondacoError: it cannot be made, or not be paid for.
        """
        events = self.speech.answer(self.call, replace(self.request, text=text))
        async with aclosing(events):
            async for event in events:
                if isinstance(event, bytes):
                    yield event


def spoken_reply(
    platform: Platform,
    call: Call,
    modalities: Sequence[Modality] | None,
    audio: SpokenAudio | None,
    *,
    choices: int,
    stream: bool,
) -> SpokenReply | None:
    """Return the speech of a reply; None if it is not requested.

    Raises:
        InvalidRequestError: several choices are requested, the voice does not exist, or `audio` is given
            without its modality.
        ModelNotFoundError: no model speaks here.
        EngineUnavailableError: none can.
    """
    if _AUDIO not in (modalities or ()):
        if audio is not None:
            why = 'Only with `modalities: ["text", "audio"]`.'
            raise InvalidRequestError(faults={_AUDIO: (why,)})
        return None
    if choices > 1:
        raise InvalidRequestError(faults={"modalities": ("Only one choice can be spoken.",)})
    audio = audio or SpokenAudio()
    request = SpeechRequest(
        model=_DEFAULT,
        text="",
        voice=audio.voice,
        format=SpeechFormat(audio.format.removesuffix("16")),
        stream=stream,
    )
    voice = platform.speech.expect_able(request)
    own = replace(call, id=platform.ids.call(), idempotency_key=None)
    return SpokenReply(platform.speech, own, request, f"audio_{own.id}", int(call.opened_at), voice)


async def read_aloud(
    events: AsyncGenerator[CallEvent], spoken: SpokenReply
) -> AsyncGenerator[CallEvent]:
    """Yield the events of a call, and the sound of its text before its end, as the field `audio`.

    The text of a reply that is not streamed is not withheld where its speech fails: `audio` is null then, and
    counts as a field without an effect.

    Raises:
        FondacoError: as the call itself; in a stream also as its speech.
    """
    stream, withheld = spoken.request.stream, _Withheld()
    async with aclosing(events):
        async for event in events:
            if (shown := withheld.rest_of(event, stream=stream)) is not None:
                yield shown
    sound = _streamed(spoken, withheld) if stream else _attached(spoken, withheld)
    async with aclosing(sound):
        async for event in sound:
            yield event
    if withheld.ends:
        yield tuple(withheld.ends)
    if withheld.finished is not None:
        yield withheld.finished


@dataclass(slots=True)
class _Withheld:
    """State of a call, withheld until its sound has been sent."""

    texts: list[str] = field(default_factory=list)
    ends: list[ChatEvent] = field(default_factory=list)
    started: CallStarted | None = None
    finished: CallFinished | None = None

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.texts)

    def rest_of(self, event: CallEvent, *, stream: bool) -> CallEvent | None:
        """Note an event, and return what of it is not withheld; a whole reply has its headers last."""
        match event:
            case CallStarted():
                self.started = event
                return event if stream else None
            case CallFinished():
                self.finished = event
                return None
            case _:
                self.texts += [one.text for one in event if isinstance(one, Text)]
                self.ends += [one for one in event if isinstance(one, Finish)]
                return tuple([one for one in event if not isinstance(one, Finish)])


async def _streamed(spoken: SpokenReply, withheld: _Withheld) -> AsyncGenerator[CallEvent]:
    if not withheld.text:
        return
    async with aclosing(spoken.read(withheld.text)) as pieces:
        yield _field({"id": spoken.id, "transcript": withheld.text})
        async for piece in pieces:
            yield _field({"data": b64encode(piece).decode()})
    yield _field({"expires_at": spoken.created})


async def _attached(spoken: SpokenReply, withheld: _Withheld) -> AsyncGenerator[CallEvent]:
    file, text, started = b"", withheld.text, withheld.started
    if text:
        with suppress(FondacoError):
            async with aclosing(spoken.read(text)) as pieces:
                file = b"".join([piece async for piece in pieces])
    if file:
        data = b64encode(file).decode()
        told = {"id": spoken.id, "data": data, "expires_at": spoken.created, "transcript": text}
        yield _field(told)
    else:
        yield _field(None)
    if started is not None:
        failed = (_AUDIO,) if text and not file else ()
        yield replace(started, ignored=started.ignored + failed)


def _field(value: dict[str, object] | None) -> EventBatch:
    return (Opaque(0, {_AUDIO: orjson.dumps(value).decode()}),)
