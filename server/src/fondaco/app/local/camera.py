"""The built-in video engine, and the stills that its videos of a prompt alone begin with."""

from collections.abc import Collection
from math import sqrt

from fondaco.configuration import CAMERA
from fondaco.domain.errors import EngineError, EngineUnavailableError
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.video import VideoTask
from fondaco.engines.camera.engine import Camera
from fondaco.engines.camera.launch import CameraLaunch
from fondaco.engines.painter.engine import Painter
from fondaco.modelfiles import KNOWN
from fondaco.settings import Settings

_MARGIN = 1.2
"""A still's side to that of its video: a camera that moves sees a part at a time."""
_PIXELS = 1_536 * 864
"""Of a still at most; a larger one takes longer to paint than to film."""
_STEPS = 20


class Stills:
    """Paints the first frame of a video."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter

    async def paint(self, scene: str, task: VideoTask) -> Pixels:
        """Return the still of a task, a little larger than its video.

        Raises:
            EngineUnavailableError: the painter is switched off.
            EngineError: it failed.
        """
        models = sorted(self._painter.models)
        if not models:
            raise EngineUnavailableError(
                "The engine that paints a video's first picture is switched off. Send an image_url."
            )
        across, down = task.width * _MARGIN, task.height * _MARGIN
        scale = min(1.0, sqrt(_PIXELS / (across * down)))
        still = ImageTask(
            model=models[0],
            prompt=scene,
            negative_prompt=task.negative_prompt,
            width=round(across * scale),
            height=round(down * scale),
            steps=_STEPS,
            seed=task.seed,
        )
        picture = (await self._painter.generate(still)).picture
        if not isinstance(picture, Pixels):
            raise EngineError
        return picture


def camera_of(settings: Settings, models: Collection[str], painter: Painter) -> Camera:
    """Return the camera of a configuration."""
    subject = KNOWN["fondaco-camera"].file_for("model").file
    return Camera(
        models,
        CameraLaunch(settings.models_folder / subject, settings.camera.timeout_s),
        name=CAMERA,
        paint=Stills(painter).paint,
        queue=settings.camera.queue,
        idle_s=settings.camera.idle_s,
    )
