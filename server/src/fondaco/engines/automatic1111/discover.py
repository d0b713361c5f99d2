"""Asks an engine of AUTOMATIC1111's API which checkpoints it has."""

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineUnavailableError
from fondaco.engines.automatic1111.listing import listed
from fondaco.engines.common.found import MOST_MODELS, FoundEngine, FoundImages, FoundModel
from fondaco.engines.common.images.sizes import usual_side


async def discover(client: HttpClient) -> FoundEngine:
    """Return the engine's checkpoints, of which it says only the names.

    Raises:
        NotAtEngineError: it is of another kind.
        EngineUnavailableError: it has no checkpoint.
        EngineError: it does not answer, or refuses the key.
    """
    names = list(dict.fromkeys(one.name for one in await listed(client)))
    if not names:
        raise EngineUnavailableError("It has no checkpoints.")
    models = [
        FoundModel(name, images=FoundImages(usual_side(name), usual_side(name)))
        for name in names[:MOST_MODELS]
    ]
    warnings = (
        [f"It lists {len(names)} models; only the first {MOST_MODELS} are used."]
        if len(names) > MOST_MODELS
        else []
    )
    return FoundEngine("automatic1111", tuple(models), tuple(warnings))
