"""Raw prompts: texts that a model continues as they stand, without messages or a chat template."""

from dataclasses import dataclass
from typing import TypeAlias

RawPrompt: TypeAlias = str | tuple[int, ...]
"""A text, or token ids of the model's own vocabulary."""

_CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class RawPrompts:
    """The prompts of one request, each with as many choices as the others.

    Choices are numbered prompt by prompt: those of the first come first.
    """

    prompts: tuple[RawPrompt, ...]
    """At least one."""
    suffix: str | None = None
    """The text that follows the output: the model fills in what is between; None: it continues."""
    echo: bool = False
    """Whether a `PromptEcho` precedes the output of each choice."""

    @property
    def characters(self) -> int:
        """The length of all prompts in characters; of token ids an estimate."""
        lengths = (
            len(p) * (1 if isinstance(p, str) else _CHARACTERS_A_TOKEN) for p in self.prompts
        )
        return sum(lengths) + len(self.suffix or "") * len(self.prompts)
