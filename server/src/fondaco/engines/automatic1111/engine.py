"""The engine for AUTOMATIC1111's API: pictures of prompts, and of pictures.

Source: stable-diffusion-webui, `modules/api/`, `POST /sdapi/v1/txt2img` and `/sdapi/v1/img2img`.
"""

from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any

import anyio
from anyio import to_thread

from fondaco.clients.client import HttpClient, IncompleteResponseError
from fondaco.domain.errors import EngineError, EngineTimeoutError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.engines.automatic1111.listing import (
    Checkpoint,
    Checkpoints,
    expect_drawn_with,
    expect_sampler,
    listed,
)
from fondaco.engines.automatic1111.progress import TaskProgress
from fondaco.engines.common.images.exchange import asked, object_in
from fondaco.engines.common.images.files import (
    FILE_LIMIT_BYTES,
    base64_of,
    expect_size,
    file_in_base64,
    in_register,
    mask_png,
    png_of,
)
from fondaco.engines.common.images.options import ImageOptions, rounded_up, unsigned
from fondaco.engines.common.images.supervision import clean_up, supervised
from fondaco.engines.common.prompt_commands import Command, PromptRules, prompts_of, unicode_of
from fondaco.ports import GeneratedImage
from fondaco.serving.admission.fair_turns import FairTurns

_TXT2IMG, _IMG2IMG = "/sdapi/v1/txt2img", "/sdapi/v1/img2img"
_COMMANDS = frozenset({Command.TAG, Command.WILDCARD, Command.VARIANT})
_RESIZE, _KEEP_CONTENT = 0, 1
"""`resize_mode`: to the size, whatever the ratio. `inpainting_fill`: what is masked starts as it was."""
_LEFT_WORKING = (EngineTimeoutError, IncompleteResponseError)
"""Failures after which the engine may still be at work."""
_PERCENT = 100


