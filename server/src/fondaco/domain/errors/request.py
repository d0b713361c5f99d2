"""Errors about the request: fields, models, files and HTTP itself."""

from collections.abc import Mapping

from fondaco.domain.errors.root import FondacoError

Faults = Mapping[str, "tuple[str, ...]"]

_LONGEST_PATH = 200
_LONGEST_SENTENCE = 300


class InvalidRequestError(FondacoError):
    """The request is invalid.

    `faults` maps a dotted path (`messages.0.content`, or `` for the whole) to what is wrong there. Without a
    message of its own, the error tells the first of them:

    >>> str(InvalidRequestError(faults={"n": ("Must be at least 1 (got 0)",), "seed": ("Too large",)}))
    'n: must be at least 1 (got 0) (and 1 more fault)'
    """

    status = 400
    code = "INVALID_REQUEST"
    default = "Invalid request parameters"

    def __init__(self, message: str | None = None, *, faults: Faults | None = None) -> None:
        super().__init__(message or (_first_of(faults) if faults else None))
        self.faults: Faults = faults or {}


def _first_of(faults: Faults) -> str:
    path, (sentence, *_) = next(iter(faults.items()))
    message = sentence[:_LONGEST_SENTENCE]
    if path:  # lower case after the colon, except for acronyms
        message = message if message[1:2].isupper() else message[:1].lower() + message[1:]
        message = f"{path[:_LONGEST_PATH]}: {message}"
    more = sum(map(len, faults.values())) - 1
    return f"{message} (and {more:,} more fault{'' if more == 1 else 's'})" if more else message


class InvalidModelError(InvalidRequestError):
    """The model does not support the request."""

    code = "INVALID_MODEL"
    default = "Invalid model specified"


class FieldNotTakenError(InvalidModelError):
    """One engine does not support a field of the request; another engine of the route may."""


class InvalidImageFormatError(InvalidRequestError):
    """The image's format is not supported."""

    code = "INVALID_IMAGE_FORMAT"
    default = "Invalid image format"


class CorruptedImageError(InvalidRequestError):
    """The image cannot be read."""

    code = "CORRUPTED_IMAGE"
    default = "The image file is corrupted or unreadable"


class ImageNotFetchedError(InvalidRequestError):
    """The image's URL could not be fetched, or must not be."""

    code = "IMAGE_NOT_FETCHED"
    default = "The image could not be fetched"


class InvalidAudioFormatError(InvalidRequestError):
    """The recording's format is not supported, or it has no sound."""

    code = "INVALID_AUDIO_FORMAT"
    default = "Invalid audio format"


class CorruptedAudioError(InvalidRequestError):
    """The recording cannot be read."""

    code = "CORRUPTED_AUDIO"
    default = "The audio file is corrupted or unreadable"


class AudioTooLongError(InvalidRequestError):
    """The recording is longer than the model takes."""

    code = "AUDIO_TOO_LONG"
    default = "The recording is too long"


class EditNotSupportedError(FieldNotTakenError):
    """The engine cannot carry out the instruction of an edit; the message lists what it can do.

    >>> EditNotSupportedError("It cannot add people.").faults
    {'prompt': ('It cannot add people.',)}
    """

    status = 422
    code = "EDIT_NOT_SUPPORTED"
    default = "The model cannot edit the image in this way"

    def __init__(self, message: str | None = None, *, faults: Faults | None = None) -> None:
        super().__init__(message, faults=faults or {"prompt": (message or self.default,)})


class NothingToReadError(FieldNotTakenError):
    """A text has nothing that the voice can read aloud, such as emoji alone, or a script that it does not know.

    >>> NothingToReadError().faults
    {'input': ('Nothing in it can be read aloud by this voice',)}
    """

    code = "NOTHING_TO_READ"
    default = "Nothing in it can be read aloud by this voice"

    def __init__(self) -> None:
        super().__init__(faults={"input": (self.default,)})


class ContextTooLongError(InvalidRequestError):
    """Prompt and requested output exceed the model's context.

    None means a number that the engine did not report.
    """

    code = "context_length_exceeded"

    def __init__(
        self, input_tokens: int | None, output_tokens: int, context_tokens: int | None
    ) -> None:
        if input_tokens is None or context_tokens is None:
            limit = "" if context_tokens is None else f" of {context_tokens} tokens"
            input_part = "" if input_tokens is None else f"{input_tokens} in the messages, "
            reason = (
                f"The request exceeds this model's maximum context length{limit} "
                f"({input_part}{output_tokens} in the completion)."
            )
        else:
            reason = (
                f"This model's maximum context length is {context_tokens} tokens. However, you "
                f"requested {input_tokens + output_tokens} tokens ({input_tokens} in the messages, "
                f"{output_tokens} in the completion)."
            )
        super().__init__(f"{reason} Please reduce the length of the messages or completion.")
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens
        self.context_tokens = context_tokens


