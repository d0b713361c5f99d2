"""How OpenAI-compatible engines word what the toy model makes of raw prompts."""

from collections.abc import Iterator
from typing import Any

import toy_model

Json = dict[str, Any]
Prompt = str | list[int]


def count(prompt: Prompt) -> int:
    """Return how many tokens a raw prompt is; no template adds any."""
    return toy_model.count_text(prompt) if isinstance(prompt, str) else len(prompt)


def events(body: Json) -> Iterator[Json]:
    """Yield the chunks of a stream, without the `[DONE]` after them."""
    choices = _choices(body)
    for step in range(max(len(choice.tokens) for choice in choices)):
        for choice in choices:
            if step < len(choice.tokens):
                yield _chunk(body, choice.index, [choice.tokens[step]])
    for choice in choices:
        yield _chunk(body, choice.index, [], choice.finish_reason)
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {"object": "text_completion", "choices": [], "usage": _usage(body, choices)}


def completion(body: Json) -> Json:
    """Return a whole reply; one with an echo begins with the prompt's own tokens."""
    choices = _choices(body)
    told = [_chunk(body, c.index, c.tokens, c.finish_reason)["choices"][0] for c in choices]
    if body.get("echo"):
        for one in told:
            _echo(body, one)
    return {"object": "text_completion", "choices": told, "usage": _usage(body, choices)}


def _prompts(body: Json) -> list[Prompt]:
    prompt = body["prompt"]
    several = isinstance(prompt, list) and not isinstance(prompt[0], int)
    return prompt if several else [prompt]


def _choices(body: Json) -> list[toy_model.Choice]:
    said: list[toy_model.Choice] = []
    for prompt in _prompts(body):
        messages = [{"role": "user", "content": " word" * count(prompt)}]
        for choice in toy_model.answer({**body, "messages": messages}):
            choice.index = len(said)
            said.append(choice)
    return said


def _usage(body: Json, choices: list[toy_model.Choice]) -> Json:
    prompt, output = sum(map(count, _prompts(body))), sum(choice.spent for choice in choices)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
    }


def _chunk(body: Json, index: int, tokens: list[str], reason: str | None = None) -> Json:
    choice: Json = {"index": index, "text": "".join(tokens), "finish_reason": reason}
    choice["logprobs"] = None
    if (top := body.get("logprobs")) is not None and tokens:
        ranked = toy_model.logprobs(tokens, max(1, top))["content"]
        choice["logprobs"] = {
            "tokens": tokens,
            "token_logprobs": [one["logprob"] for one in ranked],
            "top_logprobs": [
                {likely["token"]: likely["logprob"] for likely in one["top_logprobs"]}
                for one in ranked
            ],
            "text_offset": [len("".join(tokens[:at])) for at in range(len(tokens))],
        }
    return {
        "id": "cmpl-toy",
        "object": "text_completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice],
    }


def _echo(body: Json, choice: Json) -> None:
    prompt = body["prompt"]
    pieces = prompt.split(" ") if isinstance(prompt, str) else [f"<{token}>" for token in prompt]
    if isinstance(prompt, str):
        pieces = [pieces[0], *(f" {piece}" for piece in pieces[1:])]
    text, lists = "".join(pieces), choice["logprobs"]
    choice["text"] = text + choice["text"]
    lists["tokens"] = [*pieces, *lists["tokens"]]
    lists["token_logprobs"] = [None, *[-0.5] * (len(pieces) - 1), *lists["token_logprobs"]]
    top = [None, *({piece: -0.5} for piece in pieces[1:]), *lists["top_logprobs"]]
    lists["top_logprobs"] = top
    starts = [len("".join(pieces[:at])) for at in range(len(pieces))]
    lists["text_offset"] = starts + [len(text) + at for at in lists["text_offset"]]
