"""Reasoning parameters in the fields that engines accept."""

from fondaco.domain.chat.request import ChatRequest
from fondaco.engines.common.dialects import EffortField


def reasoning_fields(request: ChatRequest, field: EffortField) -> dict[str, object]:
    """Return what an engine is told of thinking: its effort by `field`, and the template's variables."""
    fields = dict[str, object]()
    switches = dict(request.options.template_variables)
    wish = request.options.reasoning
    if wish is not None:
        match field:
            case EffortField.OBJECT:
                told = {
                    "effort": wish.effort,
                    "summary": wish.summary,
                    "max_tokens": wish.budget_tokens,
                    "enabled": wish.on or None,
                }
                fields["reasoning"] = {n: said for n, said in told.items() if said is not None}
            case EffortField.TEMPLATE if wish.effort is not None:
                switches["reasoning_effort"] = wish.effort
            case EffortField.FLAT if wish.effort is not None:
                fields["reasoning_effort"] = wish.effort
            case _:
                pass
    return {**fields, "chat_template_kwargs": switches} if switches else fields


def ignored_reasoning(request: ChatRequest, field: EffortField) -> tuple[str, ...]:
    """Return the names of what is asked of a model's thinking, and `field` has no place for."""
    wish = request.options.reasoning
    if wish is None or field is EffortField.OBJECT:
        return ()
    lost = {"reasoning.summary": wish.summary, "reasoning.max_tokens": wish.budget_tokens}
    return tuple(name for name, said in lost.items() if said is not None)
