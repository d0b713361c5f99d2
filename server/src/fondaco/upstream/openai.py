"""The OpenAI dialect of chat: turns to request bodies, replies to events."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from fondaco.domain.chat import (
    ChatEvent,
    Counted,
    Finish,
    FinishReason,
    Message,
    Sampling,
    Text,
    Thought,
    TokenLogprob,
    Turn,
)
from fondaco.domain.errors import EngineError, FondacoError, InvalidModelError
from fondaco.domain.usage import Usage
from fondaco.upstream.dialects import Dialect, Isolation
from fondaco.upstream.refusals import refusal

_UNLIKELIEST = -9999.0
"""What OpenAI writes for a log probability beyond measure; others write null."""
_REASONS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
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
        InvalidModelError: the turn needs what the engine does not take.
    """
    body: dict[str, object] = {
        "model": model,
        "messages": messages(turn.messages, dialect),
        dialect.output_limit: turn.max_output_tokens,
    }
    body |= _sampling(turn.sampling)
    body |= _extras(turn, dialect, engine)
    if turn.choices > 1:
        if not dialect.many_choices:
            raise _unsupported("n", turn.model, engine)
        body["n"] = turn.choices
    if turn.top_logprobs is not None:
        body["logprobs"] = True
        body["top_logprobs"] = max(turn.top_logprobs, dialect.least_top_logprobs)
    if turn.cache_scope and dialect.isolation is Isolation.SALT:
        body["cache_salt"] = turn.cache_scope
    elif turn.cache_scope and dialect.isolation is Isolation.NO_CACHE:
        body["cache_prompt"] = False
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
        if dialect.usage_in_chunks and turn.choices == 1:
            body["stream_options"] = {"include_usage": True, "continuous_usage_stats": True}
    return orjson.dumps(body)


def messages(conversation: Iterable[Message], dialect: Dialect) -> list[dict[str, object]]:
    """Return a conversation as the engine wants it."""
    return [_message(message, dialect) for message in conversation]


class ReplyReader:
    """The reader of one reply: chunks of a stream, or a whole reply as the only one.

    A failure is kept until `check`, so that what was said before it is not lost.
    """

    __slots__ = (
        "_dialect",
        "_failure",
        "_output_limit",
        "_reports",
        "_silent",
        "_top",
        "_unfinished",
    )

    def __init__(self, turn: Turn, dialect: Dialect) -> None:
        self._failure: FondacoError | None = None
        self._dialect = dialect
        self._output_limit = turn.max_output_tokens
        self._top = turn.top_logprobs or 0
        self._unfinished = set(range(turn.choices))
        self._reports: list[Usage] | None = (
            [] if dialect.usage_per_choice and turn.choices > 1 else None
        )
        self._silent = True

    @property
    def complete(self) -> bool:
        """Whether every choice has finished."""
        return not self._unfinished

    def read(self, payloads: Iterable[bytes]) -> tuple[ChatEvent, ...]:
        """Return what the chunks say, up to a failure."""
        events: list[ChatEvent] = []
        for payload in payloads:
            try:
                self._read(payload, events)
            except EngineError as failure:
                self._failure = failure
            except FondacoError as failure:
                # Once the engine has begun, a complaint about the request comes too late.
                began = bool(events) or not self._silent
                self._failure = EngineError(str(failure)) if began else failure
            except (ValueError, LookupError, TypeError, AttributeError):
                self._failure = EngineError("The model's engine sent what is no chat completion.")
            if self._failure is not None:
                break
        if events:
            self._silent = False
        return tuple(events)

    def read_last(self, payloads: Iterable[bytes]) -> tuple[ChatEvent, ...]:
        """Return what the last chunks say; an answer that is not finished now has failed."""
        events = self.read(payloads)
        if self._unfinished and self._failure is None:
            self._failure = EngineError("The model's engine ended its reply before the answer.")
        return events

    def check(self) -> None:
        """Raise the failure, if there is one.

        Raises:
            EngineError: the reply cannot be read on.
            InvalidRequestError: the engine refused the request before it said anything.
        """
        if self._failure is not None:
            raise self._failure

    def _read(self, payload: bytes, events: list[ChatEvent]) -> None:
        chunk = orjson.loads(payload)
        choices = chunk.get("choices")
        if choices is None and "error" in chunk:
            raise _failure(chunk, payload, self._output_limit)
        for choice in choices or ():
            index = choice.get("index", 0)
            said = choice.get("delta") or choice.get("message") or {}
            self._say(index, said, choice.get("logprobs"), events)
            reason = choice.get("finish_reason")
            if reason is not None and index in self._unfinished:
                if reason not in _REASONS:
                    raise EngineError(f"The model's engine gave up: {str(reason)[:50]!r}.")
                self._unfinished.remove(index)
                events.append(Finish(index, _REASONS[reason]))
        usage = chunk.get("usage")
        if usage:
            events.append(Counted(self._counted(_usage(usage))))

    def _say(
        self,
        index: int,
        said: dict[str, Any],
        given: dict[str, Any] | None,
        events: list[ChatEvent],
    ) -> None:
        thought = said.get("reasoning_content") or said.get("reasoning")
        text = said.get("content") or ""
        logprobs = _logprobs(given, self._top) if given else None
        if not (thought or text or logprobs):
            return
        if index not in self._unfinished or text.__class__ is not str:
            raise ValueError
        if thought:
            if thought.__class__ is not str:
                raise ValueError
            events.append(Thought(index, thought))
        if text or logprobs:
            events.append(Text(index, text, len(logprobs) if logprobs else 1, logprobs))

    def _counted(self, usage: Usage) -> Usage:
        """Return the call's usage so far, given an engine's next report."""
        if self._reports is None:
            return usage
        self._reports.append(usage)
        return Usage(
            input_tokens=max(report.input_tokens for report in self._reports),
            cached_input_tokens=min(report.cached_input_tokens for report in self._reports),
            output_tokens=sum(report.output_tokens for report in self._reports),
            reasoning_tokens=sum(report.reasoning_tokens for report in self._reports),
        )


