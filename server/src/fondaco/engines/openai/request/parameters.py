"""Rare sampling parameters, and which engines accept them."""

from fondaco.domain.chat.request import ChatRequest
from fondaco.engines.common.dialects import Dialect


def unsupported_parameters(request: ChatRequest, dialect: Dialect) -> str | None:
    """Return the name of an unsupported field that affects the output; None if there is none."""
    if request.options.stop_shown and not dialect.stop_shown:
        return "include_stop_str_in_output"
    if request.options.template is not None and not dialect.templates:
        return "chat_template"
    return None


def extra_sampling(request: ChatRequest, dialect: Dialect) -> dict[str, object]:
    """Return the fields of rare parameters that the dialect supports."""
    options = request.options
    fields: dict[str, object] = {}
    if options.stop_shown:
        fields["include_stop_str_in_output"] = True
    if options.template is not None:
        fields["chat_template"] = options.template
    if options.prediction is not None and dialect.prediction:
        fields["prediction"] = {"type": "content", "content": options.prediction}
    if options.engine_parameters is not None:
        fields |= options.engine_parameters.params
    return fields


def ignored_sampling(request: ChatRequest, dialect: Dialect) -> tuple[str, ...]:
    """Return the names of ignored fields."""
    unused = request.options.prediction is not None and not dialect.prediction
    return ("prediction",) if unused else ()


def with_logit_bias(request: ChatRequest) -> dict[str, object]:
    """Return the field `logit_bias`."""
    return {"logit_bias": {str(token): bias for token, bias in request.sampling.logit_bias}}
