"""What the tests of videos share: a house with a toy camera, and ways to order and wait."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import httpx2

from fondaco.domain.errors import FondacoError
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.ports import GeneratedVideo
from house import MANY, TOY, House, house
from toy_camera import TOY_VIDEOS, ToyCamera

QUOTE, QUEUE = "/api/v1/video/quote", "/api/v1/video/queue"
RETRIEVE, COMPLETE = "/api/v1/video/retrieve", "/api/v1/video/complete"
LIMITS = dict.fromkeys(("small", "image"), RateLimits(MANY, MANY, MANY))
NO_ID = "123e4567-e89b-12d3-a456-426614174000"


def world(camera: ToyCamera, **fields: Any) -> AbstractAsyncContextManager[House]:
    options: dict[str, Any] = {
        "models": (TOY, TOY_VIDEOS),
        "video_engines": {"toy-lens": camera},
        "aliases": {"wan-2.5-preview-image-to-video": "toy-camera"},
        "body_limit_bytes": 40 * 2**20,
        "tiers": {"paid": Tier("paid", LIMITS), "free": Tier("free", LIMITS, charged=False)},
    }
    return house(**{**options, **fields})


def scripted(*steps: FondacoError | GeneratedVideo | None) -> ToyCamera:
    """Return a camera that does these one after another."""
    camera = ToyCamera()
    camera.next = list(steps)
    return camera


def asked(**fields: object) -> dict[str, object]:
    return {"model": "toy-camera", "prompt": "Pan over it", "duration": "5s", **fields}


async def send(one: House, path: str, **fields: object) -> httpx2.Response:
    return await one.client.post(path, json=fields)


async def order(one: House, **fields: object) -> str:
    """Order a video; return its queue_id."""
    reply = await send(one, QUEUE, **asked(**fields))
    assert reply.status_code == 200, reply.text
    assert reply.json()["model"] == "toy-camera"
    return str(reply.json()["queue_id"])


async def retrieve(one: House, queue_id: str, **fields: object) -> httpx2.Response:
    return await send(one, RETRIEVE, **{"model": "toy-camera", "queue_id": queue_id, **fields})


async def complete(one: House, queue_id: str) -> httpx2.Response:
    return await send(one, COMPLETE, model="toy-camera", queue_id=queue_id)


async def ended(one: House, queue_id: str, **fields: object) -> httpx2.Response:
    """Retrieve a video until it is there, or has failed."""
    with anyio.fail_after(20):
        while True:
            reply = await retrieve(one, queue_id, **fields)
            if reply.status_code != 200 or reply.headers["content-type"] == "video/mp4":
                return reply
            await anyio.sleep(0.02)


def code(reply: httpx2.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]
