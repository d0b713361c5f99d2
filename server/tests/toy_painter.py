"""An image engine of the tests: one colour by prompt and seed, with a corner by everything else."""

from zlib import crc32

import anyio

from fondaco.domain.errors import EngineError, FondacoError
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import Picture, Pixels
from fondaco.domain.models.image_model import ImageModel, StepLimits
from fondaco.domain.money.price import ImagePrice
from fondaco.ports import GeneratedImage

AN_IMAGE = 10_000_000
"""Nano-dollars."""
PROMPT_LIMIT = 200

TOY_IMAGES = ImageModel(
    id="toy-painter",
    name="Toy painter",
    price=ImagePrice(AN_IMAGE, 2 * AN_IMAGE, 8 * AN_IMAGE, 4 * AN_IMAGE),
    prompt_limit=PROMPT_LIMIT,
    steps=StepLimits(default=10, most=30),
    divisor=8,
    width=64,
    height=64,
    longest_side=1_792,
    traits=("default",),
    rate_class="image",
    engines=("toy-brush",),
)


class ToyPainter:
    """Paints at once, or does what is put into `next`: raises an error, returns a picture, or waits."""

    def __init__(self, name: str = "toy-brush", models: tuple[str, ...] = ("toy-painter",)) -> None:
        self.name = name
        self.models = models
        self.asked: list[ImageTask] = []
        self.next: list[FondacoError | Picture | None] = []
        self.painting = anyio.Event()
        """Set once one of them waits, for ever."""
        self.waits_from = -1
        """The number of the task that waits for ever, from 0."""

    async def generate(self, task: ImageTask) -> GeneratedImage:
        if task.model not in self.models:
            raise EngineError
        self.asked.append(task)
        if len(self.asked) - 1 == self.waits_from:
            self.painting.set()
            await anyio.sleep_forever()
        scripted = self.next.pop(0) if self.next else None
        if isinstance(scripted, FondacoError):
            raise scripted
        return GeneratedImage(scripted or painted(task), understood="qwrtp" not in task.prompt)

    async def probe(self) -> None:
        return


def painted(task: ImageTask) -> Pixels:
    """Return the picture of a task."""
    colour = crc32(f"{task.prompt}/{task.seed}".encode("utf-8", "replace"))
    corner = crc32(repr(task).encode("utf-8", "replace"))
    pixel = colour.to_bytes(4, "little")[:3]
    rows = bytearray(pixel * (task.width * task.height))
    rows[: 3 * min(8, task.width)] = corner.to_bytes(4, "little")[:3] * min(8, task.width)
    return Pixels(task.width, task.height, bytes(rows))
