"""A binding without a library, for the faults that a real one has only by chance: deaf, stalled, broken."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from zlib import crc32

from fondaco.domain.media.picture import Pixels
from fondaco.domain.models.weights import WeightRole
from fondaco.engines.diffusion.binding import DiffusionRequest
from fondaco.workers.child import Advance

DEAF, STALLED, FAILING, SLOW = "deaf", "stalled", "failing", "slow"
"""Prompts, and what the artist does at them."""


class FakeArtist:
    """Fills pictures by everything that a drawing says."""

    def __init__(self, *, cancellable: bool) -> None:
        self._cancellable = cancellable

    @property
    def cancellable(self) -> bool:
        return self._cancellable

    def draw(self, drawing: DiffusionRequest, advance: Advance, cancelled: Event) -> Pixels:
        advance(0, drawing.steps)
        match drawing.prompt:
            case "deaf":
                time.sleep(60)
            case "stalled":
                time.sleep(60)
            case "failing":
                raise MemoryError(drawing.prompt)
            case "slow":
                for step in range(drawing.steps):
                    if cancelled.wait(0.02):
                        raise RuntimeError(drawing.prompt)
                    advance(step + 1, drawing.steps)
        if drawing.canvas is not None and drawing.strength == 0:
            return Pixels(drawing.width, drawing.height, drawing.canvas.rgb)
        seen = crc32(repr(drawing).encode()).to_bytes(4, "little")[:3]
        return Pixels(drawing.width, drawing.height, seen * (drawing.width * drawing.height))

    def cancel(self) -> None:
        return


def open_model(files: Mapping[WeightRole, str], threads: int) -> FakeArtist:
    said = json.loads(Path(files[WeightRole.MODEL]).read_bytes() or b"{}")
    if "broken" in said:
        raise RuntimeError(f"{files[WeightRole.MODEL]}: {said['broken']}")
    return FakeArtist(cancellable=said.get("cancellable", True))
