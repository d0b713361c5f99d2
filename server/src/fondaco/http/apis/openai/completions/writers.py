"""Writers of completions: events accumulated into one body, or written as chunks.

Source: OpenAI's API reference, "Create completion", "The completion object".
"""

from dataclasses import dataclass, field
from typing import assert_never

import orjson

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    FinishReason,
    Opaque,
    PromptEcho,
    Reasoning,
    Refusal,
    Text,
    TokenLogprob,
    ToolPart,
    UsageReported,
)
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.openai.chat.writers import usage_report


@dataclass(slots=True)
class _Offsets:
    """Offset of the next token of a choice in its text."""

    at: int = 0

    def logprobs(
        self, tokens: tuple[TokenLogprob, ...], unscored: tuple[str, ...] = ()
    ) -> "_Lists":
        """Return tokens as lists side by side, after those without a log probability."""
        lists = _Lists()
        for text in unscored:
            lists.add(text, None, None, self._passed(text))
        for one in tokens:
            top = {likely.token: likely.logprob for likely in one.top}
            top.setdefault(one.token, one.logprob)
            lists.add(one.token, one.logprob, top, self._passed(one.token))
        return lists

    def _passed(self, text: str) -> int:
        before, self.at = self.at, self.at + len(text)
        return before


@dataclass(slots=True)
class _Lists:
    tokens: list[str] = field(default_factory=list)
    token_logprobs: list[float | None] = field(default_factory=list)
    top_logprobs: list[dict[str, float] | None] = field(default_factory=list)
    text_offset: list[int] = field(default_factory=list)

    def add(
        self, token: str, logprob: float | None, top: dict[str, float] | None, offset: int
    ) -> None:
        """Add a token."""
        self.tokens.append(token)
        self.token_logprobs.append(logprob)
        self.top_logprobs.append(top)
        self.text_offset.append(offset)

    def extend(self, other: "_Lists") -> None:
        """Add the tokens of other lists."""
        self.tokens += other.tokens
        self.token_logprobs += other.token_logprobs
        self.top_logprobs += other.top_logprobs
        self.text_offset += other.text_offset


@dataclass(slots=True)
class _Continuation:
    texts: list[str] = field(default_factory=list)
    lists: _Lists = field(default_factory=_Lists)
    offsets: _Offsets = field(default_factory=_Offsets)
    reason: FinishReason = "stop"


class CompletionAccumulator:
    """Accumulates the events of a call into one response body."""

    def __init__(self, choices: int, *, logprobs: bool, output: bool = True) -> None:
        """Expect so many choices; `output`: whether they show more than their prompts."""
        self._choices = [_Continuation() for _ in range(choices)]
        self._logprobs = logprobs
        self._output = output

    def add(self, batch: EventBatch) -> None:
        """Add a batch of events."""
        for event in batch:
            match event:
                case Text():
                    if not self._output:
                        continue
                    choice = self._choices[event.choice]
                    choice.texts.append(event.text)
                    choice.lists.extend(choice.offsets.logprobs(event.logprobs or ()))
                case PromptEcho():
                    choice = self._choices[event.choice]
                    choice.texts.append(event.text)
                    scores = choice.offsets.logprobs(event.logprobs or (), event.unscored)
                    choice.lists.extend(scores)
                    choice.offsets.at = len(event.text)
                case Finish():
                    self._choices[event.choice].reason = event.reason if self._output else "length"
                case Reasoning() | ToolPart() | Opaque() | Refusal() | UsageReported():
                    pass  # raw output has no parts
                case _:
                    assert_never(event)

    def body(self, completion_id: str, created: int, model: str, usage: Usage) -> bytes:
        """Return the response body as JSON.

        Args:
            completion_id: the public id of the call.
            created: Unix seconds.
            model: the id of the model that ran.
            usage: what the call is charged for.
        """
        return orjson.dumps(
            {
                "id": completion_id,
                "object": "text_completion",
                "created": created,
                "model": model,
                "choices": [
                    {
                        "index": index,
                        "text": "".join(choice.texts),
                        "logprobs": choice.lists if self._logprobs else None,
                        "finish_reason": choice.reason,
                    }
                    for index, choice in enumerate(self._choices)
                ],
                "usage": usage_report(usage),
            }
        )


class CompletionChunks:
    """Writes the events of a call as server-sent events."""

    error = None
    """Errors are written as the API's dialect has them."""

    def __init__(
        self,
        completion_id: str,
        created: int,
        model: str,
        *,
        logprobs: bool,
        usage: bool,
        output: bool = True,
    ) -> None:
        head = orjson.dumps(
            {"id": completion_id, "object": "text_completion", "created": created, "model": model}
        )
        self._head = b"data: " + head[:-1] + b',"choices":['
        self._logprobs = logprobs
        self._usage = usage
        self._output = output
        self._offsets: dict[int, _Offsets] = {}

    def write(self, batch: EventBatch) -> bytes:
        """Return the events of a batch; empty if none of it is shown."""
        return b"".join([self._event(event) for event in batch])

    def end(self, usage: Usage) -> bytes:
        """Return the chunk that reports usage; empty where the caller did not ask for it."""
        if not self._usage:
            return b""
        return b'%b],"usage":%b}\n\n' % (self._head, orjson.dumps(usage_report(usage)))

    def _event(self, event: ChatEvent) -> bytes:
        match event:
            case Text():
                if not self._output:
                    return b""
                return self._chunk(event.choice, event.text, self._lists(event))
            case PromptEcho():
                lists = self._lists(event)
                self._of(event.choice).at = len(event.text)
                return self._chunk(event.choice, event.text, lists)
            case Finish():
                reason = event.reason if self._output else "length"
                return self._chunk(event.choice, "", None, reason)
            case Reasoning() | ToolPart() | Opaque() | Refusal() | UsageReported():
                return b""  # raw output has no parts
            case _:
                assert_never(event)

    def _lists(self, event: Text | PromptEcho) -> _Lists | None:
        if not self._logprobs:
            return None
        unscored = event.unscored if isinstance(event, PromptEcho) else ()
        return self._of(event.choice).logprobs(event.logprobs or (), unscored)

    def _of(self, choice: int) -> _Offsets:
        return self._offsets.setdefault(choice, _Offsets())

    def _chunk(
        self, index: int, text: str, lists: _Lists | None, reason: FinishReason | None = None
    ) -> bytes:
        choice = {"index": index, "text": text, "logprobs": lists, "finish_reason": reason}
        return b"%b%b]}\n\n" % (self._head, orjson.dumps(choice))
