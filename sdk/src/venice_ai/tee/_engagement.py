"""Whether a chat was requested as confidential, and is supported."""

from collections.abc import Mapping
from typing import Any

from venice_ai._json_values import is_object
from venice_ai.exceptions import InvalidRequestError
from venice_ai.tee.types import TeeOptions

_WEB = ("enable_web_search", "enable_web_scraping", "enable_x_search")
_OFF = (None, False, "off")


def refuse_confidential(body: Mapping[str, Any], e2ee: bool | TeeOptions) -> None:  # noqa: FBT001 - as callers say it
    """Let chats pass that are not to be confidential.

    Raises:
        InvalidRequestError: The chat is to be confidential, but holds what cannot be, or would
            need a flow that this version lacks. Nothing was sent.
    """
    given = body.get("venice_parameters")
    parameters: Mapping[str, object] = given if is_object(given) else {}
    if not e2ee and parameters.get("enable_e2ee") is not True:
        return
    faults = [*_faults(body, parameters)]
    if faults:
        raise InvalidRequestError(
            f"The chat cannot be end-to-end encrypted: {'; '.join(faults)}.", code="E2EE_REFUSED"
        )
    raise InvalidRequestError(
        "End-to-end encryption is not in this version of venice_ai, and nothing was sent. "
        "Leave out e2ee and venice_parameters.enable_e2ee to send the chat unencrypted.",
        code="E2EE_NOT_AVAILABLE",
    )


def _faults(body: Mapping[str, Any], parameters: Mapping[str, object]) -> list[str]:
    faults: list[str] = []
    if not str(body["model"]).startswith("e2ee-"):
        faults.append(f"the model {body['model']!r} is none of those named e2ee-*")
    if body.get("tools"):
        faults.append("tools would be seen by the server")
    faults += [f"{name} would need the text" for name in _WEB if parameters.get(name) not in _OFF]
    if any(_has_parts(message) for message in body["messages"]):
        faults.append("messages have to be text alone")
    return faults


def _has_parts(message: object) -> bool:
    if is_object(message):
        return not isinstance(message.get("content"), str | None)
    return not isinstance(getattr(message, "content", None), str | None)
