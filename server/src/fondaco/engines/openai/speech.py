"""Models that speak, of any engine that speaks OpenAI's speech API."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from fondaco.clients.client import ClientResponse, HttpClient
from fondaco.domain.errors import EngineError, NothingToReadError
from fondaco.domain.media.speech import SAMPLE_BYTES, SpeechTask, SpokenPiece
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.lenient_json import loads
from fondaco.engines.common.prompt_commands import unicode_of
from fondaco.engines.common.speech.wav import (
    HEADER_LIMIT_BYTES,
    UnusableWavError,
    WavHeader,
    wav_header_of,
)
from fondaco.engines.openai.errors import error_in_body, refusal
from fondaco.engines.openai.listing import names_listed

_SPEECH = "/audio/speech"
_REFUSAL_LIMIT_BYTES = 2**20
_NO_SUCH_FORMAT = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_RATE = re.compile(r"\brate=(\d{4,6})\b")
_SLOWEST_RATE, _FASTEST_RATE = 8_000, 192_000
_PIECE_S = 0.5
"""Of sound in a piece, at least."""
_CHARACTERS_A_SECOND = 15
"""Characters that people read in a second: the estimate until the sound's end gives the count."""
_LONGEST_S, _LONGEST_S_A_CHARACTER = 60, 2
"""More sound than any text has: an engine that sends more does not stop."""
_ENCODED = (b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"\xff\xf9")
"""First bytes of other formats, which some engines send regardless of the requested format."""


@dataclass(frozen=True, slots=True)
class UpstreamSpeechModel:
    """A model that speaks, as an upstream engine runs it."""

    name: str
    """The engine's name for it."""
    rate: int = 24_000
    """Samples a second of its PCM, where its response does not tell."""


class OpenAISpeech:
    """A `SpeechEngine` behind OpenAI's speech API: asked for PCM, or else for WAV."""

    def __init__(
        self, name: str, client: HttpClient, models: Mapping[str, UpstreamSpeechModel]
    ) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address, up to and including `/v1`.
            models: our model id -> the engine's model.
        """
        self._name = name
        self._client = client
        self._models = models
        self._has_pcm = True
        """Whether the engine sends PCM, as far as is known."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    async def speak(self, task: SpeechTask) -> AsyncGenerator[SpokenPiece]:
        """Yield the engine's sound as it comes; its characters are estimated, and exact at the end.

        Raises:
            InvalidRequestError: the engine refuses the request.
            NothingToReadError: it sends no sound of a text without letters and digits.
            EngineError: it fails, or sends no sound, or more than any text has.
        """
        model = self._models.get(task.model)
        if model is None:
            raise EngineError(f"The engine {self._name!r} has no model {task.model!r}.")
        if self._has_pcm:
            async with self._asked(task, model, "pcm") as reply:
                refused = b"" if _is_good(reply) else await reply.read(_REFUSAL_LIMIT_BYTES)
                if not refused or not _is_of_format(reply.status, refused):
                    async for piece in _pieces(reply, refused, task, model):
                        yield piece
                    return
        async with self._asked(task, model, "wav") as reply:
            refused = b"" if _is_good(reply) else await reply.read(_REFUSAL_LIMIT_BYTES)
            self._has_pcm = self._has_pcm and not _is_good(reply)
            async for piece in _pieces(reply, refused, task, model):
                yield piece

    async def probe(self) -> None:
        """Return if the engine answers a request for its models: speech as a probe would cost money.

        Raises:
            EngineError: it does not.
        """
        await names_listed(self._client)

    def _asked(
        self, task: SpeechTask, model: UpstreamSpeechModel, response_format: str
    ) -> AbstractAsyncContextManager[ClientResponse]:
        fields = {
            "model": model.name,
            "input": unicode_of(task.text),
            "voice": task.voice,
            "response_format": response_format,
        }
        if task.instructions:
            fields["instructions"] = unicode_of(task.instructions)
        return self._client.send("POST", _SPEECH, orjson.dumps(fields))


async def _pieces(
    reply: ClientResponse, refused: bytes, task: SpeechTask, model: UpstreamSpeechModel
) -> AsyncGenerator[SpokenPiece]:
    """Yield the sound of a response, in pieces of some tenths of a second."""
    if not _is_good(reply):
        raise refusal(reply.status, reply.headers, refused)
    await _expect_sound(reply)
    rate, waiting = await _begun(reply, model.rate)
    told, seconds, length = 0, 0.0, len(task.text)
    longest_s = _LONGEST_S + _LONGEST_S_A_CHARACTER * length
    while True:
        arrived = await reply.piece()
        waiting += arrived
        size = len(waiting) - len(waiting) % SAMPLE_BYTES
        if arrived and size < _PIECE_S * rate * SAMPLE_BYTES:
            continue
        seconds += size / (rate * SAMPLE_BYTES)
        if seconds > longest_s:
            raise EngineError("The model's engine sends audio without an end.")
        if not arrived:
            break
        spoken = min(length - 1, round(seconds * _CHARACTERS_A_SECOND))
        yield SpokenPiece(waiting[:size], rate, spoken - told)
        told, waiting = spoken, waiting[size:]
    if not seconds:
        raise _silent() if any(map(str.isalnum, task.text)) else NothingToReadError
    yield SpokenPiece(waiting[:size], rate, length - told)


async def _begun(reply: ClientResponse, usual_rate: int) -> tuple[int, bytes]:
    """Return the rate of a response's samples, and the first of them.

    Raises:
        EngineError: it is neither PCM nor a WAV file of mono PCM.
    """
    told = _RATE.search(reply.headers.get("content-type", ""))
    begun = b""
    while len(begun) < len(b"RIFF") and (arrived := await reply.piece()):
        begun += arrived
    if begun.startswith(_ENCODED):
        raise EngineError("The model's engine sent another format than requested.")
    if not begun.startswith(b"RIFF"):
        return _checked(int(told[1]) if told else usual_rate), begun
    while (header := _header(begun)) is None:
        arrived = await reply.piece()
        if not arrived or len(begun) > HEADER_LIMIT_BYTES:
            raise _unusable()
        begun += arrived
    return _checked(header.rate), begun[header.size_bytes :]


def _header(begun: bytes) -> WavHeader | None:
    try:
        return wav_header_of(begun)
    except UnusableWavError:
        raise _unusable() from None


def _unusable() -> EngineError:
    return EngineError("The model's engine sent a WAV file that is not mono PCM of 16 bits.")


def _checked(rate: int) -> int:
    checked = whole(rate, _FASTEST_RATE)
    if checked is None or checked < _SLOWEST_RATE:
        raise EngineError("The model's engine sent audio with an unsupported sample rate.")
    return checked


async def _expect_sound(reply: ClientResponse) -> None:
    """Return if a good response is not JSON or a text.

    Raises:
        FondacoError: it reports an error.
    """
    media_type = reply.headers.get("content-type", "")
    if "json" not in media_type and not media_type.startswith("text/"):
        return
    body = await reply.read(_REFUSAL_LIMIT_BYTES)
    try:
        document = loads(body)
    except ValueError:
        document = None
    fault = error_in_body(document) if isinstance(document, dict) else None
    raise fault or _silent()


def _silent() -> EngineError:
    return EngineError("The model's engine sent no audio.")


def _is_good(reply: ClientResponse) -> bool:
    return reply.status == HTTPStatus.OK


def _is_of_format(status: int, body: bytes) -> bool:
    """Whether a refusal is about the format."""
    return status in _NO_SUCH_FORMAT and (b"response_format" in body or b"pcm" in body.lower())
