"""A conversation, and the requests that it becomes."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

Message = dict[str, object]
"""A message as the API has it."""


@dataclass(slots=True)
class AnswerOptions:
    """The options of every request of a conversation; None: the model's or the server's own."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    reasoning: str | None = None
    """An effort; `none`: without reasoning."""
    web: str | None = None
    """Whether the web is searched: auto, on or off."""
    character: str | None = None
    """The slug of the character that answers."""
    schema: Mapping[str, object] | None = None
    """The JSON schema that the answer has to match."""

    def fields(self) -> dict[str, object]:
        """Return the fields of a request; those of Venice's API only where they are asked for."""
        venice: dict[str, object] = {}
        if self.web not in (None, "off"):
            venice["enable_web_search"] = self.web
            venice["include_search_results_in_stream"] = True
        if self.character is not None:
            venice["character_slug"] = self.character
        fields = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_completion_tokens": self.max_tokens,
            "seed": self.seed,
            "reasoning_effort": self.reasoning,
            "response_format": None if self.schema is None else _format(self.schema),
            "venice_parameters": venice or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(slots=True)
class Dialogue:
    """The messages so far; they are in memory alone."""

    model: str
    options: AnswerOptions = field(default_factory=AnswerOptions)
    system: str = ""
    messages: list[Message] = field(default_factory=list)
    """Those of the user and the assistant."""
    images: list[str] = field(default_factory=list)
    """Data URLs that the next message of the user takes along."""

    def ask(self, text: str) -> None:
        """Add a message of the user, with the images that wait for it."""
        content: object = text
        if self.images:
            pictures = [{"type": "image_url", "image_url": {"url": one}} for one in self.images]
            content = [{"type": "text", "text": text}, *pictures]
            self.images.clear()
        self.messages.append({"role": "user", "content": content})

    def answer(self, text: str) -> None:
        """Add the assistant's answer, as far as it came; a question without one is taken back.

        Its images then go along with the next question.
        """
        if text:
            self.messages.append({"role": "assistant", "content": text})
        else:
            self.images[:0] = _images(self.messages.pop()["content"])

    @contextmanager
    def without_answer(self) -> Generator[None]:
        """Remove the last answer within this context; it comes back where no other takes its place."""
        messages, images = [*self.messages], [*self.images]
        self.messages.pop()
        try:
            yield
        finally:
            if len(self.messages) < len(messages):
                self.messages, self.images = messages, images

    def clear(self) -> None:
        """Forget all messages; the system prompt and the options stay."""
        self.messages.clear()
        self.images.clear()

    def request(self) -> dict[str, object]:
        """Return the body of the request for the next answer."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return {
            "model": self.model,
            "messages": [*system, *self.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            **self.options.fields(),
        }

    def as_markdown(self) -> str:
        """Return the conversation for people; images are named, not shown."""
        parts = [f"# Chat with {self.model}"]
        if self.system:
            parts.append(f"**System**\n\n{self.system}")
        for message in self.messages:
            role = "You" if message["role"] == "user" else "Assistant"
            parts.append(f"**{role}**\n\n{_text(message['content'])}")
        return "\n\n".join(parts) + "\n"


def _format(schema: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }


def _images(content: object) -> list[str]:
    """Return the data URLs of a message's images."""
    parts = content if isinstance(content, list) else []
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


def _text(content: object) -> str:
    if not isinstance(content, list):
        return str(content)
    texts = [part.get("text", "(an image)") for part in content if isinstance(part, dict)]
    return "\n\n".join(texts)
