"""Reasoning parameters in the fields that engines accept."""

from fondaco.domain.chat.request import ChatRequest
from fondaco.engines.common.dialects import EffortField


def reasoning_fields(request: ChatRequest, field: EffortField) -> dict[str, object]:
    """Return the reasoning fields of a request: the effort in `field`, and template variables."""
    fields = dict[str, object]()
    switches = dict(request.options.template_variables)
    reasoning = request.options.reasoning
    if reasoning is not None:
        match field:
            case EffortField.OBJECT:
                parameters = {
                    "effort": reasoning.effort,
                    "summary": reasoning.summary,
                    "max_tokens": reasoning.budget_tokens,
                    "enabled": reasoning.on or None,
                }
                fields["reasoning"] = {
                    n: value for n, value in parameters.items() if value is not None
                }
            case EffortField.TEMPLATE if reasoning.effort is not None:
                switches["reasoning_effort"] = reasoning.effort
            case EffortField.FLAT if reasoning.effort is not None:
                fields["reasoning_effort"] = reasoning.effort
            case _:
                pass
    return {**fields, "chat_template_kwargs": switches} if switches else fields


def ignored_reasoning(request: ChatRequest, field: EffortField) -> tuple[str, ...]:
    """Return the names of reasoning options that `field` cannot express."""
    reasoning = request.options.reasoning
    if reasoning is None or field is EffortField.OBJECT:
        return ()
    unsupported = {
        "reasoning.summary": reasoning.summary,
        "reasoning.max_tokens": reasoning.budget_tokens,
    }
    return tuple(name for name, value in unsupported.items() if value is not None)
