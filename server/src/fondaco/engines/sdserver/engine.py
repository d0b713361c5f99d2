"""The engine for sd-server: each picture is a job in its queue, by its own API, which obeys no prompt.

Source: stable-diffusion.cpp, `examples/server/api.md`, `POST /sdcpp/v1/img_gen`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from anyio import to_thread

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.engines.common.images.files import (
    base64_of,
    expect_size,
    file_in_base64,
    in_register,
    mask_png,
    png_of,
)
from fondaco.engines.common.images.options import ImageOptions, rounded_up, unsigned
from fondaco.engines.common.prompt_commands import Command, PromptRules, prompts_of, unicode_of
from fondaco.engines.sdserver.capabilities import capabilities_of
from fondaco.engines.sdserver.jobs import JobRules, Jobs
from fondaco.engines.sdserver.sampling import AbilityCheck, sampling_of
from fondaco.ports import GeneratedImage
from fondaco.serving.admission.fair_turns import FairTurns

EditWay: TypeAlias = Literal["img2img", "reference"]
"""Ways to edit a picture: drawn over from its noise, or given to a model of instructions."""

_COMMANDS = frozenset({Command.TAG})
_MULTIPLE = 64
"""Of sides: models' own steps are 8 to 64, and what is over is cropped."""
_PERCENT = 100


class SdServer:
    """An `ImageEngine` and `ImageEditor` behind sd-server's API of jobs; one server runs one model."""

    def __init__(
        self,
        name: str,
        client: HttpClient,
        models: Mapping[str, str],
        options: ImageOptions,
        *,
        edit_way: EditWay = "img2img",
    ) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address without `/sdcpp`.
            models: our model id -> the engine's name of its one model.
            options: options of its requests.
            edit_way: how pictures are edited.
        """
        self._name = name
        self._client = client
        self._models = models
        self._options = options
        self._edit_way = edit_way
        self._rules = PromptRules(_COMMANDS, options.strip_commands)
        self._turns = FairTurns(options.at_once, options.queue)
        self._jobs = Jobs(client, JobRules("img_gen", options.poll_s, options.total_timeout_s))
        self._abilities = AbilityCheck(client, options)

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
        lora = self._options.loras.get(task.model)
        strength = task.lora_strength
        fields: dict[str, object] = {"prompt": prompt, "negative_prompt": negative}
        if lora is not None and strength is not None:
            fields["lora"] = [{"path": lora, "multiplier": strength / _PERCENT}]
        return await self._made(task, task.steps, task.cfg_scale, lambda: fields)

    async def edit(self, task: EditTask) -> GeneratedImage:
        """Return the engine's picture of a picture and an instruction.

        Raises:
            InvalidRequestError: the instruction holds a command to the engine.
            EngineError: the engine fails, or sends no picture.
        """
        prompt = unicode_of(self._rules.apply({"prompt": task.prompt})["prompt"])

        def fields() -> dict[str, object]:
            return {"prompt": prompt} | self._pictures(task)

        return await self._made(task, self._options.edit_steps, None, fields)

    async def probe(self) -> None:
        """Return if the engine says what it can do: a picture as a probe would take long.

        Raises:
            EngineError: it does not.
        """
        await capabilities_of(self._client)

    async def _made(
        self,
        task: ImageTask | EditTask,
        steps: int,
        cfg_scale: float | None,
        fields: Callable[[], dict[str, object]],
    ) -> GeneratedImage:
        name = self._models.get(task.model)
        if name is None:
            raise EngineError(f"The engine {self._name!r} has no model {task.model!r}.")
        async with self._turns.taken() as waited_s:
            await self._abilities.expect(name)
            request = await to_thread.run_sync(fields)
            request |= {
                "width": rounded_up(task.width, _MULTIPLE),
                "height": rounded_up(task.height, _MULTIPLE),
                "seed": unsigned(task.seed),
                "batch_count": 1,
                "embed_image_metadata": False,
                "output_format": "png",
                "sample_params": sampling_of(self._options, steps, cfg_scale),
            }
            job = await self._jobs.ended(request)
        file = await to_thread.run_sync(_file_in, job.result)
        return GeneratedImage(expect_size(file, task), waited_s + job.queued_s)

    def _pictures(self, task: EditTask) -> dict[str, object]:
        size = rounded_up(task.width, _MULTIPLE), rounded_up(task.height, _MULTIPLE)
        picture = base64_of(png_of(in_register(task.picture, task, *size)))
        if self._edit_way == "reference":
            fields: dict[str, object] = {"ref_images": [picture]}
        else:
            fields = {"init_image": picture, "strength": self._options.edit_strength}
        if task.mask is not None:
            fields["mask_image"] = base64_of(mask_png(in_register(task.mask, task, *size)))
        return fields


def _file_in(result: Mapping[str, Any]) -> bytes:
    """Return the picture of a complete job.

    Raises:
        EngineError: it has none.
    """
    match result:
        case {"images": [{"b64_json": text}, *_]}:
            return file_in_base64(text)
    raise EngineError("The model's engine sent no image.")
