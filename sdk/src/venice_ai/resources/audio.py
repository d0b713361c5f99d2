"""Audio: texts read aloud, and recordings written down.

Source: POST /audio/speech, /audio/transcriptions, /audio/translations.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal
from uuid import uuid4

from venice_ai._http.request import Request
from venice_ai.costs import SpeechQuote, quote_speech
from venice_ai.resources._resource import APIResource, as_json
from venice_ai.resources.models import Choosing
from venice_ai.streaming import SpeechStream, TranscriptStream
from venice_ai.types.api.audio import (
    RecordingSource,
    SpeechFile,
    SpeechFormat,
    SubtitleFormat,
    Subtitles,
    Transcript,
    TranscriptEvent,
)

__all__ = ["Audio", "Speech", "Transcriptions", "Translations"]

_PATH = "/audio/speech"
_TRANSCRIPTIONS = "/audio/transcriptions"


class Speech(APIResource[Choosing]):
    """Texts read aloud."""

    async def create(
        self,
        *,
        input: str,
        model: str | None = None,
        voice: str | None = None,
        response_format: SpeechFormat | None = None,
        speed: float | None = None,
        instructions: str | None = None,
    ) -> SpeechFile:
        """Read a text aloud, and return the whole file.

        Args:
            input: The text, of at most 4,096 characters.
            model: Any name of a speech model; default: the server's.
            voice: Such as `af_sky` or `alloy`; a voice that the server lacks is replaced by the nearest
                one, which `voice` of the reply names.
            response_format: Of the file; mp3 unless given.
            speed: 0.25 to 4; the pitch stays.
            instructions: How to speak, for models that heed it.

        Raises:
            InvalidRequestError: A field is out of its bounds, or nothing of the text can be read.
            NotFoundError: The server does not have this speech model.
            PaymentRequiredError: The account or the key cannot pay for all of the text.

        Example:
            spoken = await client.audio.speech.create(input="Hello!", voice="af_sky")
            spoken.save("hello.mp3")
        """
        body = {
            "input": input,
            "model": model,
            "voice": voice,
            "response_format": response_format,
            "speed": speed,
            "instructions": instructions,
        }
        response = await self._send(Request("POST", _PATH, body=_sent(body), paid=True))
        media_type = response.headers.get("content-type", "")
        made = SpeechFile(content=response.content, media_type=media_type)
        return made.with_meta(self._transport.metadata(response))

    async def stream(
        self,
        *,
        input: str,
        model: str | None = None,
        voice: str | None = None,
        response_format: SpeechFormat | None = None,
        speed: float | None = None,
        instructions: str | None = None,
    ) -> SpeechStream:
        """Read a text aloud, and yield the file while it is made.

        A disconnect stops the engine; text spoken until then is charged.

        Args:
            input: As in `create`.
            model: As in `create`.
            voice: As in `create`.
            response_format: As in `create`; a streamed wav file has no length in its header.
            speed: As in `create`.
            instructions: As in `create`.

        Raises:
            APIError: As `create`; the iteration raises `APIConnectionError` where the file was cut off.

        Example:
            async with await client.audio.speech.stream(input="Hello!") as spoken:
                async for piece in spoken:
                    player.write(piece)
        """
        body = {
            "input": input,
            "model": model,
            "voice": voice,
            "response_format": response_format,
            "speed": speed,
            "instructions": instructions,
            "streaming": True,
        }
        request = Request("POST", _PATH, body=_sent(body), headers={"accept": "audio/*"}, paid=True)
        response = await self._send(request, stream=True)
        return SpeechStream(response, self._transport.metadata(response))


class Transcriptions(APIResource[Choosing]):
    """Recordings written down."""

    async def create(
        self,
        *,
        file: RecordingSource,
        model: str = "default",
        language: str | None = None,
        prompt: str | None = None,
        temperature: float | None = None,
        timestamp_granularities: Sequence[Literal["segment", "word"]] | None = None,
    ) -> Transcript:
        """Transcribe a recording.

        Args:
            file: Its bytes, its path, or the file opened in mode `rb`: flac, mp3, mp4, m4a, aac, ogg, opus, wav
                or webm, up to 25 MiB.
            model: A transcription model by any name that the server resolves.
            language: Spoken language, such as `en`; default: detected by the model.
            prompt: Text that precedes the speech: names and spellings to expect, a style to keep to.
            temperature: 0 to 1; 0 unless given.
            timestamp_granularities: `segment`, `word` or both, for the times of these.

        Raises:
            InvalidRequestError: The file is no recording or too long, or a field is out of its bounds.
            NotFoundError: The server does not have this transcription model.
            PaymentRequiredError: The account or the key cannot pay for all of the recording.
            FileNotFoundError: There is no file at the path; nothing is sent.

        Example:
            heard = await client.audio.transcriptions.create(file=Path("meeting.m4a"))
            print(heard.text)
        """
        form = {
            "model": model,
            "language": language,
            "prompt": prompt,
            "temperature": temperature,
            "timestamp_granularities[]": timestamp_granularities,
            "response_format": None if timestamp_granularities is None else "verbose_json",
        }
        return await self._fetch(await _form(_TRANSCRIPTIONS, file, form), Transcript)

    async def subtitles(
        self,
        *,
        file: RecordingSource,
        format: SubtitleFormat = "srt",
        model: str = "default",
        language: str | None = None,
        prompt: str | None = None,
    ) -> Subtitles:
        """Transcribe a recording as subtitles.

        Args:
            file: As in `create`.
            format: Format of the subtitles.
            model: As in `create`.
            language: As in `create`.
            prompt: As in `create`.

        Raises:
            APIError: As `create`.

        Example:
            heard = await client.audio.transcriptions.subtitles(file=Path("film.mp4"), format="vtt")
            heard.save("film.vtt")
        """
        form = {"model": model, "language": language, "prompt": prompt, "response_format": format}
        response = await self._send(await _form(_TRANSCRIPTIONS, file, form))
        made = Subtitles(text=response.text)
        return made.with_meta(self._transport.metadata(response))

    async def stream(
        self,
        *,
        file: RecordingSource,
        model: str = "default",
        language: str | None = None,
        prompt: str | None = None,
        temperature: float | None = None,
    ) -> TranscriptStream:
        """Transcribe a recording, and stream the text.

        A disconnect stops the engine; seconds transcribed until then are charged.

        Args:
            file: As in `create`.
            model: As in `create`.
            language: As in `create`.
            prompt: As in `create`.
            temperature: As in `create`.

        Raises:
            APIError: As `create`; the iteration also raises it where the engine breaks off.

        Example:
            async with await client.audio.transcriptions.stream(file=Path("talk.mp3")) as heard:
                async for piece in heard.text_deltas():
                    print(piece, end="")
        """
        form = {
            "model": model,
            "language": language,
            "prompt": prompt,
            "temperature": temperature,
            "stream": "true",
        }
        request = await _form(_TRANSCRIPTIONS, file, form)
        response = await self._send(request, stream=True)
        return TranscriptStream(response, TranscriptEvent, self._transport.metadata(response))


class Translations(APIResource[Choosing]):
    """Recordings written down in English."""

    async def create(
        self,
        *,
        file: RecordingSource,
        model: str = "default",
        prompt: str | None = None,
        temperature: float | None = None,
    ) -> Transcript:
        """Translate a recording into English text.

        Args:
            file: As in `transcriptions.create`.
            model: As in `transcriptions.create`; must support translation.
            prompt: As in `transcriptions.create`, in English.
            temperature: As in `create`.

        Raises:
            InvalidRequestError: As of a transcription; or the model does not translate.
            APIError: As of a transcription.

        Example:
            heard = await client.audio.translations.create(file=Path("rede.mp3"))
        """
        form = {"model": model, "prompt": prompt, "temperature": temperature}
        return await self._fetch(await _form("/audio/translations", file, form), Transcript)


class Audio(APIResource[Choosing]):
    """Sound."""

    @cached_property
    def speech(self) -> Speech:
        """Texts read aloud."""
        return Speech(self._client)

    @cached_property
    def transcriptions(self) -> Transcriptions:
        """Recordings written down."""
        return Transcriptions(self._client)

    @cached_property
    def translations(self) -> Translations:
        """Recordings written down in English."""
        return Translations(self._client)

    async def quote(self, *, input: str, model: str = "default") -> SpeechQuote:
        """Return the exact price of reading a text aloud, which is charged by characters.

        Args:
            input: The text.
            model: The id or the trait of a speech model.

        Raises:
            ValueError: The model does not exist, or it has no price by the character.
            APIError: The list of models cannot be had.
        """
        found = await self._client.models.find(model, type="tts")
        if found is None:
            raise ValueError(
                f"There is no speech model {model!r}. client.models.list(type='tts') has them all."
            )
        return quote_speech(found, input)


def _sent(body: Mapping[str, object]) -> bytes:
    return as_json({name: value for name, value in body.items() if value is not None})


async def _form(path: str, file: RecordingSource, fields: Mapping[str, object]) -> Request:
    """Return a request with a form; a file's own name is not sent, only how it ends.

    Raises:
        OSError: The file cannot be read.
    """
    name = "recording"
    if isinstance(file, bytes):
        content = file
    elif hasattr(file, "read"):
        content = await asyncio.to_thread(file.read)
    else:
        name += Path(file).suffix
        content = await asyncio.to_thread(Path(file).read_bytes)
    boundary = uuid4().hex
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, given in fields.items()
        for value in (given if isinstance(given, list | tuple) else (given,))
        if value is not None
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(name)}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = b"".join(
        [
            *(line.encode() for line in lines),
            head.encode(),
            content,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
    )
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return Request("POST", path, body=body, headers=headers, paid=True)


def _quoted(name: str) -> str:
    return "".join(
        letter for letter in name if (letter.isascii() and letter.isalnum()) or letter == "."
    )
