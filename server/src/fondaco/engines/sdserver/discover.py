"""Asks an sd-server which model it runs."""

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.engines.common.found import FoundEngine, FoundImages, FoundModel
from fondaco.engines.common.images.options import rounded_up
from fondaco.engines.common.images.sizes import without_ending
from fondaco.engines.sdserver.capabilities import capabilities_of

_MULTIPLE = 64
_USUAL_SIDE, _USUAL_STEPS = 512, 20


async def discover(client: HttpClient) -> FoundEngine:
    """Return the model of an sd-server, with what the server does by default.

    Raises:
        NotAtEngineError: it is of another kind.
        EngineError: it does not answer, refuses the key, or its model cannot make images.
    """
    able = await capabilities_of(client)
    if not able.makes_images:
        raise EngineError(
            "Its model makes videos, not images. Add its entry yourself, since you set its "
            "price (docs/how-to/video.md)."
            if able.makes_videos
            else "Its model cannot make images."
        )
    if not able.names:
        raise EngineError("Its model has a name that cannot be used.")
    name = next((one for one in sorted(able.names) if without_ending(one) == one), min(able.names))
    images = FoundImages(
        width=rounded_up(able.width or _USUAL_SIDE, _MULTIPLE),
        height=rounded_up(able.height or _USUAL_SIDE, _MULTIPLE),
        steps=able.steps or _USUAL_STEPS,
        longest_side=able.longest_side,
        divisor=_MULTIPLE,
    )
    return FoundEngine("sd-server", (FoundModel(name, images=images),), ())
