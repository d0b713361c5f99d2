"""The requests of POST /audio/transcriptions and POST /audio/translations, as a form or as JSON.

Source: OpenAI's API reference, "Create transcription", "Create translation"; Venice's
POST /audio/transcriptions, `timestamps`.
"""

from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fondaco.domain.errors import InvalidFileSizeError, InvalidRequestError
from fondaco.domain.media.transcription import TranscriptionKind, TranscriptionRequest
from fondaco.http.apis.openai.transcription.example_recording import EXAMPLE_RECORDING
from fondaco.http.endpoint.fields import FileOrText, Strict

ItemT = TypeVar("ItemT")
ResponseFormat: TypeAlias = Literal["json", "text", "srt", "vtt", "verbose_json"]
Granularity: TypeAlias = Literal["segment", "word"]
OneOrMany: TypeAlias = ItemT | Annotated[list[ItemT], Field(max_length=16)]

LISTS = frozenset({"timestamp_granularities", "include", "keywords", "languages"})
"""Fields of a form that may come several times."""
_MOST_BYTES = 25 * 2**20
_LONGEST_PROMPT = 16_000
_LANGUAGE = "^[a-z]{2,3}$"
_EXAMPLE: JsonDict = {"file": EXAMPLE_RECORDING, "model": "default"}
_STREAMED = ("json", "text")


class _Recording(Strict):
    """A recording, and the wanted form of its transcript."""

    file: FileOrText = Field(
        description="The recording: flac, mp3, mp4, mpeg, mpga, m4a, aac, ogg, opus, wav or webm, of up to "
        "25 MiB. A file of the form; in JSON base64, or a data URL.",
        examples=[EXAMPLE_RECORDING],
    )
    model: str = Field(
        "default",
        max_length=1000,
        description="Id, trait or compatible name of a model of type `asr`.",
        examples=["default", "whisper-1"],
    )
    prompt: str | None = Field(
        None,
        max_length=_LONGEST_PROMPT,
        description="Text that precedes the speech: names and spellings to expect, a style to keep to. Models "
        "read the end of a long one.",
    )
    response_format: ResponseFormat | None = Field("json", description="How it is written down.")
    temperature: float | None = Field(
        0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="0: the likeliest words, or less likely ones where those repeat themselves.",
    )

    def recording(self) -> bytes | str:
        """Return the file.

        Raises:
            InvalidFileSizeError: it is too large.
        """
        size_bytes = len(self.file) if isinstance(self.file, bytes) else len(self.file) * 3 // 4
        if size_bytes > _MOST_BYTES:
            raise InvalidFileSizeError(
                f"file: a recording has at most {_MOST_BYTES:,} bytes (got {size_bytes:,}). Send it in parts, "
                "or as mp3 or opus."
            )
        return self.file

    @property
    def shown_as(self) -> ResponseFormat:
        """Format of the transcript."""
        return self.response_format or "json"


class CreateTranscriptionRequest(_Recording):
    """A recording to write down."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    language: str | None = Field(
        None,
        pattern=_LANGUAGE,
        description="What is spoken, as an ISO 639-1 code; absent: the model finds out.",
        examples=["en"],
    )
    timestamp_granularities: OneOrMany[Granularity] | None = Field(
        None, description="What `verbose_json` has times of; absent: of segments."
    )
    timestamps: bool | None = Field(
        default=False,
        description="Whether `json` has `segments` and `words` with their times, too.",
    )
    stream: bool | None = Field(
        default=False,
        description="Send the text in server-sent events as it is made; for `json` and `text`.",
    )
    keywords: OneOrMany[Annotated[str, Field(max_length=200)]] | None = Field(
        None, description="Words and names to expect; they are put before `prompt`."
    )
    languages: OneOrMany[Annotated[str, Field(pattern=_LANGUAGE)]] | None = Field(
        None, description="Of one: as `language`. Of several: ignored, the model finds out."
    )
    include: OneOrMany[str] | None = Field(
        None, description="Only empty: the models here tell no log probabilities of tokens."
    )
    chunking_strategy: Literal["auto"] | None = Field(
        None, description="Accepted and ignored: recordings are always split at pauses."
    )

    @property
    def granularities(self) -> frozenset[Granularity]:
        """Units that get timestamps, in formats that show them."""
        chosen: list[Granularity] = _listed(self.timestamp_granularities)
        if self.shown_as == "verbose_json":
            return frozenset(chosen or ["segment"])
        shown = self.timestamps and self.shown_as == "json"
        return frozenset(["segment", "word"] if shown else [])

    def ignored(self) -> tuple[str, ...]:
        """The fields that were sent and have no effect."""
        return ("languages",) if len(_listed(self.languages)) > 1 else ()

    def to_domain(self) -> TranscriptionRequest:
        """Return the request that the platform serves.

        Raises:
            InvalidRequestError: fields do not go together, or ask for what no model here has.
            InvalidFileSizeError: the file is too large.
        """
        self._expect_consistent()
        languages = _listed(self.languages)
        keywords = ", ".join(_listed(self.keywords))
        return TranscriptionRequest(
            model=self.model,
            file=self.recording(),
            language=self.language or (languages[0] if len(languages) == 1 else None),
            prompt=" ".join(text for text in (keywords, self.prompt) if text),
            temperature=self.temperature or 0.0,
            words="word" in self.granularities,
        )

    def _expect_consistent(self) -> None:
        faults: dict[str, tuple[str, ...]] = {}
        if self.timestamp_granularities and self.shown_as != "verbose_json":
            reason = f"Needs `response_format: verbose_json` (got {self.shown_as!r})."
            faults["timestamp_granularities"] = (reason,)
        if self.stream and self.shown_as not in _STREAMED:
            reason = f"{self.shown_as!r} cannot be streamed. Stream json or text."
            faults["stream"] = (reason,)
        if _listed(self.include):
            faults["include"] = (
                "No model returns log probabilities for transcriptions. Leave it out.",
            )
        if faults:
            raise InvalidRequestError(faults=faults)


class CreateTranslationRequest(_Recording):
    """A recording to write down in English."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    @property
    def granularities(self) -> frozenset[Granularity]:
        """Units that get timestamps, in formats that show them."""
        return frozenset(["segment"] if self.shown_as == "verbose_json" else [])

    def to_domain(self) -> TranscriptionRequest:
        """Return the request that the platform serves.

        Raises:
            InvalidFileSizeError: the file is too large.
        """
        return TranscriptionRequest(
            model=self.model,
            file=self.recording(),
            kind=TranscriptionKind.TRANSLATE,
            prompt=self.prompt or "",
            temperature=self.temperature or 0.0,
        )


def _listed(value: ItemT | list[ItemT] | None) -> list[ItemT]:
    """Return the values of a field, of which a form that has one shows no list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
