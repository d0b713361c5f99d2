"""How OpenAI-compatible engines of the known dialects word what the toy model says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import toy_model

Json = dict[str, Any]


def events(dialect: str, body: Json) -> Iterator[Json]:
    """Yield the chunks of a stream, without the `[DONE]` after them."""
    choices = toy_model.answer(body)
    counts = _Counts(toy_model.count(body["messages"]))
    for choice in choices:
        yield _chunk(body, choice.index, {"role": "assistant", "content": ""})
    for step in range(max(len(choice.tokens) for choice in choices)):
        for choice in choices:
            if step < len(choice.tokens):
                yield _token(body, choice.index, choice.tokens[step], counts)
    for choice in choices:
        yield _chunk(body, choice.index, {}, choice.finish_reason)
        counts.spent[choice.index] = choice.spent
        if dialect == "llama-server":  # its habit: each choice reports for itself
            yield {"choices": [], "usage": counts.report(choice.index)}
    if dialect != "llama-server" and (body.get("stream_options") or {}).get("include_usage"):
        yield {"choices": [], "usage": counts.report(*range(len(choices)))}


def completion(dialect: str, body: Json) -> Json:
    """Return a whole reply."""
    choices = toy_model.answer(body)
    spent = {choice.index: choice.spent for choice in choices}
    counts = _Counts(toy_model.count(body["messages"]), spent)
    counted = (0,) if dialect == "llama-server" else tuple(spent)  # it forgets the other choices
    return {
        "object": "chat.completion",
        "choices": [_told(body, choice) for choice in choices],
        "usage": counts.report(*counted),
    }


def overflow(dialect: str, prompt_tokens: int) -> Json:
    """Return the error for a prompt beyond the context."""
    if dialect == "llama-server":
        return {
            "code": 400,
            "type": "exceed_context_size_error",
            "message": "the request exceeds the available context size",
            "n_prompt_tokens": prompt_tokens,
            "n_ctx": toy_model.CONTEXT_TOKENS,
        }
    return {
        "code": "context_length_exceeded",
        "type": "invalid_request_error",
        "message": f"This model's maximum context length is {toy_model.CONTEXT_TOKENS} tokens. "
        f"However, your messages resulted in {prompt_tokens} tokens.",
    }


@dataclass
class _Counts:
    """The usage reports of a reply."""

    prompt_tokens: int
    spent: dict[int, int] = field(default_factory=dict)

    def report(self, *choices: int) -> Json:
        output = sum(self.spent.get(choice, 0) for choice in choices)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": output,
            "total_tokens": self.prompt_tokens + output,
            "prompt_tokens_details": {"cached_tokens": 0},
        }


def _token(body: Json, index: int, token: str, counts: _Counts) -> Json:
    chunk = _chunk(body, index, {"content": token})
    if body.get("logprobs"):
        chunk["choices"][0]["logprobs"] = toy_model.logprobs([token], body.get("top_logprobs", 0))
    counts.spent[index] = counts.spent.get(index, 0) + 1
    if (body.get("stream_options") or {}).get("continuous_usage_stats"):
        chunk["usage"] = counts.report(index)
    return chunk


def _told(body: Json, choice: toy_model.Choice) -> Json:
    told: Json = {
        "index": choice.index,
        "message": {"role": "assistant", "content": "".join(choice.tokens)},
        "finish_reason": choice.finish_reason,
    }
    if body.get("logprobs"):
        told["logprobs"] = toy_model.logprobs(choice.tokens, body.get("top_logprobs", 0))
    return told


def _chunk(body: Json, index: int, delta: Json, finish_reason: str | None = None) -> Json:
    return {
        "id": "chatcmpl-toy",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": index, "delta": delta, "finish_reason": finish_reason}],
    }
