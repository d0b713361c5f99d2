"""The response object: a request's parameters and its output, as JSON.

All but its state is the same from the first event of a stream to the last, and is encoded once.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal, TypeAlias

import orjson

from fondaco.domain.chat.events import FinishReason
from fondaco.domain.errors import FondacoError
from fondaco.domain.models.model import Model
from fondaco.domain.money.call import Call
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.openai.responses.reply.output import Output
from fondaco.http.apis.openai.responses.reply.output_items import OutputItem
from fondaco.http.apis.openai.responses.request.body import ResponsesRequest, TextChoice

ResponseStatus: TypeAlias = Literal["in_progress", "completed", "incomplete", "failed"]
_INCOMPLETE: Mapping[FinishReason, str] = {
    "length": "max_output_tokens",
    "content_filter": "content_filter",
}
"""Reason of an end -> why the response is incomplete."""
_SERVER_ERRORS = 500
_PLAIN_TEXT: Mapping[str, object] = {"format": {"type": "text"}, "verbosity": "medium"}


class ResponseObject:
    """Writes the response object of one call."""

    def __init__(self, body: ResponsesRequest, call: Call, model: Model) -> None:
        self._call = call
        self._constant = _constant(body, model)

    def whole(self, output: Output, usage: Usage) -> bytes:
        """Return the object of a response that is sent at once."""
        items = [item.object() for item in output.items]
        ended = self._ended(output.reason, items, usage)
        return orjson.dumps({**ended, **self._constant})

    def begun(self) -> bytes:
        """Return the object of a response that has just started."""
        return self._written(self._members("in_progress"))

    def ended(
        self, reason: FinishReason, output: Iterable[bytes], usage: Usage
    ) -> tuple[bytes, ResponseStatus]:
        """Return the object of a response with its end, and its status."""
        status: ResponseStatus = "incomplete" if reason in _INCOMPLETE else "completed"
        return self._written(self._ended(reason, _as_they_are(output), usage)), status

    def failed(self, error: FondacoError, output: Iterable[bytes]) -> bytes:
        """Return the object of a response that an error has ended."""
        code = "server_error" if error.status >= _SERVER_ERRORS else error.code.lower()
        shown = {"code": code, "message": str(error)}
        return self._written(self._members("failed", error=shown, output=_as_they_are(output)))

    def _ended(
        self, reason: FinishReason, output: Sequence[object], usage: Usage
    ) -> dict[str, object]:
        why = _INCOMPLETE.get(reason)
        return self._members(
            "completed" if why is None else "incomplete",
            details=None if why is None else {"reason": why},
            output=output,
            usage=usage_object(usage),
        )

    def _members(
        self,
        status: ResponseStatus,
        *,
        error: Mapping[str, object] | None = None,
        details: Mapping[str, object] | None = None,
        output: Sequence[object] = (),
        usage: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        """Return the members that precede the constant ones."""
        return {
            "id": f"resp_{self._call.id}",
            "object": "response",
            "created_at": int(self._call.opened_at),
            "status": status,
            "error": error,
            "incomplete_details": details,
            "output": output,
            "usage": usage,
        }

    def _written(self, members: Mapping[str, object]) -> bytes:
        return b"%b,%b" % (orjson.dumps(members)[:-1], self._tail)

    @cached_property
    def _tail(self) -> bytes:
        """The constant members, encoded once for all events."""
        return orjson.dumps(self._constant)[1:]


def _as_they_are(written: Iterable[bytes]) -> list[orjson.Fragment]:
    return [orjson.Fragment(one) for one in written]


def item_json(item: OutputItem) -> bytes:
    """Return an item as JSON."""
    return orjson.dumps(item.object())


def usage_object(usage: Usage) -> dict[str, object]:
    """Return usage in the shape of the API."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": 0,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }


def _constant(body: ResponsesRequest, model: Model) -> dict[str, object]:
    """Return the request's fields with their effective values."""
    asked, defaults = body.reasoning, model.defaults
    return {
        "model": model.id,
        "background": False,
        "instructions": body.instructions,
        "max_output_tokens": body.max_output_tokens,
        "max_tool_calls": body.max_tool_calls,
        "metadata": body.metadata or {},
        "parallel_tool_calls": body.parallel_tool_calls is not False,
        "previous_response_id": None,
        "prompt_cache_key": body.prompt_cache_key,
        "reasoning": {
            "effort": None if asked is None else asked.effort,
            "summary": None if asked is None else asked.summary or asked.generate_summary,
        },
        "safety_identifier": body.safety_identifier,
        "service_tier": "default",
        "store": False,
        "temperature": defaults.temperature if body.temperature is None else body.temperature,
        "text": _text(body.text),
        "tool_choice": _choice(body),
        "tools": [tool.model_dump() for tool in body.tools or ()],
        "top_logprobs": body.logprobs or 0,
        "top_p": defaults.top_p if body.top_p is None else body.top_p,
        "truncation": "disabled",
        "user": body.user,
    }


def _text(text: TextChoice | None) -> Mapping[str, object]:
    if text is None:
        return _PLAIN_TEXT
    wanted = text.format
    shown = _PLAIN_TEXT["format"] if wanted is None else wanted.model_dump(by_alias=True)
    return {"format": shown, "verbosity": text.verbosity or "medium"}


def _choice(body: ResponsesRequest) -> object:
    choice = body.tool_choice
    return choice or "auto" if isinstance(choice, str | None) else choice.model_dump()
