"""One image without a server: for its operator, by the engines of the configuration, free of charge."""

from dataclasses import dataclass
from functools import partial
from random import SystemRandom

from fondaco.app.engines import catalogue_here, opened_templates
from fondaco.app.local_engines import opened_local_engines
from fondaco.app.reloading import opened_adapters
from fondaco.domain.media.image_request import SEED_LIMIT, ImageRequest, ImageTask
from fondaco.domain.media.picture import Encoding
from fondaco.domain.models.model import ModelType
from fondaco.imaging.codec import PillowCodec
from fondaco.ports import ImageCodec, ImageEngine
from fondaco.serving.routing.failover import Failover, ModelEngines
from fondaco.settings import Settings


@dataclass(frozen=True, slots=True)
class OneImage:
    """An image, and how it came about."""

    model: str
    """The catalogue's id."""
    file: bytes
    seed: int
    understood: bool
    """False if the engine understood nothing of the prompt."""
    ignored: tuple[str, ...]
    """Fields of the request that mean nothing to the model."""


async def one_image(settings: Settings, request: ImageRequest) -> OneImage:
    """Generate the first variant of a request.

    Raises:
        ModelNotFoundError: no image model has this name.
        InvalidRequestError: the request exceeds a limit of the model.
        EngineError: no engine of the model can.
        ConfigurationError: an engine's address cannot be used.
    """
    images_alone = without_models_of_text(settings)
    catalogue = catalogue_here(images_alone)
    model = catalogue.route(request.model, ModelType.IMAGE).model
    task = model.tasks(request, SystemRandom().randint(1, SEED_LIMIT))[0]
    codec = PillowCodec()
    try:
        codec.expect_installed()
        async with (
            opened_templates() as templates,
            opened_local_engines(images_alone, catalogue, templates) as local,
            opened_adapters(images_alone, local, templates) as adapters,
        ):
            engines = ModelEngines(catalogue, adapters.image_engines).of(model)
            work = partial(_drawn, task=task, codec=codec, encoding=request.encoding)
            file, understood = await Failover(engines, model.id).first(work)
    finally:
        await codec.aclose()
    return OneImage(model.id, file, task.seed, understood, model.ignored(request))


async def _drawn(
    engine: ImageEngine, *, task: ImageTask, codec: ImageCodec, encoding: Encoding
) -> tuple[bytes, bool]:
    made = await engine.generate(task)
    return await codec.encode(made.picture, task.width, task.height, encoding), made.understood


def without_models_of_text(settings: Settings) -> Settings:
    """Return the settings with the engines of text switched off, as they would start to load."""
    off = {"enabled": False}
    return settings.model_copy(
        update={
            "embedded": settings.embedded.model_copy(update=off),
            "embeddings": settings.embeddings.model_copy(update=off),
        }
    )
