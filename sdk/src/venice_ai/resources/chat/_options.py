"""Optional parameters of chat completions, and the request built from them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from pydantic import BaseModel

from venice_ai._http.headers import checked
from venice_ai._http.request import Request
from venice_ai.resources._resource import as_json
from venice_ai.resources.chat._response_format import format_of
from venice_ai.tee._chat import ConfidentialChat
from venice_ai.tee._engagement import confidential
from venice_ai.tee.types import TeeOptions
from venice_ai.types.api.chat import (
    JSONObjectFormat,
    JSONSchemaFormat,
    SpecificToolChoice,
    TextResponseFormat,
    Tool,
)
from venice_ai.types.api.messages import Messages

PATH = "/chat/completions"


class ChatOptions(TypedDict, total=False):
    """Keyword arguments of `create`; unknown ones are sent as they are.

    Source:
        POST /chat/completions, request body.
    """

    frequency_penalty: float | None
    max_completion_tokens: int | None
    n: int | None
    presence_penalty: float | None
    response_format: (
        JSONSchemaFormat
        | JSONObjectFormat
        | TextResponseFormat
        | type[BaseModel]
        | Mapping[str, Any]
        | None
    )
    seed: int | None
    stop: str | Sequence[str] | None
    temperature: float | None
    top_p: float | None
    max_temp: float | None
    min_temp: float | None
    min_p: float | None
    tools: Sequence[Tool | Mapping[str, Any]] | None
    tool_choice: str | SpecificToolChoice | Mapping[str, Any] | None
    user: str | None
    modalities: Sequence[str] | None
    audio: Mapping[str, Any] | None
    venice_parameters: Mapping[str, Any] | None
    reasoning_effort: str | None
    reasoning: Mapping[str, Any] | None
    prompt_cache_key: str | None
    prompt_cache_retention: str | None
    store: bool | None
    text: Mapping[str, Any] | None
    include: Sequence[str] | None
    metadata: Mapping[str, str] | None
    logprobs: bool | None
    top_logprobs: int | None
    parallel_tool_calls: bool | None
    repetition_penalty: float | None
    stop_token_ids: Sequence[int] | None
    top_k: int | None
    stream_options: Mapping[str, Any] | None
    e2ee: bool | TeeOptions | None
    timeout: float | None
    extra_headers: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None


def with_usage(options: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return options of a stream that ask for its usage, and whether the caller decided about it.

    >>> with_usage({"n": 1})
    ({'n': 1, 'stream_options': {'include_usage': True}}, False)
    >>> with_usage({"stream_options": {"include_usage": False}})
    ({'stream_options': {'include_usage': False}}, True)
    """
    stream_options = options.get("stream_options") or {}
    if "include_usage" in stream_options or "stream_options" in (options.get("extra_body") or {}):
        return dict(options), True
    return {**options, "stream_options": {**stream_options, "include_usage": True}}, False


def request_of(
    model: str, messages: Messages, *, stream: bool, options: Mapping[str, Any]
) -> Request | ConfidentialChat:
    """Return the request of a chat, still to be encrypted if it is confidential. What is None is left out.

    Raises:
        TypeError: `max_tokens` is among the options, or something has no form in JSON.
        ValueError: HTTP cannot carry one of `extra_headers`.
        InvalidRequestError: The chat is to be confidential, and cannot be.
    """
    if "max_tokens" in options:
        raise TypeError("max_tokens is not supported: use max_completion_tokens instead.")
    if isinstance(messages, str | Mapping):
        raise TypeError("messages has to be a list. Pass [UserMessage(content=...)].")
    fields = {name: value for name, value in options.items() if value is not None}
    e2ee = fields.pop("e2ee", None)
    timeout_s = fields.pop("timeout", None)
    headers = fields.pop("extra_headers", {})
    more = fields.pop("extra_body", {})
    shape = fields.get("response_format")
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        fields["response_format"] = format_of(shape)
    body: dict[str, Any] = {"model": model, "messages": list(messages), **fields, **more}
    if stream:
        body["stream"] = True
    demanded = confidential(body, e2ee)
    named = checked(headers, "extra_headers")
    if demanded is not None:
        return ConfidentialChat(PATH, model, as_json(body), named, timeout_s, demanded)
    return Request("POST", PATH, as_json(body), headers=named, timeout_s=timeout_s, paid=True)
