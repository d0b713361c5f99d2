"""Models that generate and edit images, of any engine that speaks OpenAI's images API."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import orjson
from anyio import to_thread

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import RGBA, ROUNDED_UP, PictureFile
from fondaco.domain.models.image_model import ImageParameter
from fondaco.engines.common.images.files import FILE_LIMIT_BYTES, file_in_base64, png_of
from fondaco.engines.common.images.form import form_of
from fondaco.engines.common.images.options import ImageOptions
from fondaco.engines.common.lenient_json import loads
from fondaco.engines.common.prompt_commands import PromptRules, prompts_of, unicode_of
from fondaco.engines.openai.errors import error_in_body, refusal
from fondaco.engines.openai.listing import names_listed
from fondaco.ports import GeneratedImage
from fondaco.serving.admission.fair_turns import FairTurns

_GENERATIONS, _EDITS = "/images/generations", "/images/edits"
_REFUSAL_LIMIT_BYTES = 2**20
_BESIDE_BYTES = 2**20
"""Of an answer, beside its picture."""
_MOST_VALUES = 4_096
_NO_SUCH_FIELD = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_JSON = "application/json"
_RESPONSE_FORMAT, _SIZE = "response_format", "size"
_WORD = re.compile(rb"[a-z_]+")
_RULES = PromptRules()
FieldT = TypeVar("FieldT")
DEFAULT_OPTIONS = ImageOptions(at_once=8)
"""Such engines are often hosted, and do several pictures at a time."""


@dataclass(frozen=True, slots=True)
class UpstreamImageModel:
    """A model that generates or edits images, as an upstream engine runs it."""

    name: str
    """The engine's name for it."""
    parameters: frozenset[ImageParameter] = frozenset()
    """Those beyond OpenAI's that its engine takes."""