class Automatic1111:
    """An `ImageEngine` and `ImageEditor` behind AUTOMATIC1111's API.

    It is given few pictures at a time, as it works on one: what waits, waits here, where it can be cancelled.
    """

    def __init__(
        self,
        name: str,
        client: HttpClient,
        models: Mapping[str, str],
        options: ImageOptions,
        *,
        overrides: Mapping[str, str | int | float | bool] | None = None,
    ) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address without `/sdapi`; its time to the first byte is that of a whole answer.
            models: our model id -> the engine's name of the checkpoint.
            options: options of its requests.
            overrides: `override_settings` of each request, such as `sd_vae`.
        """
        self._name = name
        self._client = client
        self._models = models
        self._options = options
        self._overrides = overrides or {}
        self._rules = PromptRules(_COMMANDS, options.strip_commands)
        self._turns = FairTurns(options.at_once, options.queue)
        self._checkpoints = Checkpoints(client)
        self._has_sampler = not options.sampler
        """Whether the engine is known to have the row's sampler."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    async def generate(self, task: ImageTask) -> GeneratedImage:
        """Return the engine's picture of a prompt, as the file that it sent.

        Raises:
            InvalidRequestError: a prompt holds a command to the engine.
            EngineError: the engine fails, or sends no picture.
        """
        prompt, negative = prompts_of(task, self._rules)
        fields: dict[str, object] = {
            "prompt": prompt + self._lora(task),
            "negative_prompt": negative,
            "steps": task.steps,
            "cfg_scale": self._options.cfg_scale if task.cfg_scale is None else task.cfg_scale,
        }
        return await self._made(_TXT2IMG, task, lambda: fields)

    async def edit(self, task: EditTask) -> GeneratedImage:
        """Return the engine's picture of a picture and an instruction.

        Raises:
            InvalidRequestError: the instruction holds a command to the engine.
            EngineError: the engine fails, or sends no picture.
        """
        prompt = unicode_of(self._rules.apply({"prompt": task.prompt})["prompt"])
        fields: dict[str, object] = {
            "prompt": prompt,
            "steps": self._options.edit_steps,
            "cfg_scale": self._options.cfg_scale,
            "denoising_strength": self._options.edit_strength,
            "resize_mode": _RESIZE,
        }

        def with_pictures() -> dict[str, object]:
            return fields | _pictures(task)

        return await self._made(_IMG2IMG, task, with_pictures)

    async def probe(self) -> None:
        """Return if the engine lists its checkpoints: a picture as a probe would take long.

        Raises:
            EngineError: it does not.
        """
        await listed(self._client)

    async def _made(
        self, path: str, task: ImageTask | EditTask, fields: Callable[[], dict[str, object]]
    ) -> GeneratedImage:
        name = self._models.get(task.model)
        if name is None:
            raise EngineError(f"The engine {self._name!r} has no model {task.model!r}.")
        async with self._turns.taken() as waited_s:
            checkpoint = await self._checkpoints.of(name)
            if not self._has_sampler:
                await expect_sampler(self._client, self._options.sampler)
                self._has_sampler = True
            body = await to_thread.run_sync(fields)
            body |= self._fields(task, checkpoint, name)
            file, queued_s = await self._asked(path, body, checkpoint)
        return GeneratedImage(expect_size(file, task), waited_s + queued_s)

    async def _asked(
        self, path: str, body: Mapping[str, object], checkpoint: Checkpoint | None
    ) -> tuple[bytes, float]:
        """Return the picture, and for how many seconds it waited at the engine."""
        task_id = f"fondaco-{token_hex(16)}"
        sent = {key: value for key, value in body.items() if value is not None}
        progress = TaskProgress(self._client, task_id, self._options)

        async def work() -> Any:
            return await asked(
                self._client, path, sent | {"force_task_id": task_id}, limit_bytes=FILE_LIMIT_BYTES
            )

        try:
            answer = object_in(await supervised(work, progress.watch))
        except (*_LEFT_WORKING, anyio.get_cancelled_exc_class()):
            await clean_up(progress.interrupt)
            raise
        if checkpoint is not None:
            expect_drawn_with(checkpoint, answer.get("info"))
        return await to_thread.run_sync(_file_in, answer), progress.queued_s

    def _fields(
        self, task: ImageTask | EditTask, checkpoint: Checkpoint | None, name: str
    ) -> dict[str, object]:
        """Return the fields that both endpoints take."""
        title = name if checkpoint is None else checkpoint.title
        return {
            "width": rounded_up(task.width),
            "height": rounded_up(task.height),
            "seed": unsigned(task.seed),
            "batch_size": 1,
            "n_iter": 1,
            "sampler_name": self._options.sampler or None,
            "scheduler": self._options.scheduler or None,
            "override_settings": {**self._overrides, "sd_model_checkpoint": title},
            "send_images": True,
            "save_images": False,
        }

    def _lora(self, task: ImageTask) -> str:
        """Return the tag of the model's LoRA, if it has one and its strength is given."""
        lora = self._options.loras.get(task.model)
        if lora is None or task.lora_strength is None:
            return ""
        return f" <lora:{lora}:{task.lora_strength / _PERCENT:g}>"


def _pictures(task: EditTask) -> dict[str, object]:
    width, height = rounded_up(task.width), rounded_up(task.height)
    fields: dict[str, object] = {
        "init_images": [base64_of(png_of(in_register(task.picture, task, width, height)))]
    }
    if task.mask is not None:
        fields |= {
            "mask": base64_of(mask_png(in_register(task.mask, task, width, height))),
            "mask_blur": 0,
            "inpainting_fill": _KEEP_CONTENT,
            "inpaint_full_res": False,
        }
    return fields


def _file_in(answer: Mapping[str, Any]) -> bytes:
    """Return the first picture of an answer: extensions add their own after it.

    Raises:
        EngineError: there is none.
    """
    images = answer.get("images")
    if not isinstance(images, list) or not images:
        raise EngineError("The model's engine sent no image.")
    return file_in_base64(images[0])
