"""Generated images: the use case from a validated request to image files whose charge is durable."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from fondaco.domain.media.image_request import ImageRequest, ImageTask
from fondaco.domain.media.picture import Encoding, SafeFile
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import ModelType
from fondaco.domain.money.call import Call, CallKind
from fondaco.domain.money.usage import Usage
from fondaco.ports import GeneratedImage, ImageCodec, ImageEngine
from fondaco.serving.admission.memory_budget import MemoryShare
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.paid_call import PaidCalls
from fondaco.serving.images.meter import ImageMeter, random_seed
from fondaco.serving.images.result import ImageResult, most_bytes
from fondaco.serving.routing.failover import Failover, ModelEngines

_AS_SPACES = dict.fromkeys(set(range(32)) - set(b"\b\t\n\f\r"), " ")
"""Control characters that JSON writes as six bytes each: the longest prompts would not fit a JPEG's EXIF."""


@dataclass(frozen=True, slots=True)
class ImageTiming:
    """Time that the phases of a call took, in seconds."""

    inference_s: float
    """The engines' work, on all variants."""
    preprocessing_s: float
    """Before it: admission and the hold."""
    queue_s: float
    """Waiting for an engine's turn, as far as engines tell."""
    total_s: float
    """All of it, the writing of the files included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationResult(ImageResult):
    """Generated images."""

    timing: ImageTiming


class ImageGenerator:
    """Answers requests for images."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, ImageEngine],
        codec: ImageCodec,
        paid_calls: PaidCalls,
    ) -> None:
        """Prepare; `engines` are by their names in the configuration."""
        self._catalogue = catalogue
        self._engines = ModelEngines(catalogue, engines)
        self._codec = codec
        self._paid_calls = paid_calls

    async def answer(
        self, call: Call, request: ImageRequest, reply: MemoryShare
    ) -> GenerationResult:
        """Return the images of a request; each is charged when this returns.

        A disconnect cancels the task: the images that were complete by then are charged. Where an
        engine fails, nothing is.

        Args:
            call: the call.
            request: its model is any name that routes to an image model.
            reply: holds the most that the files can have, from before the work until they are sent.

        Raises:
            ModelNotFoundError: no image model has this name.
            InvalidRequestError: the request exceeds a limit of the model.
            FondacoError: as from every paid call. Nothing is charged.
        """
        clock = self._paid_calls.clock
        started = clock.monotonic()
        route = self._catalogue.route(request.model, ModelType.IMAGE)
        model = route.model
        tasks = model.tasks(request, random_seed(call))
        failover = Failover(self._engines.of(model), model.id)
        self._codec.expect_installed()
        call, meter = replace(call, kind=CallKind.IMAGE), CallMeter(whole=True)
        files: list[SafeFile] = []
        inference_s = queue_s = 0.0
        understood = True
        async with self._paid_calls.open(call, model, meter, estimated_tokens=0) as paid:
            meter.current = images = ImageMeter(Usage(images=len(tasks)))
            await paid.hold()
            reply.hold(most_bytes((task.width, task.height) for task in tasks))
            held = clock.monotonic()
            for task in tasks:
                file, made, worked_s = await failover.first(
                    partial(
                        self._made,
                        task=task,
                        encoding=_encoding(request, task),
                        safe_mode=request.safe_mode,
                    )
                )
                inference_s += worked_s - made.queued_s
                queue_s += made.queued_s
                understood = understood and made.understood
                files.append(file)
                images.take(Usage(images=1))
            meter.deliver()
        timing = ImageTiming(inference_s, held - started, queue_s, clock.monotonic() - started)
        return GenerationResult(
            model=model,
            engine=failover.engine.name,
            files=tuple(one.file for one in files),
            seeds=tuple(task.seed for task in tasks),
            understood=understood,
            timing=timing,
            blurred=_any_blurred(one.blurred for one in files),
            ignored=model.ignored(request),
            quota=paid.quota,
            notice=route.notice,
        )

    async def _made(
        self, engine: ImageEngine, task: ImageTask, encoding: Encoding, *, safe_mode: bool
    ) -> tuple[SafeFile, GeneratedImage, float]:
        """Return a task's file, what the engine made, and in how many seconds, its queue included.

        A picture that cannot be read is the engine's failure, so another one may still make it.
        """
        clock = self._paid_calls.clock
        begun = clock.monotonic()
        made = await engine.generate(task)
        worked_s = clock.monotonic() - begun
        written = await self._written(made, task, encoding, safe_mode=safe_mode)
        return written, made, worked_s

    async def _written(
        self, made: GeneratedImage, task: ImageTask, encoding: Encoding, *, safe_mode: bool
    ) -> SafeFile:
        size = task.width, task.height
        if safe_mode:
            return await self._codec.encode_safely(made.picture, *size, encoding)
        return SafeFile(await self._codec.encode(made.picture, *size, encoding), blurred=None)


def _any_blurred(files: Iterable[bool | None]) -> bool | None:
    """Return whether any file was blurred; None: none was, and some were not classified.

    >>> _any_blurred([None, True]), _any_blurred([False, False]), _any_blurred([False, None])
    (True, False, None)
    """
    known = list(files)
    return None if None in known and True not in known else True in known


def _encoding(request: ImageRequest, task: ImageTask) -> Encoding:
    if not request.embed_parameters:
        return request.encoding
    told = {
        name: value.translate(_AS_SPACES) if isinstance(value, str) else value
        for name, value in task.parameters().items()
    }
    parameters = json.dumps(told, ensure_ascii=False)
    return replace(request.encoding, exif=task.prompt, parameters=parameters)
