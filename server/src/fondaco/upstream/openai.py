"""Turns as request bodies, in the OpenAI dialect of chat."""

from collections.abc import Iterable, Mapping
from operator import attrgetter

import orjson

from fondaco.domain.chat import PLAIN, Message, Sampling, ToolUse, Turn
from fondaco.domain.errors import FieldNotTakenError
from fondaco.domain.message import PREFIX
from fondaco.upstream.dialects import Dialect, Isolation
from fondaco.upstream.dynatemp import moving
from fondaco.upstream.form import form_fields, form_untaken
from fondaco.upstream.hints import go_on, hinted
from fondaco.upstream.particulars import biased, missed, particulars
from fondaco.upstream.parts import untaken, wired
from fondaco.upstream.thinking import thinking_fields
from fondaco.upstream.tools import offered

_SAMPLING = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "stop")
"""What every dialect knows."""
_EXTRAS = ("top_k", "min_p", "repetition_penalty", "stop_token_ids")
_sampling = attrgetter(*_SAMPLING)
_extras = attrgetter(*_EXTRAS, "min_temperature", "max_temperature", "logit_bias")
_NO_EXTRAS = _extras(Sampling())
_LAST_USAGE = {"stream": True, "stream_options": {"include_usage": True}}
_ALL_USAGE = {
    "stream": True,
    "stream_options": {"include_usage": True, "continuous_usage_stats": True},
}


def chat_body(turn: Turn, model: str, dialect: Dialect, *, engine: str, stream: bool) -> bytes:
    """Return the JSON of POST /chat/completions.

    Args:
        turn: what is asked for.
        model: the engine's name for the model.
        dialect: the engine's habits.
        engine: its name, for the message of an error.
        stream: whether events are wanted.

    Raises:
        FieldNotTakenError: the turn needs what the engine does not take.
    """
    conversation = messages(turn.messages, dialect)
    body: dict[str, object] = {"model": model, "messages": conversation}
    body |= _limited(turn, dialect)
    body |= _sampled(turn, dialect, engine)
    if turn.choices > 1:
        if not dialect.many_choices:
            raise _unsupported("n", turn.model, engine)
        body["n"] = turn.choices
    if turn.top_logprobs is not None:
        body["logprobs"] = True
        body["top_logprobs"] = max(turn.top_logprobs, dialect.least_top_logprobs)
    if turn.cache_scope:
        body |= _isolated(turn.cache_scope, dialect.isolation)
    if turn.wishes is not PLAIN:
        expect_media_taken(turn, dialect, engine)
        body |= hinted(turn, dialect)
        if turn.wishes.hints.get(PREFIX) is True:
            go_on(body, conversation, dialect.prefix)
        body |= _tools(turn, dialect, engine)
        body |= _thinking(turn, dialect, engine)
        body |= _form(turn, dialect, engine)
        body |= _particulars(turn, dialect, engine)
    if stream:
        body |= _ALL_USAGE if dialect.usage_in_chunks and turn.choices == 1 else _LAST_USAGE
    return orjson.dumps(body)


def _limited(turn: Turn, dialect: Dialect) -> dict[str, object]:
    """Return the limit of the output; none is invented for a turn without one."""
    if turn.open_ended and not dialect.needs_limit:
        return {}
    return {dialect.output_limit: turn.max_output_tokens}


def _tools(turn: Turn, dialect: Dialect, engine: str) -> dict[str, object]:
    tooling = turn.wishes.tooling
    if tooling is None:
        return {}
    if not dialect.tool_choice and tooling.choice not in ("auto", "none"):
        raise _unsupported("tool_choice", turn.model, engine)
    return offered(tooling, dialect)


def _thinking(turn: Turn, dialect: Dialect, engine: str) -> dict[str, object]:
    if turn.wishes.switches and not dialect.switches:
        wish = turn.wishes.thinking
        name = "disable_thinking" if wish is not None and wish.off else "chat_template_kwargs"
        raise _unsupported(name, turn.model, engine)
    return thinking_fields(turn, dialect.effort)


def _form(turn: Turn, dialect: Dialect, engine: str) -> dict[str, object]:
    if (name := form_untaken(turn.wishes.form, dialect)) is not None:
        raise _unsupported(name, turn.model, engine)
    return form_fields(turn.wishes.form, dialect)


def _particulars(turn: Turn, dialect: Dialect, engine: str) -> dict[str, object]:
    expect_particulars_taken(turn, dialect, engine)
    return particulars(turn, dialect)


