"""Output items: the reasoning, messages, calls and searches of a response, as far as they have come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

import orjson

from fondaco.domain.chat.events import TokenLogprob
from fondaco.http.apis.openai.responses.request.conversation import CUSTOM_INPUT
from fondaco.http.apis.openai.responses.request.tool_names import ToolName

ItemStatus: TypeAlias = Literal["in_progress", "completed", "incomplete"]


@dataclass(slots=True)
class OutputTextPart:
    """A part of text."""

    TYPE: ClassVar = "output_text"

    pieces: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    annotations: list[dict[str, object]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Text so far."""
        return "".join(self.pieces)

    def object(self) -> dict[str, object]:
        """Return it as the API has it."""
        return {
            "type": self.TYPE,
            "text": self.text,
            "annotations": self.annotations,
            "logprobs": [token_logprob(one) for one in self.logprobs],
        }


@dataclass(slots=True)
class OutputRefusalPart:
    """A part of a refusal."""

    TYPE: ClassVar = "refusal"

    pieces: list[str] = field(default_factory=list)

    def object(self) -> dict[str, object]:
        """Return it as the API has it."""
        return {"type": self.TYPE, "refusal": "".join(self.pieces)}


@dataclass(slots=True)
class OutputReasoningPart:
    """A part of reasoning."""

    TYPE: ClassVar = "reasoning_text"

    pieces: list[str] = field(default_factory=list)

    def object(self) -> dict[str, object]:
        """Return it as the API has it."""
        return {"type": self.TYPE, "text": "".join(self.pieces)}


Part: TypeAlias = OutputTextPart | OutputRefusalPart | OutputReasoningPart


@dataclass(slots=True)
class OutputMessage:
    """A message of the model."""

    id: str
    index: int
    parts: list[Part] = field(default_factory=list)
    status: ItemStatus = "in_progress"

    def object(self) -> dict[str, object]:
        """Return it as the API has it."""
        return {
            "id": self.id,
            "type": "message",
            "status": self.status,
            "role": "assistant",
            "content": [part.object() for part in self.parts],
        }


@dataclass(slots=True)
class OutputReasoning:
    """Reasoning of the model, and the state that its engine wants back."""

    id: str
    index: int
    parts: list[Part] = field(default_factory=list)
    encrypted: str | None = None
    status: ItemStatus = "in_progress"

    def object(self) -> dict[str, object]:
        """Return it as the API has it."""
        return {
            "id": self.id,
            "type": "reasoning",
            "status": self.status,
            "summary": [],
            "content": [part.object() for part in self.parts],
            "encrypted_content": self.encrypted,
        }


@dataclass(slots=True)
class OutputCall:
    """A call of a function or of a custom tool."""

    id: str
    index: int
    call_id: str
    number: int
    """Of the call, from 0, as its engine counts."""
    name: ToolName
    pieces: list[str] = field(default_factory=list)
    status: ItemStatus = "in_progress"

    @property
    def arguments(self) -> str:
        """The arguments as JSON text, as far as they have come."""
        return "".join(self.pieces)

    @property
    def input(self) -> str:
        """The input of a custom tool; the text itself if it is not in the requested form."""
        try:
            value = orjson.loads(text := self.arguments)
        except orjson.JSONDecodeError:
            return text
        given = value.get(CUSTOM_INPUT) if isinstance(value, dict) else None
        return given if isinstance(given, str) else text

    @property
    def complete(self) -> bool:
        """Whether its arguments are all there: they are one JSON value."""
        try:
            orjson.loads(self.arguments)
        except orjson.JSONDecodeError:
            return False
        return True

    def object(self) -> dict[str, object]:
        """Return it as the API has it."""
        begun = self.status == "in_progress"
        if self.name.custom:
            said: dict[str, object] = {
                "type": "custom_tool_call",
                "input": "" if begun else self.input,
            }
        else:
            said = {"type": "function_call", "arguments": self.arguments}
        return {
            "id": self.id,
            "status": self.status,
            "call_id": self.call_id,
            "name": self.name.name,
            **said,
            **({} if self.name.namespace is None else {"namespace": self.name.namespace}),
        }


@dataclass(slots=True)
class OutputSearch:
    """A web search, or a page that was read, before the model answered."""

    id: str
    index: int
    action: Mapping[str, object]
    status: Literal["in_progress", "completed", "failed"] = "in_progress"

    def object(self) -> dict[str, object]:
        """Return it as the API has it."""
        return {
            "id": self.id,
            "type": "web_search_call",
            "status": self.status,
            "action": self.action,
        }


OutputItem: TypeAlias = OutputMessage | OutputReasoning | OutputCall | OutputSearch


def token_logprob(token: TokenLogprob) -> dict[str, object]:
    """Return the log probability of a token as the API has it."""
    return {
        **_likely(token),
        "top_logprobs": [_likely(one) for one in token.top],
    }


def _likely(token: TokenLogprob) -> dict[str, object]:
    return {"token": token.token, "logprob": token.logprob, "bytes": token.bytes or ()}
