"""Whether a chat was requested as confidential, and can be."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from venice_ai._json_values import is_object
from venice_ai.exceptions import InvalidRequestError
from venice_ai.tee._extra import HOW_TO_INSTALL
from venice_ai.tee.types import TeeOptions

_WEB = ("enable_web_search", "enable_web_scraping", "enable_x_search", "character_slug")
_TOOLS = ("tools", "tool_choice", "functions", "function_call")
_TELLING = (
    "response_format",
    "logprobs",
    "top_logprobs",
    "audio",
    "prediction",
    "web_search_options",
)
"""Fields that would show the server a part of the conversation, or of its shape."""
_OFF = (None, False, "off", "none", "auto")
_LIBRARIES = ("cryptography", "rfc8785")
_READABLE = {"role", "content", "tool_call_id", "reasoning_content"}
"""Fields of messages that may be there: the last is not sent, as models do not read it again."""


def confidential(body: Mapping[str, Any], e2ee: bool | TeeOptions | None) -> TeeOptions | None:  # noqa: FBT001 - as callers say it
    """Return how a chat is to be kept confidential; None: it is not.

    Args:
        body: The request's fields; messages are objects of this package, or dictionaries.
        e2ee: The caller's argument. None: there is none.

    Raises:
        TypeError: The argument is something else.
        InvalidRequestError: It is to be, but holds what cannot be, or libraries are missing. Nothing
            was sent.
    """
    if not isinstance(e2ee, bool | TeeOptions | None):
        raise TypeError(f"e2ee has to be True, False or a TeeOptions, not {type(e2ee).__name__}.")
    given = body.get("venice_parameters")
    parameters: Mapping[str, object] = given if is_object(given) else {}
    told = parameters.get("enable_e2ee")
    if not e2ee and told is not True:
        if e2ee is None and told is None and _is_confidential(body["model"]):
            raise InvalidRequestError(
                f"The model {body['model']!r} is one of confidential chats, and nothing was sent, as it would "
                "have gone in plain. Pass e2ee=True or a TeeOptions; e2ee=False sends it in plain.",
                code="E2EE_REFUSED",
            )
        return None
    options = e2ee if isinstance(e2ee, TeeOptions) else TeeOptions()
    faults = [*_faults(body, parameters), *_message_faults(body["messages"], options)]
    if faults:
        raise InvalidRequestError(
            f"The chat cannot be end-to-end encrypted: {'; '.join(faults)}.", code="E2EE_REFUSED"
        )
    require_libraries()
    return options


def _is_confidential(model: object) -> bool:
    return str(model).startswith("e2ee-")


def require_libraries() -> None:
    """Check that the libraries for encryption are installed.

    Raises:
        InvalidRequestError: It is not.
    """
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise InvalidRequestError(
            f"End-to-end encryption needs {' and '.join(missing)}, and nothing was sent. {HOW_TO_INSTALL}",
            code="E2EE_NOT_AVAILABLE",
        )


def _faults(body: Mapping[str, Any], parameters: Mapping[str, object]) -> Iterator[str]:
    if not _is_confidential(body["model"]):
        yield f"the model {body['model']!r} is not one of the models named e2ee-*"
    for name in _TOOLS:
        if body.get(name) not in (*_OFF, []):
            yield f"{name} would be seen by the server"
    for name in _TELLING:
        if body.get(name) not in _OFF:
            yield f"{name} would tell the server of the text"
    for name in _WEB:
        if parameters.get(name) not in (None, False, "off"):
            yield f"{name} would need the text"


def _message_faults(messages: object, options: TeeOptions) -> Iterator[str]:
    for index, message in enumerate(messages if isinstance(messages, list) else []):
        fields = message if is_object(message) else dict(message)
        content = fields.get("content")
        if content is None:
            yield f"messages.{index} has no content to encrypt"
        elif not isinstance(content, str) and options.format != "aci":
            yield f"messages.{index} has to be text alone (parts need TeeOptions(format='aci'))"
        for name in sorted(
            name for name, value in fields.items() if value and name not in _READABLE
        ):
            yield f"messages.{index}.{name} would be sent in plain"
