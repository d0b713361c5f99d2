"""Models that speak, and the task that a request becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.speech import SpeechRequest, SpeechTask
from fondaco.domain.media.voices import Voice, documented, nearest, speaks
from fondaco.domain.models.model import AnyModel, ModelType
from fondaco.domain.money.price import SpeechPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechModel(AnyModel):
    """A model that reads texts aloud. Source: GET /models, type `tts`."""

    price: SpeechPrice
    type: ModelType = ModelType.TTS
    voices: tuple[str, ...]
    """Those that it speaks with: at least one, the one to fall back on first."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Further voices, which are here, and why nothing can be read in their languages."""
    instructions: bool = False
    """Whether it heeds instructions on how to speak."""

    def ignored(self, request: SpeechRequest) -> tuple[str, ...]:
        """Return the fields of a request that mean nothing to this model."""
        return ("instructions",) if request.instructions and not self.instructions else ()

    def task(self, request: SpeechRequest) -> SpeechTask:
        """Return the task of a request; a voice that is not here is replaced by the nearest of its language.

        Raises:
            InvalidRequestError: the voice is unknown, or no voice of the model has its language.
        """
        return SpeechTask(
            model=self.id,
            text=request.text,
            voice=self._voice(request.voice),
            instructions=request.instructions if self.instructions else "",
        )

    def _voice(self, name: str) -> str:
        if name in self.voices:
            return name
        known = documented(name)
        if reason := self.unreadable.get(known or name):
            raise InvalidRequestError(faults={"voice": (reason,)})
        if known is None:
            some = ", ".join(self.voices[:8])
            reason = f"No voice is called {name[:64]!r}; those of {self.id!r} are: {some}"
            more = " ..." if len(self.voices) > 8 else "."  # noqa: PLR2004 - as above
            raise InvalidRequestError(faults={"voice": (reason + more,)})
        if not speaks(known, self.voices):
            voice = Voice.named(known)
            language = "" if voice is None else voice.language
            reason = f"{self.id!r} has no voice that speaks the language of {known!r} ({language})."
            more = "GET /api/v1/models?type=tts lists the voices of each model."
            raise InvalidRequestError(faults={"voice": (f"{reason} {more}",)})
        return nearest(known, self.voices)
