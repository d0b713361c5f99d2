"""The editor as an engine: one child process that edits picture after picture."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from anyio import to_thread

from fondaco.domain.errors import EditNotSupportedError, EngineError, ModelNotInstalledError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.picture import RGB, RGBA, UPLOAD_PIXELS, Pixels
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.editor.launch import editor_program, unavailable_reason
from fondaco.ports import GeneratedImage
from fondaco.workers.child_engine import ChildEngine

_MOST_SIDE = 2**20


class Editor(ChildEngine):
    """A built-in `ImageEditor`."""

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
        """Prepare as `ChildEngine` does; one picture may take `timeout_s`.

        The files of its networks are in `models_folder`, or will be once `fondaco models pull` takes `source`.
        """
        program = editor_program(models_folder, answer_timeout_s=timeout_s)
        super().__init__(models, program, unavailable, name=name, queue=queue, idle_s=idle_s)
        self._source = source

    async def edit(self, task: EditTask) -> GeneratedImage:
        """Edit a picture, in turn.

        Raises:
            EditNotSupportedError: the instruction is not understood wholly, or does not suit the picture.
            EngineBusyError: too many wait already.
            EngineUnavailableError: its libraries are missing, or the child does not start.
            ModelNotInstalledError: the instruction needs a network whose file is missing.
            EngineError: it failed at this picture.
        """
        # Extracting a mask from megabytes of pixels would block the event loop.
        payload = await to_thread.run_sync(_payload, task)
        done = await self._asked(task.model, _request(task), payload)
        if refused := done.fields.get("refused"):
            raise EditNotSupportedError(str(refused))
        if done.fields.get("missing"):
            raise ModelNotInstalledError(task.model, self._source)
        return GeneratedImage(_pixels(done.fields, done.payload), done.queued_s)


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
    if not width or not height or width * height > UPLOAD_PIXELS:
        raise EngineError
    if len(data) == width * height * RGB:
        return Pixels(width, height, data, RGB)
    if len(data) == width * height * RGBA:
        return Pixels(width, height, data, RGBA)
    raise EngineError
