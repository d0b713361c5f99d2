"""Chat requests as bodies of OpenAI's chat API."""

from collections.abc import Iterable, Mapping
from operator import attrgetter

import orjson

from fondaco.domain.chat.message import PREFIX, Message, ToolUse
from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest, Sampling
from fondaco.domain.errors import FieldNotTakenError
from fondaco.engines.common.dialects import Dialect, Isolation
from fondaco.engines.common.dynamic_temperature import dynamic_temperature
from fondaco.engines.common.reasoning import reasoning_fields
from fondaco.engines.common.tools import tool_fields
from fondaco.engines.openai.request.hints import set_prefix, with_hints
from fondaco.engines.openai.request.output_format import (
    output_format_fields,
    unsupported_output_format,
)
from fondaco.engines.openai.request.parameters import (
    extra_sampling,
    unsupported_parameters,
    with_logit_bias,
)
from fondaco.engines.openai.request.parts import unsupported_parts, wire_parts

_SAMPLING = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "stop")
"""Parameters that every dialect supports."""
_EXTRAS = ("top_k", "min_p", "repetition_penalty", "stop_token_ids")
_sampling = attrgetter(*_SAMPLING)
_engine_parameters = attrgetter(*_EXTRAS, "min_temperature", "max_temperature", "logit_bias")
_NO_OTHERS = list(_sampling(Sampling()))[2:]
_NO_EXTRAS = _engine_parameters(Sampling())
_LAST_USAGE = {"stream": True, "stream_options": {"include_usage": True}}
_ALL_USAGE = {
    "stream": True,
    "stream_options": {"include_usage": True, "continuous_usage_stats": True},
}


def chat_body(
    request: ChatRequest, model: str, dialect: Dialect, *, engine: str, stream: bool
) -> bytes:
    """Return the JSON of POST /chat/completions.

    Args:
        request: the chat request.
        model: the engine's name for the model.
        dialect: the engine's profile.
        engine: its name, for the message of an error.
        stream: whether to request a stream.

    Raises:
        FieldNotTakenError: the engine does not support a field of the request.
    """
    conversation = messages(request.messages, dialect)
    body: dict[str, object] = {"model": model, "messages": conversation}
    body |= _limited(request, dialect)
    body |= sampled(request, dialect, engine)
    if request.choices > 1:
        if not dialect.many_choices:
            raise _unsupported("n", request.model, engine)
        body["n"] = request.choices
    if request.top_logprobs is not None:
        body["logprobs"] = True
        body["top_logprobs"] = max(request.top_logprobs, dialect.least_top_logprobs)
    if request.cache_scope:
        body |= isolated(request.cache_scope, dialect.isolation)
    if request.options is not NO_OPTIONS:
        expect_media_supported(request, dialect, engine)
        body |= with_hints(request, dialect)
        if request.options.hints.get(PREFIX) is True:
            set_prefix(body, conversation, dialect.prefix)
        body |= _tools(request, dialect, engine)
        body |= _reasoning(request, dialect, engine)
        body |= _output_format(request, dialect, engine)
        body |= _rare_parameters(request, dialect, engine)
    if stream:
        body |= streaming(request, dialect)
    return orjson.dumps(body)


def streaming(request: ChatRequest, dialect: Dialect) -> Mapping[str, object]:
    """Return the fields that ask for a stream which reports usage."""
    return _ALL_USAGE if dialect.usage_in_chunks and request.choices == 1 else _LAST_USAGE


def _limited(request: ChatRequest, dialect: Dialect) -> dict[str, object]:
    """Return the output limit; a request without one gets none."""
    if request.open_ended and not dialect.needs_limit:
        return {}
    return {dialect.output_limit: request.max_output_tokens}


def _tools(request: ChatRequest, dialect: Dialect, engine: str) -> dict[str, object]:
    tool_options = request.options.tool_options
    if tool_options is None:
        return {}
    if not dialect.tool_choice and tool_options.choice not in ("auto", "none"):
        raise _unsupported("tool_choice", request.model, engine)
    return tool_fields(tool_options, dialect)


def _reasoning(request: ChatRequest, dialect: Dialect, engine: str) -> dict[str, object]:
    if request.options.template_variables and not dialect.switches:
        reasoning = request.options.reasoning
        name = (
            "disable_thinking"
            if reasoning is not None and reasoning.off
            else "chat_template_kwargs"
        )
        raise _unsupported(name, request.model, engine)
    return reasoning_fields(request, dialect.effort)


def _output_format(request: ChatRequest, dialect: Dialect, engine: str) -> dict[str, object]:
    if (name := unsupported_output_format(request.options.output_format, dialect)) is not None:
        raise _unsupported(name, request.model, engine)
    return output_format_fields(request.options.output_format, dialect)


def _rare_parameters(request: ChatRequest, dialect: Dialect, engine: str) -> dict[str, object]:
    expect_parameters_supported(request, dialect, engine)
    return extra_sampling(request, dialect)


