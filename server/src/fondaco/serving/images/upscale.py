"""Upscaled images: the use case from a validated request to a PNG whose charge is durable."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from fondaco.domain.errors import (
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    UpscaleFailedError,
)
from fondaco.domain.media.image_file import Format
from fondaco.domain.media.image_upscale import (
    UPSCALED_PIXELS,
    UpscaleRequest,
    UpscaleTask,
    scale_within,
)
from fondaco.domain.media.picture import RGBA, Encoding
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import ModelType
from fondaco.domain.models.picture_models import upscales
from fondaco.domain.money.call import Call, CallKind
from fondaco.ports import ImageCodec, ImageUpscaler
from fondaco.serving.admission.memory_budget import MemoryShare
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.paid_call import PaidCalls
from fondaco.serving.images.meter import ImageMeter
from fondaco.serving.images.result import ImageResult, most_bytes
from fondaco.serving.inputs.pictures import PictureReader, picture_bounds
from fondaco.serving.routing.failover import Failover, ModelEngines

_DEFAULT = "default"
"""The trait of the model that upscales: requests name none. Source: POST /image/upscale."""
_BOUNDS = picture_bounds(most_pixels=UPSCALED_PIXELS)
_PNG = Encoding(Format.PNG)
_TOLD_DECIMALS = 3
"""Decimals of a scale in the header: 2.000 is charged as twofold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleResult(ImageResult):
    """An upscaled image."""

    scale: float
    """The applied scale: less than requested where the result would have had too many pixels."""


class ImageUpscales:
    """Answers requests to upscale pictures."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, ImageUpscaler],
        reader: PictureReader,
        codec: ImageCodec,
        paid_calls: PaidCalls,
    ) -> None:
        """Prepare; `engines` are by their names in the configuration."""
        self._catalogue = catalogue
        self._engines = ModelEngines(catalogue, engines)
        self._reader = reader
        self._codec = codec
        self._paid_calls = paid_calls

    async def answer(
        self, call: Call, request: UpscaleRequest, reply: MemoryShare
    ) -> UpscaleResult:
        """Return an upscaled picture as PNG; it is charged when this returns.

        The hold is for the requested scale, the charge for the one by which the picture was enlarged. Where
        the engine fails, nothing is charged. `reply` holds the most that the file can have, until it is sent.

        Raises:
            ModelNotFoundError: no model upscales here.
            InvalidRequestError: the picture is not taken, or cannot be enlarged.
            UpscaleFailedError: each engine failed.
            FondacoError: as from every paid call. Nothing is charged.
        """
        route = self._catalogue.route(_DEFAULT, ModelType.UPSCALE)
        model = route.model
        failover = Failover(self._engines.of(model), model.id)
        self._codec.expect_installed()
        call, meter = replace(call, kind=CallKind.IMAGE), CallMeter(whole=True)
        async with self._paid_calls.open(call, model, meter, estimated_tokens=0) as paid:
            meter.current = images = ImageMeter(upscales(request.scale))
            await paid.hold()
            with self._reader.memory(call.account_id) as memory:
                upload = await self._reader.upload(request.picture, _BOUNDS)
                picture = await self._reader.pixels(upload, UPSCALED_PIXELS, memory)
                task = model.task(request, picture)
                scale = scale_within(picture.width, picture.height, request.scale)
                memory.hold_more(RGBA * task.width * task.height)
                reply.hold(most_bytes([(task.width, task.height)]))
                file, understood = await self._made(failover, task)
            images.take(upscales(round(scale, _TOLD_DECIMALS)))
            meter.deliver()
        return UpscaleResult(
            model=model,
            engine=failover.engine.name,
            files=(file,),
            quota=paid.quota,
            notice=route.notice,
            scale=scale,
            understood=understood,
        )

    async def _made(
        self, failover: Failover[ImageUpscaler], task: UpscaleTask
    ) -> tuple[bytes, bool]:
        """Return the file of the first engine that succeeds, and whether it understood the prompt.

        Raises:
            UpscaleFailedError: all failed, at least one of them at the picture itself.
            EngineError: none is available, answers in time, or lets the gateway in.
        """
        try:
            return await failover.first(partial(self._file, task=task))
        except (EngineRefusedError, EngineTimeoutError, EngineUnavailableError):
            raise
        except EngineError as error:
            raise UpscaleFailedError from error

    async def _file(self, engine: ImageUpscaler, task: UpscaleTask) -> tuple[bytes, bool]:
        made = await engine.upscale(task)
        file = await self._codec.encode(made.picture, task.width, task.height, _PNG)
        return file, made.understood
