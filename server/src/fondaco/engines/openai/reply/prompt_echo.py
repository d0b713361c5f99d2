"""Replies of POST /completions that begin with the prompt: its tokens told apart from the output's."""

from typing import Any

import orjson

from fondaco.domain.chat.events import EventBatch, PromptEcho
from fondaco.domain.chat.raw_prompts import RawPrompt
from fondaco.domain.errors import EngineError
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.logprobs import logprobs_of
from fondaco.engines.openai.lenient_json import loads

_LISTS = ("tokens", "token_logprobs", "top_logprobs", "text_offset")


def told_apart(body: bytes, prompt: RawPrompt, choices: int, top: int) -> tuple[EventBatch, bytes]:
    """Return the echoes of a whole reply to one prompt, and the reply without them.

    The prompt has as many tokens as the reply's usage says.

    Raises:
        EngineError: the reply is none with an echo and log probabilities.
    """
    try:
        reply = loads(body)
        tokens = whole(reply["usage"]["prompt_tokens"])
        if not tokens:
            raise EngineError("The model's engine does not tell how long the prompt is.")
        echoes = tuple(
            _taken(choice, place, prompt, tokens, top)
            for place, choice in zip(range(choices), reply["choices"], strict=True)
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise EngineError("The model's engine sent no echo of the prompt.") from error
    return echoes, orjson.dumps(reply)


def _taken(
    choice: dict[str, Any], place: int, prompt: RawPrompt, tokens: int, top: int
) -> PromptEcho:
    """Take the prompt out of a choice."""
    given, text = choice["logprobs"], choice["text"]
    pieces, offsets = given["tokens"], list[int](given.get("text_offset") or ())
    if len(pieces) < tokens:
        raise ValueError
    if isinstance(prompt, str) and text.startswith(prompt):
        length = len(prompt)
    else:
        length = offsets[tokens] - offsets[0] if len(offsets) > tokens else len(text)
    index = whole(choice.get("index"), len(pieces))
    own = {name: (given.get(name) or [])[1:tokens] for name in _LISTS}
    echo = PromptEcho(
        place if index is None else index,
        text[:length],
        (str(pieces[0]),),
        logprobs_of(own, top) or (),
    )
    choice["text"] = text[length:]
    choice["logprobs"] = {name: (given.get(name) or [])[tokens:] for name in _LISTS}
    return echo
