"""The engine for ComfyUI: each picture is a job of its model's workflow, filled in."""

from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import to_thread

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EditNotSupportedError, EngineError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.engines.comfyui.api import ComfyApi, OpenSocket
from fondaco.engines.comfyui.job import Job
from fondaco.engines.comfyui.listing import checkpoints_listed
from fondaco.engines.comfyui.sampling import sampling_of
from fondaco.engines.comfyui.uploads import uploaded
from fondaco.engines.comfyui.workflow import Placeholder, Workflow, built_in
from fondaco.engines.common.images.files import (
    expect_size,
    in_register,
    mask_png,
    png_of,
    white_png,
)
from fondaco.engines.common.images.options import ImageOptions, rounded_up, unsigned
from fondaco.engines.common.prompt_commands import Command, PromptRules, prompts_of, unicode_of
from fondaco.ports import GeneratedImage
from fondaco.serving.admission.fair_turns import FairTurns

_COMMANDS = frozenset(Command)
_PERCENT = 100
_MOST_LEFT = 256
"""Jobs that are to be forgotten, where the engine does not answer."""


@dataclass(frozen=True, slots=True)
class ComfyModels:
    """The models of one ComfyUI, by our ids."""

    names: Mapping[str, str]
    """The engine's name of each: of a file, for the placeholder `{{model}}`."""
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    """Of those that generate images; the others run the one that is built in."""
    edit_workflows: Mapping[str, Workflow] = field(default_factory=dict)
    """Of those that edit images, which all need one."""


class ComfyUI:
    """An `ImageEngine` and `ImageEditor` behind ComfyUI's API."""

    def __init__(
        self,
        name: str,
        client: HttpClient,
        open_socket: OpenSocket,
        models: ComfyModels,
        options: ImageOptions,
    ) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address.
            open_socket: opens a websocket at the same address.
            models: what it runs.
            options: options of its requests.
        """
        self._name = name
        self._client = client
        self._api = ComfyApi(client, open_socket)
        self._models = models
        self._options = options
        self._rules = PromptRules(_COMMANDS, options.strip_commands)
        self._turns = FairTurns(options.at_once, options.queue)
        self._left: deque[str] = deque(maxlen=_MOST_LEFT)

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
        values = self._values(task) | {
            Placeholder.PROMPT: prompt,
            Placeholder.NEGATIVE_PROMPT: negative,
            Placeholder.STEPS: task.steps,
            Placeholder.LORA_STRENGTH: _share(task.lora_strength),
        }
        if task.cfg_scale is not None:
            values[Placeholder.CFG_SCALE] = task.cfg_scale
        workflow = self._models.workflows.get(task.model) or built_in()
        async with self._turns.taken() as waited_s:
            return await self._made(task, workflow, values, waited_s)

    async def edit(self, task: EditTask) -> GeneratedImage:
        """Return the picture that the model's workflow makes of a picture and an instruction.

        Raises:
            EditNotSupportedError: there is a mask, and the workflow takes none.
            InvalidRequestError: the instruction holds a command to the engine.
            EngineError: the engine fails, or sends no picture.
        """
        prompt = unicode_of(self._rules.apply({"prompt": task.prompt})["prompt"])
        workflow = self._models.edit_workflows.get(task.model)
        if workflow is None:
            raise EngineError(
                f"The engine {self._name!r} has no workflow that edits with {task.model!r}."
            )
        if task.mask is not None and Placeholder.MASK not in workflow.used:
            raise EditNotSupportedError(
                "The model's engine does not support masks: it edits whole images."
            )
        values = self._values(task) | {Placeholder.PROMPT: prompt, Placeholder.NEGATIVE_PROMPT: ""}
        async with self._turns.taken() as waited_s, self._uploaded(task, workflow) as names:
            return await self._made(task, workflow, values | names, waited_s)

    async def probe(self) -> None:
        """Return if the engine lists its checkpoints: a picture as a probe would take long.

        Raises:
            EngineError: it does not.
        """
        await checkpoints_listed(self._client)

    async def _made(
        self,
        task: ImageTask | EditTask,
        workflow: Workflow,
        values: Mapping[Placeholder, object],
        waited_s: float,
    ) -> GeneratedImage:
        job = Job(self._api, workflow, self._options, self._left)
        file = await job.file(workflow.filled(values))
        return GeneratedImage(expect_size(file, task), waited_s + job.queued_s)

    @asynccontextmanager
    async def _uploaded(
        self, task: EditTask, workflow: Workflow
    ) -> AsyncGenerator[dict[Placeholder, object]]:
        """Bring the pictures of an edit to the engine; what is left of them there is blanked afterwards."""
        files = {Placeholder.IMAGE: await to_thread.run_sync(_picture_of, task)}
        if Placeholder.MASK in workflow.used:
            files[Placeholder.MASK] = await to_thread.run_sync(_mask_of, task)
        async with uploaded(self._api, files) as names:
            yield names

    def _values(self, task: ImageTask | EditTask) -> dict[Placeholder, object]:
        """Return the values that do not depend on the request.

        Raises:
            EngineError: the engine does not run the model.
        """
        name = self._models.names.get(task.model)
        if name is None:
            raise EngineError(f"The engine {self._name!r} has no model {task.model!r}.")
        return sampling_of(self._options) | {
            Placeholder.MODEL: name,
            Placeholder.WIDTH: rounded_up(task.width),
            Placeholder.HEIGHT: rounded_up(task.height),
            Placeholder.SEED: unsigned(task.seed),
            Placeholder.TRANSPARENT: task.transparent,
        }


def _share(percent: int | None) -> float:
    return 1.0 if percent is None else percent / _PERCENT


def _picture_of(task: EditTask) -> bytes:
    width, height = rounded_up(task.width), rounded_up(task.height)
    return png_of(in_register(task.picture, task, width, height))


def _mask_of(task: EditTask) -> bytes:
    width, height = rounded_up(task.width), rounded_up(task.height)
    if task.mask is not None:
        return mask_png(in_register(task.mask, task, width, height))
    shown = in_register(task.picture, task, width, height)
    return white_png(shown.width, shown.height)
