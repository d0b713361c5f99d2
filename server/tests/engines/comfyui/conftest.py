"""A fake ComfyUI, and our engine that asks it."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from fake_comfyui import FakeComfyUI
from fondaco.clients.connect import connect
from fondaco.clients.websocket import open_websocket
from fondaco.engines.comfyui.engine import ComfyModels, ComfyUI
from fondaco.engines.comfyui.workflow import Workflow, built_in
from fondaco.engines.common.images.options import ImageOptions

OPTIONS = ImageOptions(
    sampler="dpmpp_2m",
    scheduler="karras",
    silence_timeout_s=5,
    total_timeout_s=20,
    poll_s=0.005,
)


def ending_in(class_type: str) -> Workflow:
    """Return the built-in workflow with another class of output."""
    nodes: dict[str, Any] = {**built_in().nodes}
    nodes["7"] = {**nodes["7"], "class_type": class_type}
    return parsed(nodes)


def parsed(nodes: Mapping[str, Any], *, edits: bool = False) -> Workflow:
    return Workflow.parse(json.dumps(nodes).encode(), edits=edits)


def node(class_type: str, title: str = "", **inputs: object) -> dict[str, Any]:
    return {"class_type": class_type, "_meta": {"title": title}, "inputs": inputs}


EDITING = {
    "1": node("LoadImage", image="{{image}}"),
    "2": node("CLIPTextEncode", text="{{prompt}}"),
    "3": node("SaveImageWebsocket", images=["5", 0]),
    "5": node("ImageScale", image=["1", 0], width="{{width}}", height="{{height}}"),
}
MASKING = {**EDITING, "4": node("LoadImageMask", image="{{mask}}", channel="red")}
"""The picture first, and its mask after it."""
MODELS = ComfyModels(
    names={
        "ours": "heron_v8.safetensors",
        "kept": "heron_v8.safetensors",
        "seen": "heron_v8.safetensors",
        "lost": "no such",
        "edits": "",
        "masks": "",
        "bare": "",
    },
    workflows={"kept": ending_in("SaveImage"), "seen": ending_in("PreviewImage")},
    edit_workflows={"edits": parsed(EDITING, edits=True), "masks": parsed(MASKING, edits=True)},
)


@pytest.fixture
async def fake() -> AsyncGenerator[FakeComfyUI]:
    async with FakeComfyUI() as fake:
        yield fake


@pytest.fixture
def options() -> ImageOptions:
    return OPTIONS


@asynccontextmanager
async def asking(fake: FakeComfyUI, options: ImageOptions = OPTIONS) -> AsyncGenerator[ComfyUI]:
    """Open our engine for a fake."""
    client = connect(fake.url, first_byte_timeout_s=5, total_timeout_s=20)
    yield ComfyUI("comfy", client, partial(open_websocket, fake.url), MODELS, options)
    await client.aclose()


@pytest.fixture
async def engine(fake: FakeComfyUI, options: ImageOptions) -> AsyncGenerator[ComfyUI]:
    async with asking(fake, options) as engine:
        yield engine
