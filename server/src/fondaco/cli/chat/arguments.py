"""The arguments of `fondaco chat`: which of them is the model, and what is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import typer

_MOST = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """The question of a command line, and its model."""

    model: str | None
    """None: the default one."""
    prompt: str
    """Empty: questions are typed."""
    is_guess: bool = False
    """Whether `model` is one word that may be the prompt as well, because text is piped in."""

    def as_prompt(self, piped: str) -> "Asked":
        """Return the same with the word as the prompt, which it is where no model has this name."""
        return replace(self, model=None, prompt=joined(self.model or "", piped), is_guess=False)


def asked_by(words: Sequence[str], model: str | None, piped: str) -> Asked:
    """Return what the arguments ask for.

    Two arguments are MODEL and PROMPT. A single one is the prompt where it has a blank in it, or --model names the
    model; else it names the model.

    Args:
        words: the arguments that are no options.
        model: as `--model` names it.
        piped: what came on standard input.

    Raises:
        typer.BadParameter: there are too many.
    """
    match list(words):
        case []:
            return Asked(model, piped)
        case [prompt] if model is not None or any(map(str.isspace, prompt.strip())):
            return Asked(model, joined(prompt, piped))
        case [word]:
            return Asked(word, piped, is_guess=bool(piped))
        case [name, prompt] if model is None:
            return Asked(name, joined(prompt, piped))
    raise typer.BadParameter(
        "Too many arguments: expected a model and a prompt. Quote a prompt of several words."
        if model is None
        else "Too many arguments: with --model, expected one prompt. Quote a prompt of several words."
    )


def joined(prompt: str, piped: str) -> str:
    """Return a prompt with the text that it is about."""
    return "\n\n".join(part for part in (prompt, piped) if part.strip())