class InputTooLongError(ContextTooLongError):
    """A text to embed exceeds the model's context."""

    def __init__(
        self,
        index: int | None,
        input_tokens: int | None,
        context_tokens: int | None,
        *,
        alone: bool = False,
    ) -> None:
        """Name the input and both numbers.

        Args:
            index: of the input, from 0; None if the engine did not report it.
            input_tokens: its length; None if the engine did not report it.
            context_tokens: the model's limit; None if the engine did not report it.
            alone: whether it is the request's only input.
        """
        which = "one of the inputs" if index is None else f"input {index}"
        which = "the input" if alone else which
        if input_tokens is None or context_tokens is None:
            limit = "" if context_tokens is None else f" of {context_tokens} tokens"
            reason = f"{which.capitalize()} exceeds this model's maximum context length{limit}."
        else:
            reason = (
                f"This model's maximum context length is {context_tokens} tokens. However, {which} "
                f"has {input_tokens} tokens."
            )
        advice = "Split it into shorter texts and embed each."
        path = "input" if alone or index is None else f"input.{index}"
        InvalidRequestError.__init__(self, f"{reason} {advice}", faults={path: (reason,)})
        self.input_tokens = input_tokens
        self.output_tokens = 0
        self.context_tokens = context_tokens


class UnknownTokenError(InvalidRequestError):
    """A token id to embed is not in the model's vocabulary."""

    def __init__(self, index: int, token: object, *, alone: bool = False) -> None:
        """Name the token, and the input that has it.

        Args:
            index: of the input, from 0.
            token: the id.
            alone: whether it is the request's only input.
        """
        reason = f"Token id {token!r} is not in this model's vocabulary."
        super().__init__(
            f"{reason} Send texts, or tokens of this model's own tokenizer; langchain's "
            "OpenAIEmbeddings sends texts with check_embedding_ctx_length=False.",
            faults={"input" if alone else f"input.{index}": (reason,)},
        )


class TooManyKeysError(InvalidRequestError):
    """The account has the maximum number of active keys."""

    code = "TOO_MANY_KEYS"
    default = "The account has reached the limit of 500 active API keys. Delete one first."


class NotFoundError(FondacoError):
    """No resource has this path or id."""

    status = 404
    code = "NOT_FOUND"
    default = "Not found"


class NotSupportedError(NotFoundError):
    """The address belongs to a supported API, but this server does not implement it."""

    code = "NOT_SUPPORTED"
    default = "This server does not support this endpoint."


class ModelNotFoundError(NotFoundError):
    """No model has this name."""

    code = "MODEL_NOT_FOUND"
    default = "Specified model not found"


class PromptNotCountableError(NotFoundError):
    """No engine of the model counts prompts before it answers."""

    code = "PROMPT_NOT_COUNTABLE"
    default = (
        "The model's engine cannot count the tokens of a prompt in advance. The usage of a "
        "response reports them."
    )


class MediaNotFoundError(NotFoundError):
    """The video does not exist, or was deleted. Source: POST /video/retrieve, 404."""

    code = "MEDIA_NOT_FOUND"
    default = (
        "Media could not be found. The request may be invalid, expired, or deleted: videos are kept for "
        "24 hours, or until they are deleted."
    )


class ModelGoneError(ModelNotFoundError):
    """The model was retired without a replacement."""

    status = 410
    code = "MODEL_GONE"
    default = "The model was retired"


class CharacterNotFoundError(NotFoundError):
    """No character has the slug."""

    code = "CHARACTER_NOT_FOUND"
    default = "No character could be found from the provided character_slug"


class MethodNotAllowedError(FondacoError):
    """The path exists, but not with this method."""

    status = 405
    code = "METHOD_NOT_ALLOWED"
    default = "Method not allowed"

    def __init__(self, message: str | None = None, *, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.allowed = allowed


class RequestTimeoutError(FondacoError):
    """The caller was too slow in sending the request."""

    status = 408
    code = "REQUEST_TIMEOUT"
    default = "The request was not received in time"


class InvalidFileSizeError(FondacoError):
    """The request body exceeds its size limit."""

    status = 413
    code = "INVALID_FILE_SIZE"
    default = "File size exceeds maximum limit"


class InvalidContentTypeError(FondacoError):
    """The request body's media type is not supported."""

    status = 415
    code = "INVALID_CONTENT_TYPE"
    default = "Invalid content type"


class HeadersTooLargeError(FondacoError):
    """The request's headers exceed their size limit."""

    status = 431
    code = "HEADERS_TOO_LARGE"
    default = "Request header fields too large"


class ExpectationFailedError(FondacoError):
    """The `Expect` header requires something unsupported."""

    status = 417
    code = "EXPECTATION_FAILED"
    default = "The only supported expectation is `Expect: 100-continue`."


class UnimplementedError(FondacoError):
    """The method or the transfer coding is not implemented."""

    status = 501
    code = "NOT_IMPLEMENTED"
    default = "The request's method is not supported."


class VersionNotSupportedError(FondacoError):
    """The request uses an unsupported version of HTTP."""

    status = 505
    code = "HTTP_VERSION_NOT_SUPPORTED"
    default = (
        "The server supports only HTTP/1.1 and HTTP/1.0. Send the request in one of these versions."
    )
