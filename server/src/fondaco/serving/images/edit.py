"""Edited images: the use case from a validated request to image files whose charge is durable."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from fondaco.domain.errors import EngineError, InvalidRequestError
from fondaco.domain.media.image_edit import EditRequest, EditTask
from fondaco.domain.media.image_file import UnreadableImageError, format_of, header_of
from fondaco.domain.media.image_upscale import UPSCALED_PIXELS
from fondaco.domain.media.picture import (
    RGBA,
    Encoding,
    Picture,
    PictureFile,
    Pixels,
    Protected,
    is_rounded_up,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import ModelType
from fondaco.domain.models.picture_models import EditModel
from fondaco.domain.money.call import Call, CallKind
from fondaco.domain.money.usage import Usage
from fondaco.ports import GeneratedImage, ImageCodec, ImageEditor
from fondaco.serving.admission.memory_budget import MemoryShare
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.paid_call import PaidCalls
from fondaco.serving.images.meter import ImageMeter, random_seed
from fondaco.serving.images.result import ImageResult, most_bytes
from fondaco.serving.inputs.pictures import PictureReader, picture_bounds
from fondaco.serving.routing.failover import Failover, ModelEngines

_EDIT = Usage(edits=1)
_BOUNDS = picture_bounds()


class ImageEdits:
    """Answers requests to change pictures."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, ImageEditor],
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

    async def answer(self, call: Call, request: EditRequest, reply: MemoryShare) -> ImageResult:
        """Return the variants of an edit; each is charged when this returns.

        A disconnect cancels the task: the variants that were complete by then are charged. Where an
        engine fails, or cannot carry out the instruction, nothing is.

        Args:
            call: the call.
            request: its model is any name that routes to a model of type `inpaint`.
            reply: holds the most that the files can have, from before the work until they are sent.

        Raises:
            ModelNotFoundError: no model has this name.
            InvalidRequestError: the request exceeds a limit of the model, or its picture is not taken.
            EditNotSupportedError: no engine can carry out the instruction.
            FondacoError: as from every paid call. Nothing is charged.
        """
        route = self._catalogue.route(request.model, ModelType.INPAINT)
        model = route.model
        model.expect_within(request)
        failover = Failover(self._engines.of(model), model.id)
        self._codec.expect_installed()
        call, meter = replace(call, kind=CallKind.IMAGE), CallMeter(whole=True)
        files: list[bytes] = []
        understood = True
        async with self._paid_calls.open(call, model, meter, estimated_tokens=0) as paid:
            meter.current = images = ImageMeter(Usage(edits=request.variants))
            await paid.hold()
            with self._reader.memory(call.account_id) as memory:
                picture = await self._picture(model, request, memory)
                mask = await self._mask(model, request, picture, memory)
                tasks = model.tasks(request, picture, mask, random_seed(call))
                memory.hold_more(RGBA * tasks[0].width * tasks[0].height)
                reply.hold(most_bytes((task.width, task.height) for task in tasks))
                for task in tasks:
                    file, made = await failover.first(
                        partial(self._made, task=task, encoding=request.encoding)
                    )
                    understood = understood and made.understood
                    memory.hold_more(len(file))
                    files.append(file)
                    images.take(_EDIT)
            meter.deliver()
        return ImageResult(
            model=model,
            engine=failover.engine.name,
            files=tuple(files),
            seeds=tuple(task.seed for task in tasks),
            understood=understood,
            ignored=model.ignored(request),
            quota=paid.quota,
            notice=route.notice,
        )

    async def _picture(self, model: EditModel, request: EditRequest, memory: MemoryShare) -> Pixels:
        upload = await self._reader.upload(request.picture, _BOUNDS, urls=True)
        return await self._reader.pixels(upload, model.most_pixels, memory)

    async def _mask(
        self, model: EditModel, request: EditRequest, picture: Pixels, memory: MemoryShare
    ) -> Pixels | None:
        """Return the mask of a request, in the size of its picture.

        Raises:
            InvalidRequestError: it has another size, or is nowhere transparent.
        """
        if request.mask is None:
            return None
        upload = await self._reader.upload(request.mask, _BOUNDS, urls=True)
        mask = await self._reader.pixels(upload, model.most_pixels, memory)
        path = request.mask.field_path
        if (mask.width, mask.height) != (picture.width, picture.height):
            seen = f"{mask.width} x {mask.height}, not {picture.width} x {picture.height}"
            raise InvalidRequestError(
                faults={path: (f"It must have the same size as the image ({seen}).",)}
            )
        if mask.channels != RGBA:
            what = "It has no transparent pixels. Make the area to change transparent."
            raise InvalidRequestError(faults={path: (what,)})
        return mask

    async def _made(
        self, engine: ImageEditor, task: EditTask, encoding: Encoding
    ) -> tuple[bytes, GeneratedImage]:
        """Return a task's file, and what the engine made.

        A picture that cannot be read is the engine's failure, so another one may still make it.
        """
        made = await engine.edit(task)
        size = _size(task, made.picture)
        protected = None if task.mask is None else Protected(task.picture, task.mask)
        file = await self._codec.encode(made.picture, *size, encoding, protected)
        return file, made


def _size(task: EditTask, picture: Picture) -> tuple[int, int]:
    """Return the size that a result must have: what was requested, else its own.

    Files come from engines elsewhere, which round sizes up: what is over is cropped.

    Raises:
        EngineError: it is too large, or cannot be read.
    """
    width, height = task.width, task.height
    if (width, height) == (task.picture.width, task.picture.height):
        own = _own_size(picture)
        rounded_up = isinstance(picture, PictureFile) and is_rounded_up(own, (width, height))
        width, height = (width, height) if rounded_up else own
    if width * height > UPSCALED_PIXELS:
        raise EngineError(f"The model's engine sent an image of {width} x {height} pixels.")
    return width, height


def _own_size(picture: Picture) -> tuple[int, int]:
    if isinstance(picture, Pixels):
        return picture.width, picture.height
    try:
        if (kind := format_of(picture.data)) is not None:
            header = header_of(picture.data, kind)
            return header.width, header.height
    except UnreadableImageError:
        pass
    raise EngineError("The model's engine sent a file that is not an image.")
