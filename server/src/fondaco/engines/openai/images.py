"""Image models of any engine that speaks OpenAI's images API."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from anyio import to_thread

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import PictureFile
from fondaco.domain.models.image_model import ImageParameter
from fondaco.engines.common.images.files import FILE_LIMIT_BYTES, file_in_base64
from fondaco.engines.common.lenient_json import loads
from fondaco.engines.common.prompt_commands import PromptRules, prompts_of
from fondaco.engines.openai.errors import error_in_body, refusal
from fondaco.engines.openai.listing import names_listed
from fondaco.ports import GeneratedImage

_GENERATIONS = "/images/generations"
_REFUSAL_LIMIT_BYTES = 2**20
_MOST_VALUES = 4_096
_NO_SUCH_FIELD = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_RESPONSE_FORMAT = "response_format"
_RULES = PromptRules()


@dataclass(frozen=True, slots=True)
class UpstreamImageModel:
    """An image model as an upstream engine runs it."""

    name: str
    """The engine's name for it."""
    parameters: frozenset[ImageParameter] = frozenset()
    """Those beyond OpenAI's that its engine takes."""


class OpenAIImages:
    """An `ImageEngine` behind OpenAI's images API."""

    def __init__(
        self, name: str, client: HttpClient, models: Mapping[str, UpstreamImageModel]
    ) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address, up to and including `/v1`.
            models: our model id -> the engine's model.
        """
        self._name = name
        self._client = client
        self._models = models
        self._takes_response_format = True
        """Whether the engine takes `response_format`, as far as is known; some always send base64."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    async def generate(self, task: ImageTask) -> GeneratedImage:
        """Return the engine's picture, as the file that it sent.

        Raises:
            InvalidRequestError: the prompt holds a command to the engine, or the engine refuses it.
            EngineError: the engine fails, or sends no picture.
        """
        model = self._models.get(task.model)
        if model is None:
            raise EngineError(f"The engine {self._name!r} has no model {task.model!r}.")
        status, headers, body = await self._post(task, model)
        if (
            status in _NO_SUCH_FIELD
            and self._takes_response_format
            and _RESPONSE_FORMAT.encode() in body
        ):
            status, headers, body = await self._post(task, model, response_format=False)
            self._takes_response_format = status != HTTPStatus.OK
        if status != HTTPStatus.OK:
            raise refusal(status, headers, body)
        return GeneratedImage(PictureFile(await to_thread.run_sync(_picture_in, body)))

    async def probe(self) -> None:
        """Return if the engine answers a request for its models: a picture as a probe would cost money.

        Raises:
            EngineError: it does not.
        """
        await names_listed(self._client)

    async def _post(
        self, task: ImageTask, model: UpstreamImageModel, *, response_format: bool = True
    ) -> tuple[int, Mapping[str, str], bytes]:
        fields = _fields(task, model)
        if response_format and self._takes_response_format:
            fields[_RESPONSE_FORMAT] = "b64_json"
        async with self._client.send("POST", _GENERATIONS, orjson.dumps(fields)) as reply:
            ok = reply.status == HTTPStatus.OK
            body = await reply.read(FILE_LIMIT_BYTES if ok else _REFUSAL_LIMIT_BYTES)
            return reply.status, reply.headers, body


def _fields(task: ImageTask, model: UpstreamImageModel) -> dict[str, object]:
    """Return the body of a request for one image."""
    prompt, negative = prompts_of(task, _RULES)
    optional: dict[ImageParameter, object] = {
        ImageParameter.NEGATIVE_PROMPT: negative or None,
        ImageParameter.STEPS: task.steps,
        ImageParameter.CFG_SCALE: task.cfg_scale,
        ImageParameter.LORA_STRENGTH: task.lora_strength,
        ImageParameter.SEED: task.seed,
        ImageParameter.BACKGROUND: "transparent" if task.transparent else None,
    }
    return {
        "model": model.name,
        "prompt": prompt,
        "n": 1,
        "size": f"{task.width}x{task.height}",
        **{
            parameter.value: value
            for parameter, value in optional.items()
            if parameter in model.parameters and value is not None
        },
    }


def _picture_in(body: bytes) -> bytes:
    """Return the file of the one picture in a response.

    Raises:
        EngineError: there is none, or it is no PNG, JPEG or WebP.
        FondacoError: the response reports an error.
    """
    try:
        document = loads(body, _MOST_VALUES)
    except ValueError as error:
        raise EngineError("The model's engine sent what is not JSON.") from error
    if not isinstance(document, dict):
        raise EngineError("The model's engine sent a reply that is no object.")
    if "data" not in document and (fault := error_in_body(document)) is not None:
        raise fault
    return file_in_base64(_base64_in(document.get("data")))


def _base64_in(data: Any) -> str:
    """Return the base64 of the only picture in `data`: as `b64_json`, or as a data URL."""
    if isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict):
        if isinstance(found := data[0].get("b64_json"), str):
            return found
        if isinstance(found := data[0].get("url"), str) and found.startswith("data:image/"):
            return found
    raise EngineError("The model's engine sent no picture as base64.")
