"""A check that an engine accepts our key, with a minimal request, since many list models without a key."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
)
from fondaco.domain.models.model import ModelType
from fondaco.engines.openai.errors import refusal

_LIMIT_BYTES = 2**20
_LONGEST_S = 60.0
"""An engine may have to load the model first."""
_HELLO = [{"role": "user", "content": "Hi"}]


@dataclass(frozen=True, slots=True)
class Question:
    """A request that only a holder of the key gets an answer to."""

    path: str
    body: Mapping[str, object]
    """Empty: an invalid request, which is refused at no cost once the key is accepted."""


def question_for(models: Mapping[ModelType, str], *, keyed: bool) -> Question:
    """Return the cheapest question that shows whether a key is accepted.

    With a key it is one token or one vector. Without one, and of an engine that has images alone, it is an
    empty body: engines look at the key first.

    Args:
        models: the engine's name of a model of each type that it serves.
        keyed: whether a key is sent.
    """
    if keyed and (text := models.get(ModelType.TEXT)):
        body = {"model": text, "messages": _HELLO, "max_tokens": 1}
        return Question("/chat/completions", body)
    if keyed and (embedding := models.get(ModelType.EMBEDDING)):
        return Question("/embeddings", {"model": embedding, "input": "Hi"})
    only_images = models.keys() == {ModelType.IMAGE}
    return Question("/images/generations" if only_images else "/chat/completions", {})


async def expect_accepted(upstream: HttpClient, question: Question, *, keyed: bool) -> None:
    """Ask an engine.

    Raises:
        EngineRefusedError: it refuses the key, or wants one.
        EngineUnavailableError: it fails at the model, or does not have it.
        EngineError: it does not answer.
    """
    body = orjson.dumps(question.body)
    async with upstream.send("POST", question.path, body, total_timeout_s=_LONGEST_S) as reply:
        if reply.status < HTTPStatus.BAD_REQUEST:
            return
        error = refusal(reply.status, reply.headers, await reply.read(_LIMIT_BYTES))
    if isinstance(error, EngineRefusedError):
        raise EngineRefusedError(
            f"{_refusal(reply.status, keyed=keyed)}: it returned {reply.status}."
        )
    if question.body and isinstance(error, EngineError) and not isinstance(error, EngineBusyError):
        raise EngineUnavailableError(
            f"It fails at the model {question.body['model']!r}: it returned {reply.status}."
        )


def _refusal(status: int, *, keyed: bool) -> str:
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return "It wants to be paid first"
    return "It refuses the key" if keyed else "It wants a key"
