"""Requests to the child process, and the meaning of its refusals."""

from http import HTTPStatus
from typing import Any

import orjson

from fondaco.clients.client import ClientResponse, HttpClient
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import (
    ContextTooLongError,
    EngineError,
    EngineUnavailableError,
    InvalidRequestError,
)
from fondaco.domain.untrusted_numbers import whole

_REPLY_LIMIT = 64 * 2**20


async def ask(upstream: HttpClient, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
    """Return the whole reply to a request.

    Raises:
        FondacoError: the child refused it.
    """
    async with upstream.send(method, path, body) as reply:
        if reply.status != HTTPStatus.OK:
            raise await refusal(reply, None)
        answer: dict[str, Any] = orjson.loads(await reply.read(_REPLY_LIMIT))
        return answer


async def refusal(
    reply: ClientResponse, request: ChatRequest | None
) -> EngineError | InvalidRequestError:
    """Return the error of a status other than 200."""
    try:
        error = orjson.loads(await reply.read(_REPLY_LIMIT))["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        error = {}
    if not isinstance(error, dict):
        error = {}
    if error.get("type") == "exceed_context_size_error" and request is not None:
        prompt, context = whole(error.get("n_prompt_tokens")), whole(error.get("n_ctx"))
        return ContextTooLongError(prompt, request.max_output_tokens, context)
    if reply.status == HTTPStatus.BAD_REQUEST:
        return InvalidRequestError(f"The model refuses the request: {error.get('message')}")
    if reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return EngineUnavailableError("The model is still loading.", retry_after_s=2)
    return EngineError(f"The model's engine failed with status {reply.status}.")
