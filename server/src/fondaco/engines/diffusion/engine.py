"""Diffusion models as an image engine: one picture at a time, each model in a child process of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.abc
from anyio import to_thread

from fondaco.domain.errors import (
    EditNotSupportedError,
    EngineError,
    EngineUnavailableError,
    ModelNotInstalledError,
)
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import RGB, RGBA, Pixels
from fondaco.engines.common.prompt_commands import expect_no_command
from fondaco.engines.diffusion.launch import DiffusionLaunch
from fondaco.ports import EngineProcess, EngineState, GeneratedImage
from fondaco.serving.admission.fair_turns import FairTurns
from fondaco.workers.worker import Worker

_LOOK_S = 10.0
"""Between looks at whether a child has been idle for long."""
_SEEDS = 2**32


@dataclass(slots=True)
class _Loaded:
    """A model's child process, which may have ended meanwhile."""

    launch: DiffusionLaunch
    worker: Worker
    needed_bytes: int
    used_at: float


class Diffusion:
    """An `ImageEngine` and `ImageEditor` for the operator's weights. `run` must run while calls are made.

    A model is loaded at its first picture and unloaded after a while without any, or when another one
    needs its memory.
    """

    def __init__(
        self,
        launches: Mapping[str, DiffusionLaunch],
        *,
        name: str,
        queue: int = 16,
        idle_s: float = 300.0,
        memory_bytes: int = 0,
    ) -> None:
        """Prepare.

        Args:
            launches: model id -> how it is started.
            name: in the configuration.
            queue: pictures that may wait for their turn.
            idle_s: after so long without a picture a model is unloaded.
            memory_bytes: of all loaded models together; 0: any.
        """
        self._launches = dict(launches)
        self._name = name
        self._idle_s = idle_s
        self._memory_bytes = memory_bytes
        self._turns = FairTurns(1, queue)
        self._loaded: dict[str, _Loaded] = {}
        self._progress: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    @property
    def progress(self) -> tuple[int, int] | None:
        """Steps done and steps in all of the current picture; None: no picture is being made."""
        return self._progress

    def pid(self, model: str) -> int | None:
        """Return the process id of a model's child, where one runs."""
        loaded = self._loaded.get(model)
        return None if loaded is None else loaded.worker.pid

    @property
    def processes(self) -> Sequence[EngineProcess]:
        """A process for each model; all models together make one picture at a time."""
        by_use = sorted(self._loaded, key=lambda model: self._loaded[model].used_at)
        first = by_use[-1] if by_use else next(iter(self._launches), None)
        return [self._process(model, is_first=model == first) for model in self._launches]

    def _process(self, model: str, *, is_first: bool) -> EngineProcess:
        loaded = self._loaded.get(model)
        return EngineProcess(
            model,
            EngineState.STOPPED if loaded is None else loaded.worker.state,
            None if loaded is None else loaded.worker.reason,
            self.pid(model),
            slots=1,
            running=self._turns.running if is_first else 0,
            waiting=self._turns.waiting if is_first else 0,
        )

    def follow(self, launches: Mapping[str, DiffusionLaunch]) -> None:
        """Run these models from now on; the children of others end when they are idle."""
        self._launches = dict(launches)

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Unload models that are idle for long, until cancelled; unload all then."""
        task_status.started()
        try:
            while True:
                await anyio.sleep(min(_LOOK_S, self._idle_s))
                if self._turns.idle:
                    async with self._turns.taken():
                        await self._unload_idle()
        finally:
            with anyio.CancelScope(shield=True):
                for model in tuple(self._loaded):
                    await self._unload(model)

    async def generate(self, task: ImageTask) -> GeneratedImage:
        """Draw a picture, in turn.

        Raises:
            InvalidRequestError: the prompt holds a command to the engine.
            EngineBusyError: too many wait already.
            EngineUnavailableError: the library, the model's files or memory are missing, or the child does
                not start.
            EngineError: it failed at this picture.
        """
        expect_no_command({"prompt": task.prompt, "negative_prompt": task.negative_prompt})
        launch = self._launch_of(task.model)
        return await self._drawn(task.model, launch, _request(task, launch))

    async def edit(self, task: EditTask) -> GeneratedImage:
        """Draw a picture over another one, in turn.

        Raises:
            EditNotSupportedError: the background should become transparent.
            FondacoError: as of `generate`.
        """
        expect_no_command({"prompt": task.prompt})
        launch = self._launch_of(task.model)
        if task.transparent:
            raise EditNotSupportedError(
                f"{task.model!r} redraws images from a prompt, and cannot make a background transparent."
            )
        # Rearranging megabytes of pixels would block the event loop.
        request, payload = await to_thread.run_sync(_edit_request, task, launch)
        return await self._drawn(task.model, launch, request, payload)

    async def probe(self) -> None:
        """Return if it could draw; it does not, as that takes long.

        Raises:
            EngineUnavailableError: its library is missing.
        """
        for launch in self._launches.values():
            _expect_available(launch)

    def _launch_of(self, model: str) -> DiffusionLaunch:
        launch = self._launches.get(model)
        if launch is None:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {model!r}.")
        _expect_available(launch)
        return launch

    async def _drawn(
        self, model: str, launch: DiffusionLaunch, request: Mapping[str, Any], payload: bytes = b""
    ) -> GeneratedImage:
        async with self._turns.taken() as queued_s:
            loaded = await self._load(model, launch)
            try:
                _, rgb = await loaded.worker.ask(request, payload, self._advanced)
            finally:
                loaded.used_at = anyio.current_time()
                self._progress = None
        width, height = request["width"], request["height"]
        if len(rgb) != RGB * width * height:
            raise EngineError
        return GeneratedImage(Pixels(width, height, rgb), queued_s)

    async def _load(self, model: str, launch: DiffusionLaunch) -> _Loaded:
        """Return a model's child, once there is memory for it; it starts when it is asked.

        Raises:
            ModelNotInstalledError: one of its files is not here.
            EngineUnavailableError: it takes more memory than all models may.
        """
        loaded = self._loaded.get(model)
        if loaded is not None and loaded.launch == launch and loaded.worker.pid is not None:
            return loaded
        try:
            needed_bytes = await to_thread.run_sync(launch.needed_bytes)
        except OSError:
            raise ModelNotInstalledError(model, launch.source) from None
        await self._make_room(model, needed_bytes)
        if loaded is None or loaded.launch != launch:
            await self._unload(model)
            worker = Worker(
                launch.program(self._memory_bytes), engine=self._name, model=model
            )  # kept after failures, as it holds the backoff
            loaded = _Loaded(launch, worker, needed_bytes, anyio.current_time())
            self._loaded[model] = loaded
        return loaded

    async def _make_room(self, model: str, needed_bytes: int) -> None:
        """Unload the models that were used longest ago until another one fits."""
        if not self._memory_bytes:
            return
        if needed_bytes > self._memory_bytes:
            raise EngineUnavailableError(
                f"The model {model!r} needs about {_gigabytes(needed_bytes)} of memory, and the "
                f"limit for diffusion models is {_gigabytes(self._memory_bytes)}. Use smaller "
                "weights (a quantized file), or raise diffusion.memory_bytes."
            )
        others = sorted((one.used_at, name) for name, one in self._loaded.items() if name != model)
        for _, name in others:
            if needed_bytes + self._taken_bytes(model) <= self._memory_bytes:
                return
            await self._unload(name)

    def _taken_bytes(self, apart_from: str) -> int:
        return sum(
            one.needed_bytes
            for name, one in self._loaded.items()
            if name != apart_from and one.worker.pid is not None
        )

    async def _unload_idle(self) -> None:
        now = anyio.current_time()
        for model, loaded in tuple(self._loaded.items()):
            gone = self._launches.get(model) != loaded.launch
            if gone or (loaded.worker.pid is not None and now - loaded.used_at >= self._idle_s):
                await self._unload(model)

    async def _unload(self, model: str) -> None:
        loaded = self._loaded.pop(model, None)
        if loaded is not None:
            await loaded.worker.aclose()

    def _advanced(self, done: int, total: int) -> None:
        self._progress = (done, total)


def _expect_available(launch: DiffusionLaunch) -> None:
    if reason := launch.unavailable_reason():
        raise EngineUnavailableError(reason)


def _request(task: ImageTask, launch: DiffusionLaunch) -> dict[str, Any]:
    style = task.style
    prompt = task.prompt if style is None else style.styled(task.prompt)
    negative = task.negative_prompt if style is None else style.avoiding(task.negative_prompt)
    strength = launch.lora_strength if task.lora_strength is None else task.lora_strength
    return {
        "prompt": _plain(prompt),
        "negative_prompt": _plain(negative),
        "width": task.width,
        "height": task.height,
        "divisor": launch.divisor,
        "steps": task.steps,
        "cfg_scale": launch.cfg_scale if task.cfg_scale is None else task.cfg_scale,
        "seed": task.seed % _SEEDS,
        "lora_multiplier": strength / 100 if strength else None,
        "strength": launch.strength,
        "as_reference": launch.by_reference,
    }


def _edit_request(task: EditTask, launch: DiffusionLaunch) -> tuple[dict[str, Any], bytes]:
    """Return the request of an edit, and the picture with its mask behind it."""
    drawn = ImageTask(
        model=task.model,
        prompt=task.prompt,
        width=task.width,
        height=task.height,
        steps=launch.edit_steps(),
        seed=task.seed,
    )
    picture, mask = task.picture, task.mask
    canvas = {"width": picture.width, "height": picture.height, "masked": mask is not None}
    payload = _rgb(picture) + (b"" if mask is None else _changeable(mask, picture))
    return {**_request(drawn, launch), "canvas": canvas}, payload


def _rgb(picture: Pixels) -> bytes:
    """Return rows without transparency, which the engine does not have."""
    if picture.channels == RGB:
        return picture.data
    rows = bytearray(RGB * picture.width * picture.height)
    for channel in range(RGB):
        rows[channel::RGB] = picture.data[channel::RGBA]
    return bytes(rows)


def _changeable(mask: Pixels, picture: Pixels) -> bytes:
    """Return a mask of a byte a pixel: 255 where the picture may change.

    Raises:
        EngineError: it is no mask of that picture.
    """
    if mask.channels != RGBA or (mask.width, mask.height) != (picture.width, picture.height):
        raise EngineError("The mask differs in size from the image, or has no transparency.")
    return mask.data[RGBA - 1 :: RGBA].translate(_INVERTED)


_INVERTED = bytes(255 * (alpha == 0) for alpha in range(256))


def _plain(text: str) -> str:
    """Return a text as a C string can have it: without NUL and lone surrogates."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _gigabytes(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.1f} GiB"