def _message(message: Message, dialect: Dialect) -> dict[str, object]:
    content = message.content
    wire: dict[str, object] = {
        "role": message.role.value,
        "content": [{"type": "text", "text": part} for part in content]
        if isinstance(content, tuple)
        else content,
    }
    if message.name is not None:
        wire["name"] = message.name
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        wire["tool_calls"] = [
            {
                "id": use.id,
                "type": "function",
                "function": {"name": use.name, "arguments": use.arguments},
            }
            for use in message.tool_calls
        ]
    if message.reasoning is not None and dialect.reasoning is not None:
        wire[dialect.reasoning] = message.reasoning
    return wire


def _sampling(sampling: Sampling) -> dict[str, object]:
    """Return the fields that every dialect knows."""
    given: dict[str, object] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        "seed": sampling.seed,
        "stop": sampling.stop or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _extras(turn: Turn, dialect: Dialect, engine: str) -> dict[str, object]:
    sampling = turn.sampling
    given: dict[str, object] = {
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repetition_penalty": sampling.repetition_penalty,
        "stop_token_ids": sampling.stop_token_ids or None,
    }
    wire: dict[str, object] = {}
    for name, value in given.items():
        if value is None:
            continue
        if name not in dialect.extras:
            raise _unsupported(name, turn.model, engine)
        wire[dialect.extras[name]] = value
    return wire


def _unsupported(name: str, model: str, engine: str) -> InvalidModelError:
    return InvalidModelError(
        f"The model {model!r} does not support `{name}`: its engine {engine!r} does not take it. "
        "Leave the field out or choose another model.",
        faults={name: (f"Not supported by the engine {engine!r}.",)},
    )


def _failure(chunk: dict[str, Any], payload: bytes, output_tokens: int) -> FondacoError:
    """Return what an error inside a stream stands for; some carry a status as their code."""
    error = chunk["error"]
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and 400 <= code < 500:  # noqa: PLR2004 - the class of HTTP statuses
        return refusal(code, {}, payload, output_tokens=output_tokens)
    return EngineError("The model's engine failed during its answer.")


def _usage(given: dict[str, Any]) -> Usage:
    prompt = given.get("prompt_tokens_details") or {}
    output = given.get("completion_tokens_details") or {}
    return Usage(
        input_tokens=int(given["prompt_tokens"]),
        cached_input_tokens=int(prompt.get("cached_tokens") or 0),
        output_tokens=int(given.get("completion_tokens") or 0),
        reasoning_tokens=int(output.get("reasoning_tokens") or 0),
    )


def _logprobs(given: dict[str, Any], top: int) -> tuple[TokenLogprob, ...] | None:
    content = given.get("content")
    if not content:
        return None
    return tuple(
        _logprob(token, tuple(_logprob(other) for other in (token.get("top_logprobs") or ())[:top]))
        for token in content
    )


def _logprob(given: dict[str, Any], top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
    spelled, logprob = given.get("bytes"), given.get("logprob")
    return TokenLogprob(
        token=given["token"],
        logprob=_UNLIKELIEST if logprob is None else logprob,
        bytes=None if spelled is None else tuple(spelled),
        top=top,
    )