class OpenAIImages:
    """An `ImageEngine` and `ImageEditor` behind OpenAI's images API."""

    def __init__(
        self,
        name: str,
        client: HttpClient,
        models: Mapping[str, UpstreamImageModel],
        options: ImageOptions = DEFAULT_OPTIONS,
    ) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address, up to and including `/v1`.
            models: our model id -> the engine's model.
            options: how many pictures it is given at a time, and how many may wait.
        """
        self._name = name
        self._client = client
        self._models = models
        self._not_taken: dict[str, set[str]] = {_GENERATIONS: set(), _EDITS: set()}
        """Path -> fields that the engine refuses there, as far as is known."""
        self._turns = FairTurns(options.at_once, options.queue)

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
        model = self._model(task.model)
        fields = {**_fields(task, model), _RESPONSE_FORMAT: "b64_json"}
        async with self._turns.taken() as waited_s:
            file = await self._picture(
                _GENERATIONS,
                fields,
                optional=(_RESPONSE_FORMAT,),
                written=lambda sent: (_JSON, orjson.dumps(sent)),
                limit_bytes=_limit_bytes(task.width, task.height),
            )
        return GeneratedImage(PictureFile(file), waited_s)

    async def edit(self, task: EditTask) -> GeneratedImage:
        """Return the engine's picture of a picture and an instruction, as the file that it sent.

        Without a requested size, the engine may choose one if it does not accept the picture's.

        Raises:
            InvalidRequestError: the instruction holds a command to the engine, or the engine refuses it.
            EngineError: the engine fails, or sends no picture.
        """
        fields = {**_edit_fields(task, self._model(task.model)), _RESPONSE_FORMAT: "b64_json"}
        free = (task.width, task.height) == (task.picture.width, task.picture.height)
        limit_bytes = FILE_LIMIT_BYTES if free else _limit_bytes(task.width, task.height)
        async with self._turns.taken() as waited_s:
            files = await to_thread.run_sync(_files, task)
            file = await self._picture(
                _EDITS,
                fields,
                optional=(_RESPONSE_FORMAT, _SIZE) if free else (_RESPONSE_FORMAT,),
                written=lambda sent: form_of(sent, files),
                limit_bytes=limit_bytes,
            )
        return GeneratedImage(PictureFile(file), waited_s)

    async def probe(self) -> None:
        """Return if the engine answers a request for its models: a picture as a probe would cost money.

        Raises:
            EngineError: it does not.
        """
        await names_listed(self._client)

    def _model(self, model_id: str) -> UpstreamImageModel:
        model = self._models.get(model_id)
        if model is None:
            raise EngineError(f"The engine {self._name!r} has no model {model_id!r}.")
        return model

    async def _picture(
        self,
        path: str,
        fields: Mapping[str, FieldT],
        *,
        optional: Collection[str],
        written: Callable[[Mapping[str, FieldT]], tuple[str, bytes]],
        limit_bytes: int,
    ) -> bytes:
        """Return the file of the picture that the engine sends.

        Args:
            path: below the engine's address.
            fields: of the request.
            optional: fields to drop in a retry, if the engine refuses them by name.
            written: returns the type and the bytes of a body with some of the fields.
            limit_bytes: of its answer.

        Raises:
            EngineError: the engine fails, or sends no picture.
            FondacoError: it refuses the request.
        """
        left_out = self._not_taken[path].intersection(optional)
        while True:
            sent = {name: value for name, value in fields.items() if name not in left_out}
            status, headers, body = await self._post(path, *written(sent), limit_bytes)
            refused = _refused_field(status, body, set(optional) & sent.keys())
            if refused is None:
                break
            left_out = left_out | {refused}
        if status != HTTPStatus.OK:
            raise refusal(status, headers, body)
        self._not_taken[path] |= left_out
        return await to_thread.run_sync(_picture_in, body)

    async def _post(
        self, path: str, content_type: str, body: bytes, limit_bytes: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        async with self._client.send("POST", path, body, content_type=content_type) as reply:
            ok = reply.status == HTTPStatus.OK
            answer = await reply.read(limit_bytes if ok else _REFUSAL_LIMIT_BYTES)
            return reply.status, reply.headers, answer


def _limit_bytes(width: int, height: int) -> int:
    """Return the most that an answer with a picture of a size may have: noise as PNG with alpha, in base64.

    Engines round sizes up, and some say more than they have to.
    """
    pixels = (width + ROUNDED_UP) * (height + ROUNDED_UP)
    return min(FILE_LIMIT_BYTES, RGBA * pixels * 4 // 3 + _BESIDE_BYTES)


def _refused_field(status: int, body: bytes, optional: Collection[str]) -> str | None:
    """Return the optional field that a refusal is about; None where it is about something else."""
    if status not in _NO_SUCH_FIELD:
        return None
    words = set(_WORD.findall(body))
    return next((name for name in sorted(optional) if name.encode() in words), None)


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


def _edit_fields(task: EditTask, model: UpstreamImageModel) -> dict[str, str]:
    """Return the texts of a form that asks for one edit."""
    prompt = _RULES.apply({"prompt": task.prompt})["prompt"]
    fields = {
        "model": model.name,
        "prompt": unicode_of(prompt),
        "n": "1",
        _SIZE: f"{task.width}x{task.height}",
    }
    if ImageParameter.SEED in model.parameters:
        fields[ImageParameter.SEED.value] = str(task.seed)
    if task.transparent and ImageParameter.BACKGROUND in model.parameters:
        fields[ImageParameter.BACKGROUND.value] = "transparent"
    return fields


def _files(task: EditTask) -> dict[str, tuple[str, bytes]]:
    """Return the files of a form: the picture, and its mask, whose transparency means the same there."""
    files = {"image": ("image.png", png_of(task.picture))}
    if task.mask is not None:
        files["mask"] = ("mask.png", png_of(task.mask))
    return files


def _picture_in(body: bytes) -> bytes:
    """Return the file of the one picture in a response.

    Raises:
        EngineError: there is none, or it is no PNG, JPEG or WebP.
        FondacoError: the response reports an error.
    """
    try:
        document = loads(body, _MOST_VALUES)
    except ValueError as error:
        raise EngineError("The model's engine sent a reply that is not JSON.") from error
    if not isinstance(document, dict):
        raise EngineError("The model's engine sent a reply that is not a JSON object.")
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
    raise EngineError("The model's engine sent no base64 image.")
