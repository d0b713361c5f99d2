"""One JSON exchange with a remote image engine; every reply is validated."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from anyio import to_thread

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
)
from fondaco.engines.common.images.files import FILE_LIMIT_BYTES
from fondaco.engines.common.lenient_json import loads

ANSWER_LIMIT_BYTES = 4 * 2**20
_REFUSAL_LIMIT_BYTES = 2**20
_SMALL_BYTES = 2**16
"""Of an answer that is parsed here; larger ones would hold up the event loop."""
_MOST_VALUES = 2**17
_LONGEST_REASON = 200
_CREDENTIALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN}
_BAD_GATEWAYS = {
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class NotAtEngineError(EngineError):
    """The engine lacks the endpoint, or the named object."""


async def asked(
    client: HttpClient, path: str, body: object = None, *, limit_bytes: int = ANSWER_LIMIT_BYTES
) -> Any:
    """Return the JSON value that an engine answers to a GET, or to a POST where there is a body.

    Raises:
        EngineRefusedError: it refuses the key.
        EngineBusyError: it has too much to do.
        EngineUnavailableError: it does not answer, or something before it does.
        NotAtEngineError: the engine does not have it.
        EngineError: it refuses, or its answer is no JSON or larger than `limit_bytes`.
    """
    method, payload = ("GET", b"") if body is None else ("POST", orjson.dumps(body))
    async with client.send(method, path, payload) as reply:
        if reply.status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
            raise refusal(reply.status, await reply.read(_REFUSAL_LIMIT_BYTES))
        content = await reply.read(limit_bytes)
    try:
        if len(content) <= _SMALL_BYTES:
            return loads(content)
        return await to_thread.run_sync(loads, content, _MOST_VALUES)
    except ValueError:
        raise EngineError("The model's engine sent a reply that is not JSON.") from None


async def posted(client: HttpClient, path: str, body: object) -> None:
    """Post what needs no answer: only its status counts.

    Raises:
        EngineError: the engine refuses, or does not answer.
    """
    async with client.send("POST", path, orjson.dumps(body)) as reply:
        content = await reply.read(_REFUSAL_LIMIT_BYTES)
        if reply.status != HTTPStatus.OK:
            raise refusal(reply.status, content)


async def fetched_file(
    client: HttpClient, path: str, *, limit_bytes: int = FILE_LIMIT_BYTES
) -> bytes:
    """Return a file, of at most `limit_bytes`.

    Raises:
        EngineError: the engine does not send it, or it is larger.
    """
    async with client.send("GET", path) as reply:
        if reply.status != HTTPStatus.OK:
            raise refusal(reply.status, await reply.read(_REFUSAL_LIMIT_BYTES))
        return await reply.read(limit_bytes)


def refusal(status: int, body: bytes) -> EngineError:
    """Map an engine's error response to our error.

    All that such an engine is sent comes from its row of the configuration, but for prompts and
    numbers within the model's limits: so what it refuses is not the caller's fault.
    """
    if status in _CREDENTIALS:
        return EngineRefusedError()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return EngineBusyError()
    if status in _BAD_GATEWAYS:
        return EngineUnavailableError()
    reason = _reason(body)
    why = f": {reason}" if reason else "."
    if status == HTTPStatus.NOT_FOUND:
        return NotAtEngineError(f"The model's engine does not have what it is asked for{why}")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return EngineError(f"The model's engine failed with status {status}.")
    return EngineError(
        f"The model's engine refused the request with status {status}{why} The operator has to check "
        "its configuration."
    )


def object_in(value: object) -> Mapping[str, Any]:
    """Return a JSON object.

    Raises:
        EngineError: it is something else.
    """
    if not isinstance(value, dict):
        raise EngineError("The model's engine sent a reply that is not a JSON object.")
    return value


def _reason(body: bytes) -> str:
    """Return why an engine refuses, in one line; empty where it does not say so.

    Source: FastAPI, `HTTPValidationError`; stable-diffusion-webui, `handle_exception`; ComfyUI, `POST /prompt`;
    stable-diffusion.cpp, `examples/server/api.md`.
    """
    try:
        document = loads(body)
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    match document.get("detail") or document.get("error"):
        case str(text) | {"message": str(text)}:
            reason = text
        case [*faults]:
            reason = "; ".join(map(_fault, faults[:3]))
        case _:
            return ""
    line = " ".join(reason.split())
    return "".join(filter(str.isprintable, line))[:_LONGEST_REASON]


def _fault(fault: object) -> str:
    """Return one fault of FastAPI's list: the field, and what is wrong with it."""
    match fault:
        case {"loc": [*steps], "msg": str(message)}:
            return f"{'.'.join(str(step)[:40] for step in steps[:6])}: {message}"
    return "invalid"
