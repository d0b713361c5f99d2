"""One video without a server: for its operator, by the engines of the configuration, free of charge."""

from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from random import SystemRandom

from fondaco.app.engines import catalogue_here, opened_templates
from fondaco.app.local_engines import opened_local_engines
from fondaco.app.platform import picture_memory
from fondaco.app.reloading import opened_adapters
from fondaco.app.without_server.one_image import without_models_of_text
from fondaco.domain.media.image_request import SEED_LIMIT
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.picture_source import PictureSource
from fondaco.domain.media.video import VideoRequest, VideoTask
from fondaco.domain.models.model import ModelType
from fondaco.imaging.codec import PillowCodec
from fondaco.ports import GeneratedVideo, Progress, VideoEngine
from fondaco.serving.inputs.pictures import PictureReader, picture_bounds
from fondaco.serving.inputs.references import reference
from fondaco.serving.inputs.soundtracks import soundtrack
from fondaco.serving.routing.failover import Failover, ModelEngines
from fondaco.serving.video.outcome import expect_video
from fondaco.serving.video.stills import opaque
from fondaco.settings import Settings

_MEMORY_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class OneVideo:
    """A video, and how it came about."""

    model: str
    """The catalogue's id."""
    task: VideoTask
    file: bytes
    understood: bool
    """False if the engine understood nothing of the prompt."""


async def one_video(
    settings: Settings, request: VideoRequest, seed: int | None, progress: Progress
) -> OneVideo:
    """Make the video of a request.

    Args:
        settings: of the engines.
        request: its picture is the bytes of a file, its soundtrack and the video that it goes by are data URLs.
        seed: the same one gives the same video; None: random.
        progress: is told which share is done.

    Raises:
        ModelNotFoundError: no video model has this name.
        InvalidRequestError: the request exceeds a limit of the model, or a file cannot be used.
        EngineError: no engine of the model can.
        ConfigurationError: an engine's address cannot be used.
    """
    videos_alone = without_models_of_text(settings)
    catalogue = catalogue_here(videos_alone)
    model = catalogue.route(request.model, ModelType.VIDEO).model
    model.expect_within(request)
    chosen = SystemRandom().randint(1, SEED_LIMIT) if seed is None else seed
    sound = None if request.soundtrack is None else await soundtrack(request.soundtrack, None)
    source = request.reference
    other = None if source is None else await reference(source, None)
    async with (
        aclosing(PillowCodec()) as codec,
        opened_templates() as templates,
        opened_local_engines(videos_alone, catalogue, templates) as local,
        opened_adapters(videos_alone, local, templates) as adapters,
    ):
        reader = PictureReader(codec, None, picture_memory(_MEMORY_BYTES))
        picture = await _picture(request.picture, codec, reader)
        task = model.task(request, picture, sound, chosen, other)
        engines = ModelEngines(catalogue, adapters.video_engines).of(model)
        work = partial(_made, task=task, progress=progress)
        made = await Failover(engines, model.id).first(work)
    return OneVideo(model.id, task, made.file, made.understood)


async def _picture(
    source: PictureSource | None, codec: PillowCodec, reader: PictureReader
) -> Pixels | None:
    if source is None:
        return None
    codec.expect_installed()
    bounds = picture_bounds()
    upload = await reader.upload(source, bounds)
    with reader.memory(0) as memory:
        pixels = await reader.pixels(upload, bounds.most_pixels, memory)
        return await opaque(pixels, codec, reader)


async def _made(engine: VideoEngine, *, task: VideoTask, progress: Progress) -> GeneratedVideo:
    made = await engine.generate(task, progress)
    expect_video(made, task)
    return made
