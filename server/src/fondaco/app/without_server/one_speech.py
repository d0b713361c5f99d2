"""One text read aloud without a server: for its operator, by the engines of the configuration, free of charge."""

from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from fondaco.app.engines import catalogue_here, opened_templates
from fondaco.app.local_engines import opened_local_engines
from fondaco.app.platform import opened_sound_codec
from fondaco.app.reloading import opened_adapters
from fondaco.app.without_server.one_image import without_models_of_text
from fondaco.domain.media.speech import SpeechRequest, SpeechTask
from fondaco.domain.models.model import ModelType
from fondaco.ports import SoundCodec, SpeechEngine
from fondaco.serving.routing.failover import Failover, ModelEngines
from fondaco.settings import Settings


@dataclass(frozen=True, slots=True)
class OneSpeech:
    """A text read aloud, and how it came about."""

    model: str
    """The catalogue's id."""
    voice: str
    """The voice that speaks."""
    file: bytes
    seconds: float | None
    """Duration of the sound; None: it is not known."""
    ignored: tuple[str, ...]
    """Fields of the request that mean nothing to the model."""


async def one_speech(settings: Settings, request: SpeechRequest) -> OneSpeech:
    """Read the text of a request aloud.

    Raises:
        ModelNotFoundError: no speech model has this name.
        InvalidRequestError: there is no such voice, or nothing of the text can be read.
        EngineError: no engine of the model can.
        ConfigurationError: an engine's address cannot be used.
    """
    speech_alone = without_models_of_text(settings)
    catalogue = catalogue_here(speech_alone)
    model = catalogue.route(request.model, ModelType.TTS).model
    task = model.task(request)
    async with (
        opened_sound_codec() as codec,
        opened_templates() as templates,
        opened_local_engines(speech_alone, catalogue, templates) as local,
        opened_adapters(speech_alone, local, templates) as adapters,
    ):
        codec.expect_installed()
        engines = ModelEngines(catalogue, adapters.speech_engines).of(model)
        work = partial(_spoken, task=task, codec=codec, request=request)
        file, seconds = await Failover(engines, model.id).first(work)
    return OneSpeech(model.id, task.voice, file, seconds, model.ignored(request))


async def _spoken(
    engine: SpeechEngine, *, task: SpeechTask, codec: SoundCodec, request: SpeechRequest
) -> tuple[bytes, float]:
    file, seconds = b"", 0.0
    async with (
        codec.encoder(request.format, speed=request.speed, whole=True) as encoder,
        aclosing(engine.speak(task)) as pieces,
    ):
        async for piece in pieces:
            seconds += piece.seconds / request.speed
            file += await encoder.encode(piece)
        file += await encoder.finish()
    return file, seconds
