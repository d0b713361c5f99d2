"""Images, speech and transcripts that a server makes: the requests, and its responses as the commands tell them."""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import orjson

from fondaco.app.without_server.one_image import OneImage
from fondaco.app.without_server.one_speech import OneSpeech
from fondaco.cli.connecting.api import Api
from fondaco.cli.media.received import expect_media

if TYPE_CHECKING:
    from fondaco.domain.media.image_request import ImageRequest
    from fondaco.domain.media.speech import SpeechRequest
    from fondaco.domain.media.transcription import TranscriptionRequest

_MOST_BYTES = 512 * 2**20
_SEED = re.compile(r"-?[0-9]{1,20}")


async def image_from(api: Api, request: "ImageRequest") -> OneImage:
    """Have a server generate an image.

    Raises:
        FailedError: it does not answer, or refuses.
    """
    fields = {
        "model": request.model,
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt or None,
        "width": request.width,
        "height": request.height,
        "steps": request.steps,
        "seed": request.seed,
        "style_preset": None if request.style is None else request.style.name,
        "format": request.encoding.format.value.removeprefix("image/"),
        "return_binary": True,
        "safe_mode": request.safe_mode,
    }
    file, headers = await _made(api, "/image/generate", fields, "image")
    seed = headers.get("x-fondaco-seeds", "").partition(",")[0]
    return OneImage(
        _model(headers, request.model),
        file,
        int(seed) if _SEED.fullmatch(seed) else request.seed or 0,
        headers.get("x-fondaco-prompt-understood") != "false",
        _ignored(headers),
    )


async def speech_from(api: Api, request: "SpeechRequest") -> OneSpeech:
    """Have a server read a text aloud.

    Raises:
        FailedError: it does not answer, or refuses.
    """
    fields = {
        "model": request.model,
        "input": request.text,
        "voice": request.voice,
        "response_format": request.format.value,
        "speed": request.speed,
        "instructions": request.instructions or None,
    }
    file, headers = await _made(api, "/audio/speech", fields, "audio")
    voice = headers.get("x-fondaco-voice", request.voice)
    return OneSpeech(_model(headers, request.model), voice, file, None, _ignored(headers))


async def transcript_from(
    api: Api, request: "TranscriptionRequest", written_as: str
) -> tuple[str, bytes]:
    """Have a server write a recording down; return the model's id, and the transcript as it is written.

    Raises:
        FailedError: it does not answer, or refuses.
    """
    from fondaco.domain.media.transcription import TranscriptionKind

    is_translation = request.kind is TranscriptionKind.TRANSLATE
    is_json = written_as == "json"
    fields = [("model", request.model)]
    fields += [("response_format", "verbose_json" if is_json else written_as)]
    fields += [("prompt", request.prompt)] if request.prompt else []
    if not is_translation:
        fields += [("language", request.language)] if request.language else []
        both = [("timestamp_granularities[]", one) for one in ("segment", "word")]
        fields += both if is_json else []
    boundary = secrets.token_hex(16)
    async with api.sent(
        "POST",
        "/audio/translations" if is_translation else "/audio/transcriptions",
        _form(fields, _bytes(request.file), boundary),
        f"multipart/form-data; boundary={boundary}",
    ) as response:
        return _model(response.headers, request.model), await response.read(_MOST_BYTES)


def _form(fields: Sequence[tuple[str, str]], file: bytes, boundary: str) -> bytes:
    """Return a form with a file, which every OpenAI-compatible API takes (RFC 7578)."""
    head = f"--{boundary}\r\nContent-Disposition: form-data; name="
    parts = [f'{head}"{name}"\r\n\r\n{text}\r\n'.encode() for name, text in fields]
    opening = (
        f'{head}"file"; filename="recording"\r\nContent-Type: application/octet-stream\r\n\r\n'
    )
    return b"".join((*parts, opening.encode(), file, f"\r\n--{boundary}--\r\n".encode()))


async def _made(
    api: Api, path: str, fields: Mapping[str, object], kind: Literal["audio", "image"]
) -> tuple[bytes, Mapping[str, str]]:
    given = {name: value for name, value in fields.items() if value is not None}
    async with api.sent("POST", path, orjson.dumps(given)) as response:
        file, headers = await response.read(_MOST_BYTES), response.headers
    expect_media(file, headers, kind, api.place)
    return file, headers


def _model(headers: Mapping[str, str], asked: str) -> str:
    return headers.get("x-venice-model-id", asked)


def _ignored(headers: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(filter(None, headers.get("x-fondaco-ignored-params", "").split(", ")))


def _bytes(file: bytes | str) -> bytes:
    return file if isinstance(file, bytes) else file.encode()
