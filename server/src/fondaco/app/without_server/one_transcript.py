"""One recording written down without a server: for its operator, by the engines of the configuration, free of charge."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from fondaco.app.engines import catalogue_here, opened_templates
from fondaco.app.local_engines import opened_local_engines
from fondaco.app.platform import sound_memory
from fondaco.app.reloading import opened_adapters
from fondaco.app.without_server.one_image import without_models_of_text
from fondaco.domain.media.transcription import (
    TranscriptionRequest,
    TranscriptionTask,
    TranscriptPart,
)
from fondaco.domain.models.model import ModelType
from fondaco.ports import TranscriptionEngine
from fondaco.serving.inputs.sounds import Sounds
from fondaco.serving.routing.failover import Failover, ModelEngines
from fondaco.settings import Settings
from fondaco.sound.reader import PyAVReader


@dataclass(frozen=True, slots=True)
class OneTranscript:
    """A recording written down, and how it came about."""

    model: str
    """The catalogue's id."""
    sound_s: float
    """Duration of the recording."""
    parts: tuple[TranscriptPart, ...]


async def one_transcript(
    settings: Settings,
    request: TranscriptionRequest,
    advance: Callable[[float, float], None] = lambda _heard_s, _sound_s: None,
) -> OneTranscript:
    """Write down the recording of a request.

    Args:
        settings: those in force.
        request: its model is any name that routes to a transcription model.
        advance: told how many seconds of how many were heard.

    Raises:
        ModelNotFoundError: no transcription model has this name.
        InvalidRequestError: the model cannot do what is asked for, or the file is not taken.
        EngineError: no engine of the model can.
        ConfigurationError: an engine's address cannot be used.
    """
    ears_alone = without_models_of_text(settings)
    catalogue = catalogue_here(ears_alone)
    model = catalogue.route(request.model, ModelType.ASR).model
    model.expect_able(request)
    async with (
        aclosing(PyAVReader()) as reader,
        opened_templates() as templates,
        opened_local_engines(ears_alone, catalogue, templates) as local,
        opened_adapters(ears_alone, local, templates) as adapters,
    ):
        sounds = Sounds(reader, sound_memory(settings.server.sound_memory_bytes))
        sounds.expect_readable()
        with sounds.memory(0) as memory:
            sound = await sounds.decoded(request.file, model.longest_s, memory)
            task = TranscriptionTask.of(request, model.id, sound)

            async def heard(engine: TranscriptionEngine) -> tuple[TranscriptPart, ...]:
                parts: list[TranscriptPart] = []
                async with aclosing(engine.transcribe(task)) as made:
                    async for part in made:
                        parts.append(part)
                        advance(part.heard_s, sound.seconds)
                return tuple(parts)

            engines = ModelEngines(catalogue, adapters.transcription_engines).of(model)
            parts = await Failover(engines, model.id).first(heard)
    return OneTranscript(model.id, sound.seconds, parts)
