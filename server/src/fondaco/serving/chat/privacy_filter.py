"""Drops `store: true` for private models, so that no engine retains content."""

from dataclasses import replace

from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.models.model import Model, Privacy


def without_storage(model: Model, request: ChatRequest) -> tuple[ChatRequest, tuple[str, ...]]:
    """Return the request without the option that a private model's engine keep it, and ignored fields."""
    hints = request.options.hints
    if model.privacy is not Privacy.PRIVATE or hints.get("store") is not True:
        return request, ()
    others = {name: hint for name, hint in hints.items() if name != "store"}
    return replace(request, options=replace(request.options, hints=others)), ("store",)
