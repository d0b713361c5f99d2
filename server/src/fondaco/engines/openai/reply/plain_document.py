"""Plain documents: whole replies that are one finished text, read in one step.

The reader asks what each part of a reply is; most whole replies are one text with its finish reason and usage.
"""

from typing import Any, Final

import orjson

from fondaco.domain.chat.events import EventBatch, Finish, FinishReason, Text, UsageReported
from fondaco.domain.chat.request import ChatRequest
from fondaco.engines.openai.reply import opaque
from fondaco.engines.openai.reply.usage import usage_of

_MOST_BYTES = 2**16
_FINISHED: Final[dict[str, FinishReason]] = {"stop": "stop", "length": "length"}
_OTHER = ("reasoning_content", "reasoning", "refusal", "tool_calls", "function_call")
"""Members of a message, any of which makes it more than a text."""


def is_plain(request: ChatRequest) -> bool:
    """Whether the reply to a request has no more to tell than its text, where it is a plain document."""
    return request.choices == 1 and request.top_logprobs is None and not request.sampling.stop


def events_of(document: bytes) -> EventBatch:
    """Return the events of a plain document; nothing if the reader has to look at it.

    >>> events_of(b'{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}')
    (Text(choice=0, text='Hi', tokens=1, logprobs=None), Finish(choice=0, reason='stop', stop_sequence=None))
    >>> events_of(b'{"choices":[{"index":0,"message":{"content":null},"finish_reason":"stop"}]}')
    ()
    """
    if len(document) > _MOST_BYTES:
        return ()
    try:
        reply = orjson.loads(document)
        (choice,) = reply["choices"]
        found = None if reply.get("error") else _finished_text(choice)
        usage = reply.get("usage")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
    if found is None:
        return ()
    text, finish = found
    if not usage:
        return text, finish
    report = usage_of(usage)
    return () if report.discarded else (text, finish, UsageReported(report))


def _finished_text(choice: Any) -> tuple[Text, Finish] | None:
    """Return the events of a choice that is one text; None if it is more, or something else.

    Raises:
        KeyError, TypeError, AttributeError: it is no choice.
    """
    message, reason = choice["message"], _FINISHED.get(choice["finish_reason"])
    text, index = message["content"], choice["index"]
    if (
        reason is None
        or text.__class__ is not str
        or not text
        or index.__class__ is not int
        or index
    ):
        return None
    more = choice.get("logprobs") or choice.get("delta") or not opaque.PASSED.isdisjoint(message)
    for name in _OTHER:
        more = more or message.get(name)
    return None if more else (Text(0, text), Finish(0, reason))
