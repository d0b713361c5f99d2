"""Models that write down speech. Source: GET /models, type `asr`."""

from dataclasses import dataclass

from fondaco.domain.errors import InvalidModelError, InvalidRequestError
from fondaco.domain.media.transcription import TranscriptionKind, TranscriptionRequest
from fondaco.domain.models.model import AnyModel, ModelType
from fondaco.domain.money.price import TranscriptionPrice

ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionModel(AnyModel):
    """A model that transcribes speech."""

    price: TranscriptionPrice
    type: ModelType = ModelType.ASR
    longest_s: int = 3_600
    """The longest sound that it takes, in seconds."""
    languages: frozenset[str] = frozenset()
    """ISO 639 codes of its languages; empty: many, as reported by the engine."""
    translates: bool = False
    """Whether it translates to English."""

    def expect_able(self, request: TranscriptionRequest) -> None:
        """Return if the model can do what is requested, as far as that shows without the sound.

        Raises:
            InvalidModelError: it does not translate.
            InvalidRequestError: it does not know the language.
        """
        if request.kind is TranscriptionKind.TRANSLATE and not self.translates:
            raise InvalidModelError(
                f"The model {self.id!r} does not translate. Use a multilingual model, or "
                "transcribe the recording.",
                faults={"model": ("It does not translate.",)},
            )
        language = request.language
        if language and self.languages and language not in self.languages:
            known = ", ".join(sorted(self.languages))
            reason = f"{self.id!r} supports only {known} (got {language!r})."
            raise InvalidRequestError(
                f"language: {reason} Leave it out, or choose another model.",
                faults={"language": (reason,)},
            )
