"""The editor as an engine: one child process that edits picture after picture."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import anyio.abc

from fondaco.domain.errors import EditNotSupportedError, EngineError, EngineUnavailableError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.picture import RGB, RGBA, Pixels
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.editor.launch import editor_program, unavailable_reason
from fondaco.ports import GeneratedImage
from fondaco.workers.queued import QueuedWorker

_MOST_PIXELS = 33_177_600
"""Of a picture to be edited. Source: POST /image/edit, `image`."""
_MOST_SIDE = 2**20


class Editor:
    """An `ImageEditor` that edits here. `run` has to run while calls are made."""

    def __init__(
        self,
        models: Collection[str],
        *,
        name: str,
        models_folder: Path,
        queue: int = 16,
        timeout_s: float = 120.0,
        idle_s: float = 300.0,
        source: str = "fondaco-editor",
        unavailable: Callable[[], str] = unavailable_reason,
    ) -> None:
        """Prepare.

        Args:
            models: the ids of the models that it is, mostly one.
            name: in the configuration.
            models_folder: where the files of its networks are, or will be.
            queue: pictures that may wait for their turn.
            timeout_s: for one picture.
            idle_s: after so long without a picture the child ends.
            source: what `fondaco models pull` takes to bring those files.
            unavailable: returns why it cannot run here; empty if it can.
        """
        self._models = frozenset(models)
        self._name = name
        self._source = source
        self._unavailable = unavailable
        self._worker = QueuedWorker(
            editor_program(models_folder, answer_timeout_s=timeout_s),
            engine=name,
            model=next(iter(models), name),
            queue=queue,
            idle_s=idle_s,
        )

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._worker.pid

    def follow(self, models: Collection[str]) -> None:
        """Be these models from now on."""
        self._models = frozenset(models)

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """End the child whenever it is idle for long, until cancelled; end it then."""
        await self._worker.run(task_status=task_status)

    async def edit(self, task: EditTask) -> GeneratedImage:
        """Edit a picture, in turn.

        Raises:
            EditNotSupportedError: the instruction is not understood wholly, or does not suit the picture.
            EngineBusyError: too many wait already.
            EngineUnavailableError: its libraries or a network are missing, or the child does not start.
            EngineError: it failed at this picture.
        """
        if task.model not in self._models:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {task.model!r}.")
        await self.probe()
        done = await self._worker.ask(_request(task), _payload(task))
        if refused := done.fields.get("refused"):
            raise EditNotSupportedError(str(refused))
        if missing := done.fields.get("missing"):
            raise EngineUnavailableError(
                f"This edit needs the file {missing!r}, which is not in the models folder. Run: "
                f"fondaco models pull {self._source}"
            )
        return GeneratedImage(_pixels(done.fields, done.payload), done.queued_s)

    async def probe(self) -> None:
        """Return if it could edit; it does not, as that takes a picture.

        Raises:
            EngineUnavailableError: its libraries are missing.
        """
        if reason := self._unavailable():
            raise EngineUnavailableError(reason)


def _request(task: EditTask) -> dict[str, object]:
    picture = task.picture
    own_size = (task.width, task.height) == (picture.width, picture.height)
    return {
        "prompt": task.prompt,
        "width": picture.width,
        "height": picture.height,
        "channels": picture.channels,
        "size": None if own_size else (task.width, task.height),
        "seed": task.seed,
        "transparent": task.transparent,
    }


def _payload(task: EditTask) -> bytes:
    """Return the picture's pixels, and behind them the opacity of the mask where there is one.

    A mask without transparency permits no change anywhere.
    """
    mask = task.mask
    if mask is None:
        return task.picture.data
    opaque = mask.width * mask.height
    opacity = mask.data[RGBA - 1 :: RGBA] if mask.channels == RGBA else b"\xff" * opaque
    return task.picture.data + opacity


def _pixels(fields: Mapping[str, Any], data: bytes) -> Pixels:
    """Return a child's picture.

    Raises:
        EngineError: it is none.
    """
    width, height = whole(fields.get("width"), _MOST_SIDE), whole(fields.get("height"), _MOST_SIDE)
    if not width or not height or width * height > _MOST_PIXELS:
        raise EngineError
    if len(data) == width * height * RGB:
        return Pixels(width, height, data, RGB)
    if len(data) == width * height * RGBA:
        return Pixels(width, height, data, RGBA)
    raise EngineError
