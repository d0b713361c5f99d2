"""Engines of the tests that edit and upscale: one inverts colours, the other one repeats pixels."""

from collections.abc import Sequence
from typing import Generic, TypeVar

import anyio

from fondaco.domain.errors import EditNotSupportedError, EngineError, FondacoError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_upscale import UpscaleTask
from fondaco.domain.media.picture import Picture, Pixels
from fondaco.domain.models.picture_models import EditModel, UpscaleModel
from fondaco.domain.money.price import ImagePrice
from fondaco.ports import GeneratedImage

AN_IMAGE = 10_000_000
"""Nano-dollars."""
PRICE = ImagePrice(AN_IMAGE, 2 * AN_IMAGE, 8 * AN_IMAGE, 4 * AN_IMAGE)
TOY_EDITOR = EditModel(
    id="toy-editor",
    name="Toy editor",
    price=PRICE,
    prompt_limit=200,
    most_pixels=640 * 480,
    traits=("default",),
    rate_class="image",
    engines=("toy-scissors",),
)
TOY_UPSCALER = UpscaleModel(
    id="toy-upscaler",
    name="Toy upscaler",
    price=PRICE,
    traits=("default",),
    rate_class="image",
    engines=("toy-glass",),
)
Task = TypeVar("Task", EditTask, UpscaleTask)


class Scripted(Generic[Task]):
    """Does its work at once, or what is put into `next`: raises an error, returns a picture, or waits."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[Task] = []
        self.next: list[FondacoError | Picture | None] = []
        self.working = anyio.Event()
        """Set once one of them waits, for ever."""
        self.cancelled = anyio.Event()
        """Set once that was cancelled."""
        self.waits_from = -1
        """The number of the task that waits for ever, from 0."""

    async def probe(self) -> None:
        return

    async def _scripted(self, task: Task) -> Picture | None:
        self.asked.append(task)
        if len(self.asked) - 1 == self.waits_from:
            self.working.set()
            try:
                await anyio.sleep_forever()
            finally:
                self.cancelled.set()
        scripted = self.next.pop(0) if self.next else None
        if isinstance(scripted, FondacoError):
            raise scripted
        return scripted


class ToyEditor(Scripted[EditTask]):
    """Inverts the colours of a picture, and knows no other instruction."""

    def __init__(self, name: str = "toy-scissors", models: Sequence[str] = ("toy-editor",)) -> None:
        super().__init__(name)
        self.models = models

    async def edit(self, task: EditTask) -> GeneratedImage:
        if task.model not in self.models:
            raise EngineError
        scripted = await self._scripted(task)
        if "people" in task.prompt:
            raise EditNotSupportedError("It cannot add people. It can invert the colours.")
        return GeneratedImage(scripted or inverted(task), understood="qwrtp" not in task.prompt)


class ToyUpscaler(Scripted[UpscaleTask]):
    """Repeats the pixels of a picture."""

    def __init__(self, name: str = "toy-glass") -> None:
        super().__init__(name)

    async def upscale(self, task: UpscaleTask) -> GeneratedImage:
        made = await self._scripted(task) or enlarged(task)
        prompt = task.enhancement.prompt if task.enhancement else ""
        return GeneratedImage(made, understood="qwrtp" not in prompt)


def inverted(task: EditTask) -> Pixels:
    """Return the picture of a task with inverted colours, cropped or repeated to the task's size."""
    picture = task.picture
    table = bytes(range(255, -1, -1))
    data = picture.data.translate(table)
    if (task.width, task.height) == (picture.width, picture.height):
        return Pixels(task.width, task.height, data, picture.channels)
    octets = task.width * task.height * picture.channels
    return Pixels(
        task.width, task.height, (data * (octets // len(data) + 1))[:octets], picture.channels
    )


def enlarged(task: UpscaleTask) -> Pixels:
    """Return the picture of a task with its pixels repeated."""
    picture, size = task.picture, task.picture.channels
    row_bytes = picture.width * size
    columns = [x * picture.width // task.width * size for x in range(task.width)]
    rows: dict[int, bytes] = {}
    for y in range(picture.height):
        row = picture.data[y * row_bytes : (y + 1) * row_bytes]
        rows[y] = b"".join([row[at : at + size] for at in columns])
    chosen = [rows[y * picture.height // task.height] for y in range(task.height)]
    return Pixels(task.width, task.height, b"".join(chosen), size)
