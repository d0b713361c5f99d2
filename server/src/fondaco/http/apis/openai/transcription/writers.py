"""Writers of transcripts: as text, as JSON, as subtitles, and as the events of a stream.

Source: OpenAI's API reference, `response_format`; the SubRip format; WebVTT, section 4.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import orjson

from fondaco.domain.media.languages import name_of
from fondaco.domain.media.transcription import Segment, TranscriptionKind, TranscriptPart
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.openai.transcription.schemas import Granularity, ResponseFormat

_ENGLISH = "en"
_DECIMALS = 2
_SEEKS_A_SECOND = 100
_MEDIA_TYPES: Mapping[ResponseFormat, bytes] = {
    "json": b"application/json",
    "verbose_json": b"application/json",
    "text": b"text/plain; charset=utf-8",
    "srt": b"application/x-subrip; charset=utf-8",
    "vtt": b"text/vtt; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class WholeTranscript:
    """A transcript, complete."""

    kind: TranscriptionKind
    sound_s: float
    parts: Sequence[TranscriptPart]
    usage: Usage

    @property
    def segments(self) -> list[Segment]:
        """All segments, in the order of the sound."""
        return [segment for part in self.parts for segment in part.segments]

    @property
    def text(self) -> str:
        """The complete transcript."""
        return text_of(self.segments)

    @property
    def language(self) -> str:
        """The English name of the language of the text."""
        if self.kind is TranscriptionKind.TRANSLATE:
            return name_of(_ENGLISH)
        return name_of(next((part.language for part in self.parts if part.language), None))


def written(
    transcript: WholeTranscript, shown_as: ResponseFormat, granularities: Collection[Granularity]
) -> tuple[bytes, bytes]:
    """Return the body of a response, and its media type."""
    match shown_as:
        case "json" | "verbose_json":
            verbose = shown_as == "verbose_json"
            body = orjson.dumps(_document(transcript, granularities, verbose=verbose))
        case "text":
            body = _utf8(f"{transcript.text}\n")
        case "srt":
            body = _utf8(_srt(transcript.segments))
        case "vtt":
            body = _utf8(_vtt(transcript.segments))
        case _:
            assert_never(shown_as)
    return body, _MEDIA_TYPES[shown_as]


def text_of(segments: Iterable[Segment]) -> str:
    """Return the text of segments, without the space before the first one."""
    return "".join(segment.text for segment in segments).strip()


class TranscriptEvents:
    """Writes the parts of a transcript as events."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []

    def write(self, part: TranscriptPart) -> bytes:
        """Return the event of a part; empty if the part has no text."""
        before = text_of(self._segments)
        self._segments += part.segments
        delta = text_of(self._segments)[len(before) :]
        return _event({"type": "transcript.text.delta", "delta": delta}) if delta else b""

    def end(self, usage: Usage) -> bytes:
        """Return the last event."""
        text = text_of(self._segments)
        return _event({"type": "transcript.text.done", "text": text, "usage": _usage(usage)})


def _event(fields: Mapping[str, object]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(fields)


def _document(
    transcript: WholeTranscript, granularities: Collection[Granularity], *, verbose: bool
) -> dict[str, object]:
    document: dict[str, object] = {"text": transcript.text, "usage": _usage(transcript.usage)}
    if verbose:
        document |= {"task": transcript.kind.value, "language": transcript.language}
    if verbose or granularities:
        document["duration"] = round(transcript.sound_s, _DECIMALS)
    segments = transcript.segments
    if "segment" in granularities:
        document["segments"] = [_segment(i, one) for i, one in enumerate(segments)]
    if "word" in granularities:
        document["words"] = [
            {
                "word": word.text.strip(),
                "start": round(word.start_s, _DECIMALS),
                "end": round(word.end_s, _DECIMALS),
            }
            for segment in segments
            for word in segment.words
        ]
    return document


def _usage(usage: Usage) -> dict[str, object]:
    return {"type": "duration", "seconds": usage.seconds}


def _segment(number: int, segment: Segment) -> dict[str, object]:
    return {
        "id": number,
        "seek": int(segment.start_s * _SEEKS_A_SECOND),
        "start": round(segment.start_s, _DECIMALS),
        "end": round(segment.end_s, _DECIMALS),
        "text": segment.text,
        "tokens": segment.tokens,
        "temperature": segment.temperature,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": segment.no_speech_prob,
    }


def _srt(segments: Iterable[Segment]) -> str:
    cues = (
        f"{number}\n{_time(one.start_s, ',')} --> {_time(one.end_s, ',')}\n{_line(one.text)}\n\n"
        for number, one in enumerate(segments, start=1)
    )
    return "".join(cues)


def _vtt(segments: Iterable[Segment]) -> str:
    cues = (
        f"{_time(one.start_s, '.')} --> {_time(one.end_s, '.')}\n{_escaped(_line(one.text))}\n\n"
        for one in segments
    )
    return "WEBVTT\n\n" + "".join(cues)


def _time(seconds: float, point: str) -> str:
    """Return a time of a subtitle.

    >>> _time(3_723.5, ",")
    '01:02:03,500'
    """
    rest, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(rest, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{milliseconds:03}"


def _line(text: str) -> str:
    """Return a text on one line, in which nothing looks like the times of a subtitle."""
    return " ".join(text.split()).replace("-->", "->")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
