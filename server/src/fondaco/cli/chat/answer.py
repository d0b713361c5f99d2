"""An answer as it arrives: events of a stream, or a whole body, of any OpenAI-compatible server."""

from dataclasses import dataclass, field

import orjson

from fondaco.cli.connecting.refusals import error_message, sentence
from fondaco.cli.exits import Exit, FailedError


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """The next piece of an answer."""

    text: str = ""
    reasoning: str = ""

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.text or self.reasoning)


@dataclass(frozen=True, slots=True)
class AnswerTokens:
    """The tokens of an answer, as its server reports them."""

    prompt: int
    output: int
    cached: int = 0


@dataclass(slots=True)
class Answer:
    """An answer, as far as it came. What a server sends is not believed to have any shape."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    model: str = ""
    """The id of the model that answers."""
    finish_reason: str = ""
    """Empty: the server has not said yet."""
    tokens: AnswerTokens | None = None
    sources: list[str] = field(default_factory=list)
    """Titles and URLs of the pages that the model was given."""

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.texts)

    @property
    def reasoning(self) -> str:
        """The reasoning so far."""
        return "".join(self.thoughts)

    def take(self, payload: bytes) -> AnswerPiece:
        """Add the payload of an event, or a whole body, and return what it adds.

        Raises:
            FailedError: it reports an error, or is no JSON.
        """
        try:
            chunk = orjson.loads(payload)
        except orjson.JSONDecodeError:
            raise FailedError(
                "The server's response is not a chat completion. Check that the URL is an "
                "OpenAI-compatible API."
            ) from None
        if not isinstance(chunk, dict):
            return AnswerPiece()
        if chunk.get("error"):
            said = error_message(chunk) or "The server reports an error without a message"
            raise FailedError(sentence(said), Exit.UNREACHABLE)
        self._note(chunk)
        return self._piece(_first(chunk.get("choices")))

    def _piece(self, choice: dict[str, object]) -> AnswerPiece:
        if isinstance(reason := choice.get("finish_reason"), str):
            self.finish_reason = reason
        delta = _fields(choice.get("delta") or choice.get("message"))
        text = _string(delta.get("content")) + _string(delta.get("refusal"))
        reasoning = _string(delta.get("reasoning_content") or delta.get("reasoning"))
        self.texts.append(text)
        self.thoughts.append(reasoning)
        return AnswerPiece(text, reasoning)

    def _note(self, chunk: dict[str, object]) -> None:
        """Take what a chunk says beside its text."""
        self.model = _string(chunk.get("model")) or self.model
        if isinstance(usage := chunk.get("usage"), dict):
            cached = _fields(usage.get("prompt_tokens_details")).get("cached_tokens")
            self.tokens = AnswerTokens(
                _count(usage.get("prompt_tokens")),
                _count(usage.get("completion_tokens")),
                _count(cached),
            )
        found = _fields(chunk.get("venice_parameters")).get("web_search_citations")
        for one in found if isinstance(found, list) else ():
            page = _fields(one)
            if url := _string(page.get("url")):
                self.sources.append(f"{_string(page.get('title'))} {url}".strip())


def _first(choices: object) -> dict[str, object]:
    return _fields(choices[0]) if isinstance(choices, list) and choices else {}


def _fields(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
