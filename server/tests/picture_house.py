"""What the tests of edits and upscaling share: a house with toys, files, and ways to send them."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from io import BytesIO
from typing import Any

import anyio
import httpx2
from PIL import Image

from house import TOY, House, house
from toy_editors import TOY_EDITOR, TOY_UPSCALER, ToyEditor, ToyUpscaler

UPSCALE, EDIT, EDITS = "/api/v1/image/upscale", "/api/v1/image/edit", "/api/v1/images/edits"


def world(**fields: Any) -> AbstractAsyncContextManager[House]:
    options: dict[str, Any] = {
        "models": (TOY, TOY_EDITOR, TOY_UPSCALER),
        "image_editors": {"toy-scissors": ToyEditor()},
        "image_upscalers": {"toy-glass": ToyUpscaler()},
        "aliases": {"qwen-image": "toy-editor", "upscaler": "toy-upscaler"},
        "body_limit_bytes": 8 * 2**20,
    }
    return house(**{**options, **fields})


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(
    width: int = 256, height: int = 256, colour: str = "#204060", kind: str = "PNG"
) -> bytes:
    return saved(Image.new("RGB", (width, height), colour), kind)


def base64(file: bytes) -> str:
    return b64encode(file).decode()


def opened(file: bytes) -> Image.Image:
    with Image.open(BytesIO(file)) as image:
        image.load()
        return image


def result(reply: httpx2.Response) -> Image.Image:
    """Return the image that is a response's body."""
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "image/png"
    return opened(reply.content)


async def send(one: House, path: str, **fields: object) -> httpx2.Response:
    """Send fields as JSON."""
    return await one.client.post(path, json=fields)


async def send_form(
    one: House,
    path: str,
    files: Mapping[str, bytes] | Sequence[tuple[str, bytes]],
    **fields: str,
) -> httpx2.Response:
    """Send fields and files as a form, as clients do."""
    pairs = list(files.items()) if isinstance(files, Mapping) else list(files)
    named = [(name, (f"{name}.png", content, "image/png")) for name, content in pairs]
    return await one.client.post(path, data=fields, files=named)


def code(reply: httpx2.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


async def charged(one: House) -> None:
    """Wait until there is a charge."""
    with anyio.fail_after(20):
        while not one.charges():  # noqa: ASYNC110 - the ledger owes nobody an event
            await anyio.sleep(0.01)
