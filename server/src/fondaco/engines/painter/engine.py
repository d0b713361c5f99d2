"""The painter as an image engine: one child process that paints picture after picture."""

from collections.abc import Callable, Collection
from pathlib import Path

from fondaco.domain.errors import EngineError
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import RGB, Pixels
from fondaco.engines.painter.launch import painter_program, unavailable_reason
from fondaco.ports import GeneratedImage
from fondaco.workers.child_engine import ChildEngine

_USUAL_CFG_SCALE = 7.0


class Painter(ChildEngine):
    """A built-in `ImageEngine`."""

    def __init__(
        self,
        models: Collection[str],
        *,
        name: str,
        styles: Path = Path(),
        queue: int = 16,
        timeout_s: float = 120.0,
        idle_s: float = 300.0,
        unavailable: Callable[[], str] = unavailable_reason,
    ) -> None:
        """Prepare as `ChildEngine` does; one picture may take `timeout_s`.

        `styles` is the style network, an ONNX file that some presets use where it is there.
        """
        program = painter_program(styles, answer_timeout_s=timeout_s)
        super().__init__(models, program, unavailable, name=name, queue=queue, idle_s=idle_s)

    async def generate(self, task: ImageTask) -> GeneratedImage:
        """Paint a picture, in turn.

        Raises:
            EngineBusyError: too many wait already.
            EngineUnavailableError: its libraries are missing, or the child does not start.
            EngineError: it failed at this picture.
        """
        painted = await self._asked(task.model, _request(task))
        if len(painted.payload) != RGB * task.width * task.height:
            raise EngineError
        return GeneratedImage(
            Pixels(task.width, task.height, painted.payload),
            painted.queued_s,
            understood=bool(painted.fields["understood"]),
        )


def _request(task: ImageTask) -> dict[str, object]:
    return {
        "prompt": task.prompt,
        "negative_prompt": task.negative_prompt,
        "width": task.width,
        "height": task.height,
        "steps": task.steps,
        "cfg_scale": _USUAL_CFG_SCALE if task.cfg_scale is None else task.cfg_scale,
        "seed": task.seed,
        "style": task.style.name if task.style else None,
    }
