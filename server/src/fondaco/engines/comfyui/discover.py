"""Asks a ComfyUI which checkpoints it has, for the workflow that is built in."""

from fondaco.clients.client import HttpClient
from fondaco.engines.comfyui.listing import checkpoints_listed, sends_by_websocket
from fondaco.engines.common.found import MOST_MODELS, FoundEngine, FoundImages, FoundModel
from fondaco.engines.common.images.sizes import usual_side


async def discover(client: HttpClient) -> FoundEngine:
    """Return the checkpoints of a ComfyUI, of which it says only the names.

    Raises:
        NotAtEngineError: it is of another kind.
        EngineError: it does not answer, or refuses the key.
    """
    names = await checkpoints_listed(client)
    warnings = []
    if not await sends_by_websocket(client):
        warnings.append(
            "It has no node SaveImageWebsocket, which the built-in workflow needs: its custom nodes are "
            "disabled. Enable them, or name workflows of your own in images.workflows."
        )
    if len(names) > MOST_MODELS:
        warnings.append(f"It lists {len(names)} models; only the first {MOST_MODELS} are used.")
    models = [
        FoundModel(name, images=FoundImages(usual_side(name), usual_side(name)))
        for name in names[:MOST_MODELS]
    ]
    return FoundEngine("comfyui", tuple(models), tuple(warnings))
