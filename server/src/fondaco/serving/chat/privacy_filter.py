"""Discretion: nobody is asked to keep what was said to a private model."""

from dataclasses import replace

from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.models.model import Model, Privacy


def discreet(model: Model, request: ChatRequest) -> tuple[ChatRequest, tuple[str, ...]]:
    """Return the turn without the wish that a private model's engine keep it, and moot fields."""
    hints = request.options.hints
    if model.privacy is not Privacy.PRIVATE or hints.get("store") is not True:
        return request, ()
    others = {name: hint for name, hint in hints.items() if name != "store"}
    return replace(request, options=replace(request.options, hints=others)), ("store",)
