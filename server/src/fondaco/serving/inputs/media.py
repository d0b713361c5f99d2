"""Media inputs: images, audio and video of a request, converted to what the model accepts."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import anyio

from fondaco.domain.chat.message import Audio, Image, Message, Part, Video
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import (
    ImageNotFetchedError,
    InvalidModelError,
    InvalidRequestError,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import Capabilities, Model, ModelType
from fondaco.domain.web import PageError
from fondaco.ports import Files
from fondaco.serving.inputs.fetching import fetched, opened
from fondaco.serving.inputs.images import base64_of, checked, decoded_bytes, enclosed, is_data_url

MOST_IMAGES = 16
MOST_FETCHED_BYTES = 32 * 2**20
"""Limit of one call."""
_AT_A_TIME = 4
_MOST_NAMED = 10
_BYTES_A_TOKEN = 16
"""Bytes per token of a recording: at most 40 tokens a second, of at least 650 bytes of compressed speech."""

Medium = Image | Audio | Video


class Media:
    """Prepares the media of requests for engines."""

    def __init__(
        self, catalogue: Catalogue, files: Files | None = None, *, hears: bool = False
    ) -> None:
        """Prepare.

        Args:
            catalogue: names the models that take what another one does not.
            files: fetches images; None: only data URLs are accepted.
            hears: whether recordings are transcribed for models without audio input.
        """
        self._catalogue = catalogue
        self._files = files
        self._hears = hears

    def expect_able(self, model: Model, request: ChatRequest) -> None:
        """Check that the model supports the request's media.

        Raises:
            InvalidModelError: it does not; the message names models that do.
            InvalidRequestError: there are too many images.
        """
        images = 0
        for medium in _media(request.messages):
            what, able = _needs(medium)
            heard = self._hears and isinstance(medium, Audio)
            if not able(model.capabilities) and not heard:
                raise self._unable(model, medium, what, able)
            images += isinstance(medium, Image)
        if images > MOST_IMAGES and model.capabilities.many_images:
            raise InvalidRequestError(
                f"The conversation has {images} images; at most {MOST_IMAGES} are accepted.",
                faults={"messages": (f"At most {MOST_IMAGES} images",)},
            )

    def needs_fetching(self, request: ChatRequest) -> bool:
        """Whether the request has media to prepare."""
        return any(
            isinstance(medium, Image | Video) and not is_data_url(medium.url)
            for medium in _media(request.messages)
        )

    def most_tokens(self, model: Model, request: ChatRequest) -> int:
        """Return an upper bound of the tokens of images and videos, before they are fetched."""
        most = 0
        for medium in _media(request.messages):
            match medium:
                case Image():
                    most += model.image_tokens
                case Video():
                    most += model.context_tokens
                case Audio():
                    pass
        return most

    async def prepared(self, model: Model, request: ChatRequest) -> ChatRequest:
        """Return the request with images checked and converted to data URLs, and token bounds for all media.

        Raises:
            InvalidImageFormatError, CorruptedImageError, ImageNotFetchedError: an image is not taken.
            InvalidRequestError: a recording or a video is not.
        """
        media = list(_media(request.messages))
        results: list[Medium | InvalidRequestError] = list(media)
        limiter, fetched = anyio.CapacityLimiter(_AT_A_TIME), _FetchedBytes()

        async def prepare(index: int) -> None:
            try:
                async with limiter:
                    results[index] = await self._prepared_medium(media[index], model, fetched)
            except InvalidRequestError as error:
                results[index] = error

        async with anyio.create_task_group() as tasks:
            for index in range(len(media)):
                tasks.start_soon(prepare, index)
        return replace(request, messages=tuple(_with(request.messages, _each(results))))

    async def _prepared_medium(
        self, medium: Medium, model: Model, fetched: "_FetchedBytes"
    ) -> Medium:
        match medium:
            case Image(url=url, field_path=field_path):
                if is_data_url(url):
                    data_url = checked(url, field_path)
                else:
                    data_url = enclosed(await self._fetched(url, field_path, fetched), field_path)
                return replace(medium, url=data_url, most_tokens=model.image_tokens)
            case Audio(content=content, field_path=field_path):
                raw = base64_of(content)
                if raw is None:
                    raise _unfit(
                        "input_audio.data",
                        field_path,
                        "It is not base64. URLs are not accepted.",
                    )
                most = 1 + decoded_bytes(raw) // _BYTES_A_TOKEN
                return replace(medium, most_tokens=min(most, model.context_tokens))
            case Video(url=url, field_path=field_path):
                await self._expect_video(url, field_path)
                return replace(medium, most_tokens=model.context_tokens)

    async def _fetched(self, url: str, field_path: str, fetched_bytes: "_FetchedBytes") -> bytes:
        body = await fetched(self._files, url, field_path)
        fetched_bytes.octets += len(body)
        if fetched_bytes.octets > MOST_FETCHED_BYTES:
            what = f"Together the images are larger than {MOST_FETCHED_BYTES:,} bytes."
            raise ImageNotFetchedError(what, faults={field_path: (what,)})
        return body

    async def _expect_video(self, url: str, field_path: str) -> None:
        if is_data_url(url):
            head, comma, content = url.partition(",")
            if not comma or not head.lower().endswith(";base64") or base64_of(content) is None:
                what = "A data URL must look like this: data:video/mp4;base64,AAAA"
                raise _unfit("video_url.url", field_path, what)
            return
        try:
            await opened(self._files, field_path).expect_public(url)
        except PageError as error:
            raise _unfit("video_url.url", field_path, f"{error.code}: {error}") from error

    def _unable(
        self, model: Model, medium: Medium, what: str, able: Callable[[Capabilities], bool]
    ) -> InvalidModelError:
        models = self._catalogue.models(ModelType.TEXT)
        able_models = [one.id for one in models if able(one.capabilities)][:_MOST_NAMED]
        hint = (
            f"Models that do: {', '.join(able_models)}."
            if able_models
            else "No model on this server does; the operator can add one."
        )
        return InvalidModelError(
            f"The model {model.id!r} does not take {what}. {hint}",
            faults={medium.field_path: ("Not supported by this model",)},
        )


def with_last_image(request: ChatRequest) -> ChatRequest:
    """Return the request with only the last of its images.

    Source: POST /chat/completions, `messages`: "only the last image_url message will be passed".
    """
    images = [medium for medium in _media(request.messages) if isinstance(medium, Image)]
    if len(images) <= 1:
        return request
    return replace(request, messages=tuple(_showing(one, images[-1]) for one in request.messages))


class _FetchedBytes:
    """Counts the bytes that one call has fetched."""

    octets = 0


def _media(messages: Iterable[Message]) -> Iterator[Medium]:
    for message in messages:
        if isinstance(message.content, tuple):
            for part in message.content:
                if not isinstance(part, str):
                    yield part


def _needs(medium: Medium) -> tuple[str, Callable[[Capabilities], bool]]:
    """Return the name of a medium's type, and the capability that it requires."""
    match medium:
        case Image():
            return "images", lambda able: able.vision
        case Audio():
            return "audio", lambda able: able.audio_input
        case Video():
            return "video", lambda able: able.video_input


def _each(prepared: Iterable[Medium | InvalidRequestError]) -> Iterator[Medium]:
    for outcome in prepared:
        if isinstance(outcome, InvalidRequestError):
            raise outcome
        yield outcome


def _with(messages: Iterable[Message], media: Iterator[Medium]) -> Iterator[Message]:
    """Yield messages with their media replaced in order."""
    for message in messages:
        if isinstance(message.content, tuple):
            content: tuple[Part, ...] = tuple(
                part if isinstance(part, str) else next(media) for part in message.content
            )
            yield message.with_content(content)
        else:
            yield message


def _showing(message: Message, image: Image) -> Message:
    """Return a message with only `image` of its images; empty text if nothing is left."""
    if not isinstance(message.content, tuple):
        return message
    parts = tuple(p for p in message.content if p is image or not isinstance(p, Image))
    return message.with_content(parts or "")


def _unfit(name: str, field_path: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(f"`{name}` cannot be used. {what}", faults={field_path: (what,)})
