"""Responses of POST /completions that begin with the prompt: splits the prompt's tokens from the output's."""

from collections.abc import Mapping
from typing import Any

import orjson

from fondaco.domain.chat.events import EventBatch, PromptEcho
from fondaco.domain.chat.raw_prompts import RawPrompt
from fondaco.domain.errors import EngineError
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.logprobs import logprobs_of
from fondaco.engines.openai.reply.shapes import MalformedReplyError, list_at, object_at, object_of

_LISTS = ("tokens", "token_logprobs", "top_logprobs", "text_offset")


def split_echo(body: bytes, prompt: RawPrompt, choices: int, top: int) -> tuple[EventBatch, bytes]:
    """Return the echoes of a non-streaming response to one prompt, and the response without them.

    The prompt has as many tokens as the response's usage says.

    Raises:
        EngineError: the response is none with an echo and log probabilities.
    """
    try:
        reply = object_of(body)
        tokens = whole(object_at(reply.get("usage")).get("prompt_tokens"))
        if not tokens:
            raise EngineError("The model's engine does not report the length of the prompt.")
        echoes = tuple(
            _cut_out(object_at(choice), position, prompt, tokens, top)
            for position, choice in enumerate(_choices(reply, choices))
        )
        rest = orjson.dumps(reply)
    except (MalformedReplyError, orjson.JSONEncodeError) as error:
        raise EngineError("The model's engine sent no echo of the prompt.") from error
    return echoes, rest


def _choices(reply: Mapping[str, Any], expected: int) -> list[Any]:
    choices = list_at(reply.get("choices"))
    if len(choices) != expected:
        raise MalformedReplyError
    return choices


def _cut_out(
    choice: dict[str, Any], position: int, prompt: RawPrompt, tokens: int, top: int
) -> PromptEcho:
    """Cut the prompt out of a choice."""
    logprobs, text = object_at(choice.get("logprobs")), choice.get("text")
    lists = {name: list_at(logprobs.get(name) or []) for name in _LISTS}
    pieces, offsets = lists["tokens"], [whole(offset) for offset in lists["text_offset"]]
    if len(pieces) < tokens or not isinstance(text, str) or not isinstance(pieces[0], str):
        raise MalformedReplyError
    length = len(text)
    if isinstance(prompt, str) and text.startswith(prompt):
        length = len(prompt)
    elif len(offsets) > tokens:
        first, end = offsets[0], offsets[tokens]
        if first is None or end is None or end < first:
            raise MalformedReplyError
        length = end - first
    index = whole(choice.get("index"), len(pieces))
    prompt_lists = {name: values[1:tokens] for name, values in lists.items()}
    echo = PromptEcho(
        position if index is None else index,
        text[:length],
        (pieces[0],),
        logprobs_of(prompt_lists, top) or (),
    )
    choice["text"] = text[length:]
    choice["logprobs"] = {name: values[tokens:] for name, values in lists.items()}
    return echo
