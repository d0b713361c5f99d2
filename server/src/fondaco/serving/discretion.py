"""Discretion: nobody is asked to keep what was said to a private model."""

from dataclasses import replace

from fondaco.domain.chat import Turn
from fondaco.domain.model import Model, Privacy


def discreet(model: Model, turn: Turn) -> tuple[Turn, tuple[str, ...]]:
    """Return the turn without the wish that a private model's engine keep it, and moot fields."""
    hints = turn.wishes.hints
    if model.privacy is not Privacy.PRIVATE or hints.get("store") is not True:
        return turn, ()
    others = {name: hint for name, hint in hints.items() if name != "store"}
    return replace(turn, wishes=replace(turn.wishes, hints=others)), ("store",)
