"""Transcriptions: speech as text, with timestamps.

Source: OpenAI's POST /audio/transcriptions and /audio/translations; Venice's POST /audio/transcriptions.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from fondaco.domain.media.sound import Sound
from fondaco.domain.untrusted_numbers import finite, whole

_LONGEST_TEXT = 20_000
"""Characters of a segment; the largest models write 448 tokens of one."""
_MOST_TOKENS = 4_096


class TranscriptionKind(StrEnum):
    """Tasks of a transcription model."""

    TRANSCRIBE = "transcribe"
    """Text in the language that is spoken."""
    TRANSLATE = "translate"
    """Text in English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionRequest:
    """A request to transcribe a recording."""

    model: str
    file: bytes | str = field(repr=False)
    """As its caller sent it, of which nothing is believed: a file's bytes; as text base64, or a data URL."""
    kind: TranscriptionKind = TranscriptionKind.TRANSCRIBE
    language: str | None = None
    """Spoken language, as an ISO 639 code such as `en`; None: the model detects it."""
    prompt: str = field(default="", repr=False)
    """Text that precedes the speech: names and spellings to expect, a style to keep to."""
    temperature: float = 0.0
    """0 to 1; 0: the likeliest words, or less likely ones where those repeat themselves."""
    words: bool = False
    """Whether the times of each word are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionTask:
    """One transcription, with all that its engine needs to know."""

    model: str
    """The catalogue's id of the model."""
    sound: Sound
    kind: TranscriptionKind = TranscriptionKind.TRANSCRIBE
    language: str | None = None
    prompt: str = field(default="", repr=False)
    temperature: float = 0.0
    words: bool = False
    account_scope: str = ""
    """Tasks of different scopes (accounts) take turns at an engine that computes here."""

    @classmethod
    def of(
        cls, request: TranscriptionRequest, model: str, sound: Sound, account_scope: str = ""
    ) -> Self:
        """Return the task of a request for its sound."""
        return cls(
            account_scope=account_scope,
            model=model,
            sound=sound,
            kind=request.kind,
            language=request.language,
            prompt=request.prompt,
            temperature=request.temperature,
            words=request.words,
        )


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its times, in seconds from the start of the audio."""

    text: str = field(repr=False)
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a transcript: a sentence, or a part of one."""

    text: str = field(repr=False)
    """With the space before it, where it has one: the texts of all segments joined are the transcript."""
    start_s: float
    end_s: float
    words: tuple[Word, ...] = ()
    """Empty unless they were requested."""
    tokens: tuple[int, ...] = field(default=(), repr=False)
    """As the model numbers them; empty where the engine does not tell."""
    temperature: float = 0.0
    avg_logprob: float = 0.0
    """The mean log probability of its tokens."""
    compression_ratio: float = 1.0
    """Of its text: high where the model repeats itself."""
    no_speech_prob: float = 0.0

    @classmethod
    def checked(  # noqa: PLR0917 - one argument a field of what an engine sends
        cls,
        text: object,
        start: object,
        end: object,
        words: Iterable[Word] = (),
        tokens: object = None,
        temperature: object = None,
        avg_logprob: object = None,
        compression_ratio: object = None,
        no_speech_prob: object = None,
    ) -> Self | None:
        """Return a segment of an engine's values, or None where they are none.

        Numbers that only describe it may be missing or wrong; its text and its times may not.

        >>> Segment.checked(" Hello.", 0, "1.5").end_s
        1.5
        >>> Segment.checked(" Hello.", 2, 1), Segment.checked(5, 0, 1), Segment.checked("a", -1, 1)
        (None, None, None)
        """
        times = _times(start, end)
        if not isinstance(text, str) or len(text) > _LONGEST_TEXT or times is None:
            return None
        numbers = tokens if isinstance(tokens, list) and len(tokens) <= _MOST_TOKENS else ()
        return cls(
            text=text,
            start_s=times[0],
            end_s=times[1],
            words=tuple(words),
            tokens=tuple(number for one in numbers if (number := whole(one)) is not None),
            temperature=finite(temperature) or 0.0,
            avg_logprob=finite(avg_logprob) or 0.0,
            compression_ratio=finite(compression_ratio) or 1.0,
            no_speech_prob=finite(no_speech_prob) or 0.0,
        )

    def later(self, by_s: float) -> "Segment":
        """Return this segment with all its times later, as its sound is a part of a longer one."""
        if not by_s:
            return self
        words = tuple(
            replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s)
            for word in self.words
        )
        return replace(self, start_s=self.start_s + by_s, end_s=self.end_s + by_s, words=words)

    def within(self, seconds: float) -> "Segment":
        """Return this segment with no time beyond the end of its sound."""
        words = tuple(
            replace(word, start_s=min(word.start_s, seconds), end_s=min(word.end_s, seconds))
            for word in self.words
        )
        start_s, end_s = min(self.start_s, seconds), min(self.end_s, seconds)
        return replace(self, start_s=start_s, end_s=end_s, words=words)


@dataclass(frozen=True, slots=True)
class TranscriptPart:
    """Addition of an engine to a transcript since the last part."""

    heard_s: float
    """Position in the sound that the engine has reached; at the last part, its end."""
    segments: tuple[Segment, ...] = ()
    language: str | None = None
    """Spoken language, as an ISO 639 code; None: the engine names none, or there is no speech."""


def checked_word(text: object, start: object, end: object) -> Word | None:
    """Return a word of an engine's values, or None where they are none."""
    times = _times(start, end)
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT or times is None:
        return None
    return Word(text, *times)


def _times(start: object, end: object) -> tuple[float, float] | None:
    start_s, end_s = finite(start), finite(end)
    if start_s is None or end_s is None or not 0 <= start_s <= end_s:
        return None
    return start_s, end_s
