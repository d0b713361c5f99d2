"""Listings of a ComfyUI: its checkpoints, and whether it can send pictures by the websocket.

Source: ComfyUI, `server.py`, `GET /object_info/{node_class}`; inputs of a node are lists of choices, or,
since 2025, `["COMBO", {"options": [...]}]`.
"""

from typing import Any

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.engines.common.found import name_of, row_of
from fondaco.engines.common.images.exchange import asked

_LOADER = "CheckpointLoaderSimple"
_SAMPLER = "KSampler"
_WEBSOCKET = "SaveImageWebsocket"


async def checkpoints_listed(client: HttpClient) -> tuple[str, ...]:
    """Return the names of the checkpoints that a ComfyUI has, in its order.

    Raises:
        NotAtEngineError: it is no ComfyUI.
        EngineError: it does not answer, or with something else.
    """
    node = row_of((await _node(client, _LOADER)).get("input"))
    choices = _choices(row_of(node.get("required")).get("ckpt_name"))
    if choices is None:
        raise EngineError("The engine does not list its checkpoints.")
    names = (name_of(choice) for choice in choices)
    return tuple(dict.fromkeys(name for name in names if name is not None))


async def sends_by_websocket(client: HttpClient) -> bool:
    """Return whether a ComfyUI has the node that sends pictures by the websocket.

    Raises:
        EngineError: it does not answer.
    """
    return bool(await _node(client, _WEBSOCKET))


async def names_listed(client: HttpClient) -> frozenset[str]:
    """Return the names of a ComfyUI's checkpoints, samplers and schedulers.

    Raises:
        EngineRefusedError: something before it refuses the key.
        EngineError: it does not answer.
    """
    checkpoints = await checkpoints_listed(client)
    required = row_of(row_of((await _node(client, _SAMPLER)).get("input")).get("required"))
    choices = [_choices(required.get(key)) or [] for key in ("sampler_name", "scheduler")]
    return frozenset(checkpoints) | {
        one for some in choices for one in some if isinstance(one, str)
    }


async def _node(client: HttpClient, name: str) -> Any:
    """Return ComfyUI's description of a class of nodes; empty if it lacks the class."""
    return row_of(row_of(await asked(client, f"/object_info/{name}")).get(name))


def _choices(value: object) -> list[object] | None:
    match value:
        case [list(names), *_]:
            return names
        case [str(), {"options": list(names)}, *_]:
            return names
    return None