def expect_parameters_supported(request: ChatRequest, dialect: Dialect, engine: str) -> None:
    """Check that the engine supports the request's rare parameters.

    Raises:
        FieldNotTakenError: it does not.
    """
    if (name := unsupported_parameters(request, dialect)) is not None:
        raise _unsupported(name, request.model, engine)


def expect_media_supported(request: ChatRequest, dialect: Dialect, engine: str) -> None:
    """Check that the engine supports the content parts of the request's messages.

    Raises:
        FieldNotTakenError: it does not.
    """
    if request.options.media and (name := unsupported_parts(request.messages, dialect)) is not None:
        raise _unsupported(name, request.model, engine)


def messages(conversation: Iterable[Message], dialect: Dialect) -> list[dict[str, object]]:
    """Return a conversation in the engine's format."""
    return [
        {"role": message.role, "content": message.content}
        if message.content.__class__ is str and message.only_text  # as nearly all
        else _message(message, dialect)
        for message in conversation
    ]


def _message(message: Message, dialect: Dialect) -> dict[str, object]:
    content = message.content
    wire: dict[str, object] = {
        "role": message.role,
        "content": wire_parts(content, dialect) if isinstance(content, tuple) else content,
    }
    if message.name is not None:
        wire["name"] = message.name
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        wire["tool_calls"] = [_tool_call(use, dialect) for use in message.tool_calls]
    if message.opaque is not None:
        wire |= _history(message, message.opaque, dialect)
    elif message.reasoning is not None and dialect.reasoning is not None:
        wire[dialect.reasoning] = message.reasoning
    return wire


def history_fields(conversation: Iterable[Message], dialect: Dialect) -> set[str]:
    """Return the names of fields in earlier answers, besides content and tool calls."""
    names = set[str]()
    for message in conversation:
        if dialect.opaque:
            names |= (message.opaque or {}).keys()
            for use in message.tool_calls:
                names |= (use.opaque or {}).keys()
        if dialect.reasoning is not None and message.readable_reasoning is not None:
            names.add(dialect.reasoning)
    return names


def _tool_call(use: ToolUse, dialect: Dialect) -> dict[str, object]:
    function = {"name": use.name, "arguments": use.arguments}
    wire: dict[str, object] = {"id": use.id, "type": "function", "function": function}
    return {**wire, **use.opaque} if use.opaque is not None and dialect.opaque else wire


def _history(message: Message, opaque: Mapping[str, object], dialect: Dialect) -> dict[str, object]:
    """Return the opaque fields of an earlier answer; their readable text if the engine supports no such fields."""
    reasoning = message.reasoning if dialect.opaque else message.readable_reasoning
    wire: dict[str, object] = {}
    if reasoning is not None and dialect.reasoning is not None:
        wire[dialect.reasoning] = reasoning
    if dialect.opaque:
        wire |= opaque
    elif "refusal" in opaque and not message.content:
        wire["content"] = opaque["refusal"]
    return wire


def isolated(scope: str, isolation: Isolation) -> dict[str, object]:
    """Return the fields that keep a scope's prompt cache its own."""
    match isolation:
        case Isolation.SALT:
            return {"cache_salt": scope}
        case Isolation.NO_CACHE:
            return {"cache_prompt": False}
        case Isolation.OPERATOR:
            return {}


def sampled(request: ChatRequest, dialect: Dialect, engine: str) -> dict[str, object]:
    """Return the sampling fields, those beyond OpenAI's by the engine's own names.

    Raises:
        FieldNotTakenError: the engine does not take one of them.
    """
    sampling = request.sampling
    temperature, top_p, *others = values = _sampling(sampling)
    engine_parameters = _engine_parameters(sampling)
    if others == _NO_OTHERS and engine_parameters == _NO_EXTRAS and None not in values[:2]:
        return {"temperature": temperature, "top_p": top_p}  # as nearly all
    wire = {
        name: value
        for name, value in zip(_SAMPLING, values, strict=True)
        if value is not None and value != ()
    }
    if engine_parameters == _NO_EXTRAS:
        return wire
    for name, value in zip(_EXTRAS, engine_parameters, strict=False):  # excludes the temperatures
        if value is None or value == ():
            continue
        if name not in dialect.engine_parameters:
            raise _unsupported(name, request.model, engine)
        wire[dialect.engine_parameters[name]] = value
    if (span := sampling.temperature_range) is not None:
        if not dialect.dynamic_temperature:
            name = "max_temp" if sampling.min_temperature is None else "min_temp"
            raise _unsupported(name, request.model, engine)
        wire |= dynamic_temperature(span)
    return wire | _biased(request, dialect, engine)


def _biased(request: ChatRequest, dialect: Dialect, engine: str) -> dict[str, object]:
    if not request.sampling.logit_bias:
        return {}
    if not dialect.logit_bias:
        raise _unsupported("logit_bias", request.model, engine)
    return with_logit_bias(request)


def _unsupported(name: str, model: str, engine: str) -> FieldNotTakenError:
    return FieldNotTakenError(
        f"The model {model!r} does not support `{name}`: its engine {engine!r} does not support it. "
        "Leave the field out or choose another model.",
        faults={name: (f"Not supported by the engine {engine!r}.",)},
    )
