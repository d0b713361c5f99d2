"""Models that transcribe, of any engine that speaks OpenAI's audio API."""

import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from anyio import to_thread

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.domain.media.languages import UNKNOWN, code_of
from fondaco.domain.media.sound import Sound
from fondaco.domain.media.transcription import (
    Segment,
    TranscriptionKind,
    TranscriptionTask,
    TranscriptPart,
    Word,
    checked_word,
)
from fondaco.engines.common.images.form import form_of
from fondaco.engines.common.lenient_json import loads
from fondaco.engines.common.sound_pieces import end_of_piece, file_of
from fondaco.engines.openai.errors import error_in_body, refusal
from fondaco.engines.openai.listing import names_listed

_PATHS = {
    TranscriptionKind.TRANSCRIBE: "/audio/transcriptions",
    TranscriptionKind.TRANSLATE: "/audio/translations",
}
_LONGEST_PIECE_S = 600.0
"""Of one request: as a WAV file 19 MB, and engines take 25."""
_ANSWER_LIMIT_BYTES = 16 * 2**20
_MOST_VALUES = 2**19
_NO_SUCH_FIELD = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_GRANULARITIES = "timestamp_granularities[]"
_TIMED = ("response_format", "timestamp_granularities", "verbose_json")
_WORD = re.compile(r"[a-z_]+")
_LONGEST_LANGUAGE = 40


class OpenAITranscription:
    """A `TranscriptionEngine` behind OpenAI's audio API, which gets sound and never a caller's file."""

    def __init__(self, name: str, client: HttpClient, models: Mapping[str, str]) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address, up to and including `/v1`.
            models: our model id -> the engine's name for it.
        """
        self._name = name
        self._client = client
        self._models = models
        self._untimed: set[str] = set()
        """Models that tell no times, as far as is known."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    async def transcribe(self, task: TranscriptionTask) -> AsyncGenerator[TranscriptPart]:
        """Yield the engine's transcript, a piece of ten minutes at a time.

        Raises:
            InvalidRequestError: the engine refuses the request.
            EngineError: the engine fails, or sends no transcript.
        """
        model = self._models.get(task.model)
        if model is None:
            raise EngineError(f"The engine {self._name!r} has no model {task.model!r}.")
        sound, at_s, language = task.sound, 0.0, task.language
        while at_s < sound.seconds:
            end_s = await to_thread.run_sync(end_of_piece, sound, at_s, _LONGEST_PIECE_S)
            answer = await self._asked(task, model, language, sound.between(at_s, end_s))
            segments = [one.later(at_s).within(end_s) for one in _segments(answer, end_s - at_s)]
            language = language or _language(answer)
            at_s = end_s
            yield TranscriptPart(end_s, tuple(segments), language)

    async def probe(self) -> None:
        """Return if the engine answers a request for its models: a transcript would cost money.

        Raises:
            EngineError: it does not.
        """
        await names_listed(self._client)

    async def _asked(
        self, task: TranscriptionTask, model: str, language: str | None, sound: Sound
    ) -> Mapping[str, Any]:
        """Return the engine's answer for a piece; with timestamps, if the model supports them.

        Raises:
            EngineError: the engine fails, or sends no object.
            FondacoError: it refuses the request.
        """
        fields = {"model": model, "temperature": f"{task.temperature:g}"}
        if language and task.kind is TranscriptionKind.TRANSCRIBE:
            fields["language"] = language
        if task.prompt:
            fields["prompt"] = task.prompt
        file = await to_thread.run_sync(file_of, sound)
        timed = model not in self._untimed
        status, headers, body = await self._post(task, fields | _format(task, timed=timed), file)
        if timed and status in _NO_SUCH_FIELD and _is_about_times(body):
            status, headers, body = await self._post(
                task, fields | _format(task, timed=False), file
            )
            if status == HTTPStatus.OK:
                self._untimed.add(model)
        if status != HTTPStatus.OK:
            raise refusal(status, headers, body)
        return _document(body)

    async def _post(
        self, task: TranscriptionTask, fields: Mapping[str, str], file: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        content_type, form = form_of(fields, {"file": ("audio.wav", file)}, "audio/wav")
        path = _PATHS[task.kind]
        async with self._client.send("POST", path, form, content_type=content_type) as reply:
            return reply.status, reply.headers, await reply.read(_ANSWER_LIMIT_BYTES)


def _format(task: TranscriptionTask, *, timed: bool) -> dict[str, str]:
    """Return the fields that say how the answer is to be written."""
    if not timed:
        return {"response_format": "json"}
    words = {_GRANULARITIES: "word"} if task.words else {}
    return {"response_format": "verbose_json", **words}


def _is_about_times(body: bytes) -> bool:
    words = set(_WORD.findall(body.decode("utf-8", "replace").lower()))
    return not words.isdisjoint(_TIMED)


def _document(body: bytes) -> Mapping[str, Any]:
    """Return the object in a response.

    Raises:
        EngineError: there is none, or it has no text.
        FondacoError: the response reports an error.
    """
    try:
        document = loads(body, _MOST_VALUES)
    except ValueError as error:
        raise EngineError("The model's engine sent a reply that is not JSON.") from error
    if not isinstance(document, dict):
        raise EngineError("The model's engine sent a reply that is not a JSON object.")
    if not isinstance(document.get("text"), str):
        fault = error_in_body(document)
        raise fault or EngineError("The model's engine sent no transcript.")
    return document


def _language(answer: Mapping[str, Any]) -> str | None:
    language = answer.get("language")
    if not isinstance(language, str) or not 0 < len(language) <= _LONGEST_LANGUAGE:
        return None
    code = code_of(language)
    return None if code == UNKNOWN else code


def _segments(answer: Mapping[str, Any], length_s: float) -> list[Segment]:
    """Return the segments of an answer; without any times, all of its text as one.

    Raises:
        EngineError: a segment is none.
    """
    words = _words(answer.get("words"))
    shown = answer.get("segments")
    if not isinstance(shown, list):
        text = answer["text"].strip()
        whole = Segment.checked(f" {text}", 0, length_s, words)
        return [whole] if text and whole is not None else []
    segments: list[Segment] = []
    last_s = 0.0
    for one in shown:
        segment = _segment(one if isinstance(one, dict) else {}, words)
        if segment is None or segment.end_s < last_s:
            raise EngineError("The model's engine sent a transcript with invalid timestamps.")
        segments.append(segment)
        last_s = segment.end_s
    return segments


def _segment(shown: Mapping[str, Any], words: Iterable[Word]) -> Segment | None:
    segment = Segment.checked(
        shown.get("text"),
        shown.get("start"),
        shown.get("end"),
        (),
        shown.get("tokens"),
        shown.get("temperature"),
        shown.get("avg_logprob"),
        shown.get("compression_ratio"),
        shown.get("no_speech_prob"),
    )
    if segment is None:
        return None
    start_s, end_s = segment.start_s, segment.end_s
    said = [word for word in words if start_s <= (word.start_s + word.end_s) / 2 < end_s]
    return replace(segment, words=tuple(said))


def _words(shown: object) -> list[Word]:
    """Return the words of an answer, without what is none."""
    found = [one for one in shown if isinstance(one, dict)] if isinstance(shown, list) else []
    words = [checked_word(one.get("word"), one.get("start"), one.get("end")) for one in found]
    return [word for word in words if word is not None]