def expect_particulars_taken(turn: Turn, dialect: Dialect, engine: str) -> None:
    """Return if the engine takes what few callers ask of it.

    Raises:
        FieldNotTakenError: it does not.
    """
    if (name := missed(turn, dialect)) is not None:
        raise _unsupported(name, turn.model, engine)


def expect_media_taken(turn: Turn, dialect: Dialect, engine: str) -> None:
    """Return if the engine takes all kinds of parts of the turn's messages.

    Raises:
        FieldNotTakenError: it does not.
    """
    if turn.wishes.media and (name := untaken(turn.messages, dialect)) is not None:
        raise _unsupported(name, turn.model, engine)


def messages(conversation: Iterable[Message], dialect: Dialect) -> list[dict[str, object]]:
    """Return a conversation as the engine wants it."""
    return [_message(message, dialect) for message in conversation]


def _message(message: Message, dialect: Dialect) -> dict[str, object]:
    content = message.content
    wire: dict[str, object] = {
        "role": message.role,
        "content": wired(content, dialect) if isinstance(content, tuple) else content,
    }
    if message.name is not None:
        wire["name"] = message.name
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        wire["tool_calls"] = [_called(use, dialect) for use in message.tool_calls]
    if message.opaque is not None:
        wire |= _given_back(message, message.opaque, dialect)
    elif message.reasoning is not None and dialect.reasoning is not None:
        wire[dialect.reasoning] = message.reasoning
    return wire


def given_back(conversation: Iterable[Message], dialect: Dialect) -> set[str]:
    """Return the names of what an engine is sent of earlier answers beside their words and calls."""
    names = set[str]()
    for message in conversation:
        if dialect.opaque:
            names |= (message.opaque or {}).keys()
            for use in message.tool_calls:
                names |= (use.opaque or {}).keys()
        if dialect.reasoning is not None and message.thought is not None:
            names.add(dialect.reasoning)
    return names


def _called(use: ToolUse, dialect: Dialect) -> dict[str, object]:
    function = {"name": use.name, "arguments": use.arguments}
    wire: dict[str, object] = {"id": use.id, "type": "function", "function": function}
    return {**wire, **use.opaque} if use.opaque is not None and dialect.opaque else wire


def _given_back(
    message: Message, opaque: Mapping[str, object], dialect: Dialect
) -> dict[str, object]:
    """Return what an engine gave with an earlier answer; if it takes no such fields, their words."""
    thought = message.reasoning if dialect.opaque else message.thought
    wire: dict[str, object] = {}
    if thought is not None and dialect.reasoning is not None:
        wire[dialect.reasoning] = thought
    if dialect.opaque:
        wire |= opaque
    elif "refusal" in opaque and not message.content:
        wire["content"] = opaque["refusal"]
    return wire


def _isolated(scope: str, isolation: Isolation) -> dict[str, object]:
    match isolation:
        case Isolation.SALT:
            return {"cache_salt": scope}
        case Isolation.NO_CACHE:
            return {"cache_prompt": False}
        case Isolation.OPERATOR:
            return {}


def _sampled(turn: Turn, dialect: Dialect, engine: str) -> dict[str, object]:
    """Return the sampling fields, those beyond OpenAI's by the engine's own names."""
    sampling = turn.sampling
    wire = {
        name: value
        for name, value in zip(_SAMPLING, _sampling(sampling), strict=True)
        if value is not None and value != ()
    }
    extras = _extras(sampling)
    if extras == _NO_EXTRAS:
        return wire
    for name, value in zip(_EXTRAS, extras, strict=False):  # the temperatures follow
        if value is None or value == ():
            continue
        if name not in dialect.extras:
            raise _unsupported(name, turn.model, engine)
        wire[dialect.extras[name]] = value
    if (span := sampling.span) is not None:
        if not dialect.dynamic_temperature:
            name = "max_temp" if sampling.min_temperature is None else "min_temp"
            raise _unsupported(name, turn.model, engine)
        wire |= moving(span)
    return wire | _biased(turn, dialect, engine)


def _biased(turn: Turn, dialect: Dialect, engine: str) -> dict[str, object]:
    if not turn.sampling.logit_bias:
        return {}
    if not dialect.logit_bias:
        raise _unsupported("logit_bias", turn.model, engine)
    return biased(turn)


def _unsupported(name: str, model: str, engine: str) -> FieldNotTakenError:
    return FieldNotTakenError(
        f"The model {model!r} does not support `{name}`: its engine {engine!r} does not take it. "
        "Leave the field out or choose another model.",
        faults={name: (f"Not supported by the engine {engine!r}.",)},
    )
