"""Output limits: cut a completion where its tokens end, even if its engine goes on."""

from dataclasses import replace

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    Opaque,
    PromptEcho,
    Reasoning,
    Refusal,
    Text,
    ToolPart,
    UsageReported,
)

LONGEST_TOKEN = 128
"""Characters of the longest tokens in the vocabularies of common models: runs of blanks and dashes."""


class Allowance:
    """The tokens and characters that each choice of a completion may still have.

    A choice that runs out of either ends with the finish reason `length`; characters count for engines
    whose events hold many tokens. Reasoning and tool calls count like text.
    """

    __slots__ = ("_characters", "_cut", "_running", "_tokens")

    def __init__(self, tokens: int, choices: int = 1) -> None:
        """Allow each choice so many tokens."""
        self._tokens = [tokens] * choices
        self._characters = [tokens * LONGEST_TOKEN] * choices
        self._running = set(range(choices))
        self._cut: set[int] = set()

    @property
    def spent(self) -> bool:
        """Whether no output can follow, as the last running choices were cut."""
        return bool(self._cut) and not self._running

    def take(self, choice: int, tokens: int, characters: int) -> None:
        """Deduct output of a choice that was counted before."""
        self._tokens[choice] -= tokens
        self._characters[choice] -= characters

    def within(self, batch: EventBatch) -> EventBatch:
        """Return the part of a batch that is within the allowance, with the ends of the choices it cuts."""
        allowed: list[ChatEvent] = []
        for event in batch:
            match event:
                case UsageReported():
                    allowed.append(event)
                case _ if event.choice in self._cut:
                    pass
                case Finish():
                    self._running.discard(event.choice)
                    allowed.append(event)
                case Opaque() | PromptEcho():
                    allowed.append(event)
                case _:
                    allowed += self._cut_event(event)
        return tuple(allowed)

    def _cut_event(self, event: Text | Reasoning | Refusal | ToolPart) -> list[ChatEvent]:
        """Return the allowed part of an event, and a `Finish` if that cuts its choice."""
        choice, characters = event.choice, len(_words(event))
        tokens, room = self._tokens[choice], self._characters[choice]
        self.take(choice, event.tokens, characters)
        if event.tokens <= tokens and characters <= room:
            return [event]
        self._cut.add(choice)
        self._running.discard(choice)
        if event.tokens > tokens:
            room = min(room, characters * tokens // event.tokens)
        end = Finish(choice, "length")
        return [_beginning(event, tokens, room), end] if tokens and room else [end]


def _words(event: Text | Reasoning | Refusal | ToolPart) -> str:
    return event.arguments if isinstance(event, ToolPart) else event.text


def _beginning(
    event: Text | Reasoning | Refusal | ToolPart, tokens: int, characters: int
) -> Text | Reasoning | Refusal | ToolPart:
    """Return the beginning of an event: so many of its tokens, which are so many characters."""
    tokens = min(tokens, event.tokens)
    match event:
        case Text(text=text, logprobs=logprobs):
            shown = None if logprobs is None else logprobs[:tokens]
            return Text(event.choice, text[:characters], tokens, shown)
        case Reasoning(text=text):
            return Reasoning(event.choice, text[:characters], tokens)
        case Refusal(text=text):
            return Refusal(event.choice, text[:characters], tokens)
        case ToolPart(arguments=arguments):
            return replace(event, arguments=arguments[:characters], tokens=tokens)
