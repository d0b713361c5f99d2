"""Sealed requests: all of their content is encrypted, or they are refused whole.

Source: ACI, section 7.2; Venice's guide to end-to-end encryption.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.domain.errors import InvalidRequestError, SealedRequestError
from fondaco.enclave.dialect import ReadRequest, SealedDialect
from fondaco.enclave.opening import Opener

MOST_FIELDS: Final = 2_048
"""Encrypted fields of one request: each costs up to a millisecond."""
_PLAIN_KEYS: Final = frozenset({"role", "content", "name", "tool_call_id", "prefix"})
"""Fields that a message may have; of these only `content` carries content."""
_TEXT_KEYS: Final = frozenset({"type", "text", "cache_control"})
_DEPTH_OF_CONTENT: Final = 3
"""Parts of the path `messages.N.content`."""


@dataclass(frozen=True, slots=True)
class SealedField:
    """A field of a request that holds a ciphertext."""

    path: str
    """Such as `messages.0.content`."""
    holder: dict[str, Any]
    """The object that has it, which is changed as the field is opened."""
    key: str
    whole: bool
    """Whether it holds all content of a message."""


def expect_sealable(read: ReadRequest, form: SealedFormat) -> None:
    """Return if a request would expose no content in plain text.

    Raises:
        InvalidRequestError: it does; the fault names the field.
    """
    if form is SealedFormat.ORIGINAL and not read.stream:
        raise InvalidRequestError(
            "An encrypted response is a stream. Set stream to true.",
            faults={"stream": ("Must be true for encrypted calls",)},
        )
    for field in (*read.plain, *_plain_options(read.request)):
        raise InvalidRequestError(
            f"{field} is not supported in encrypted requests: content would leave the enclave "
            "unencrypted. Leave it out, or use a model without encryption.",
            faults={field: ("Not supported with end-to-end encryption",)},
        )


def expect_verifiable(headers: Mapping[str, str], *, elsewhere: bool) -> None:
    """Return if a caller does not ask for a verified engine, or the enclave runs the model itself.

    Without the header, verification is not required: receipts say that a remote engine is unverified.
    Source: ACI, section 6.1.

    Args:
        headers: the call's.
        elsewhere: whether the model's engine is reached over the network.

    Raises:
        SealedRequestError: the remote engine is not verified.
        InvalidRequestError: the header has another value.
    """
    wanted = headers.get("x-upstream-verification", "none")
    if wanted not in ("required", "none"):
        raise InvalidRequestError("X-Upstream-Verification must be required or none.")
    if elsewhere and wanted == "required":
        raise SealedRequestError(
            "The engine of this model is not verified, so nothing was sent to it. Use a model "
            "that the enclave runs itself, or send X-Upstream-Verification: none.",
            reason="upstream_verification_failed",
        )


def _plain_options(request: ChatRequest) -> Iterator[str]:
    """Yield the set options that would expose content in plain text."""
    options = request.options
    if options.tool_options is not None:
        yield "tools"
    if options.output_format is not None:
        yield "response_format"
    if request.top_logprobs is not None:
        yield "logprobs"
    if options.web is not None:
        yield (
            "venice_parameters.enable_web_scraping"
            if options.web.search == "off"
            else "venice_parameters.enable_web_search"
        )


def sealed_fields(body: Mapping[str, Any], form: SealedFormat) -> list[SealedField]:
    """Return the fields of a body that must be ciphertexts: the content of every message.

    Raises:
        SealedRequestError: a message has content in plain, none, or of a kind that has no field of its own;
            or there are too many.
    """
    messages = body.get("messages")
    if not isinstance(messages, list):  # also declared in the schema
        raise _unsealed("messages")
    fields = [
        field
        for index, message in enumerate(messages)
        for field in _fields_of(message, f"messages.{index}", form)
    ]
    if len(fields) > MOST_FIELDS:
        raise SealedRequestError(
            f"The request has {len(fields):,} encrypted fields; at most {MOST_FIELDS:,} are decrypted. "
            "Encrypt each message's content as a whole, or send fewer messages.",
            reason="e2ee_decryption_failed",
        )
    return fields


def _fields_of(message: object, path: str, form: SealedFormat) -> Iterator[SealedField]:
    if not isinstance(message, dict):
        raise _unsealed(path)
    for key, value in message.items():
        if key not in _PLAIN_KEYS and value not in (None, [], ""):
            raise _unsealed(f"{path}.{key[:100]}")
    content = message.get("content")
    if isinstance(content, str) and content:
        yield SealedField(f"{path}.content", message, "content", whole=True)
    elif isinstance(content, list) and content and form is SealedFormat.ACI:
        for index, part in enumerate(content):
            yield _field_of_part(part, f"{path}.content.{index}")
    else:
        raise _unsealed(f"{path}.content")


def _field_of_part(part: object, path: str) -> SealedField:
    if not isinstance(part, dict) or part.get("type") != "text":
        raise SealedRequestError(
            f"{path} is not a string, and cannot be encrypted as a separate field. Encrypt the message's "
            "content as a whole.",
            reason="e2ee_decryption_failed",
        )
    if not isinstance(part.get("text"), str) or not part.keys() <= _TEXT_KEYS:
        raise _unsealed(path)
    return SealedField(f"{path}.text", part, "text", whole=False)


def open_fields(
    fields: list[SealedField], opener: Opener, form: SealedFormat, dialect: SealedDialect
) -> None:
    """Decrypt fields where they stand.

    In ACI's format a text that is a JSON array of parts becomes the content's parts.

    Raises:
        SealedRequestError: one cannot be decrypted.
    """
    for field in fields:
        text = opener.open(field.holder[field.key], field.path)
        parts = _parts(text, dialect) if field.whole and form is SealedFormat.ACI else None
        field.holder[field.key] = text if parts is None else parts


def _parts(text: str, dialect: SealedDialect) -> list[object] | None:
    """Return the parts that a text spells; None: it is a text."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value = dialect.parse(text.encode())
    except InvalidRequestError:
        return None
    if not isinstance(value, list) or not value:
        return None
    are_parts = all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in value)
    return value if are_parts else None


def read_opened(
    dialect: SealedDialect, body: Mapping[str, Any], *, cache_scope: str
) -> ReadRequest:
    """Validate and convert a decrypted body.

    Raises:
        InvalidRequestError: the content is at fault; the error names its message, and quotes nothing.
    """
    try:
        read = dialect.read(body, cache_scope=cache_scope)
    except InvalidRequestError as error:
        paths = {_path_of_message(path) for path in error.faults}
        faults = dict.fromkeys(sorted(paths), ("Invalid once it is decrypted",))
    else:
        if not read.request.options.media:
            return replace(read, request=replace(read.request, system_prompt=False))
        faults = dict.fromkeys(_media(read.request), ("The model takes text alone",))
    raise InvalidRequestError(faults=faults)


def _path_of_message(path: str) -> str:
    """Return as much of a fault's path as is known without decryption."""
    return ".".join(path.split(".")[:_DEPTH_OF_CONTENT])


def _media(request: ChatRequest) -> Iterator[str]:
    """Yield the paths of messages that hold more than text."""
    for index, message in enumerate(request.messages):
        content = message.content
        if isinstance(content, tuple) and not all(isinstance(part, str) for part in content):
            yield f"messages.{index}.content"


def _unsealed(path: str) -> SealedRequestError:
    return SealedRequestError(
        f"{path} is not encrypted. In an encrypted request, all messages must be encrypted. "
        "Encrypt its content to the model key, and leave other fields out.",
        reason="e2ee_decryption_failed",
        faults={path: ("Not encrypted",)},
    )
