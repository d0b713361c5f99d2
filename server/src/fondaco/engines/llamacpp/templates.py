"""Chat templates: capabilities of the model's own, and prompts rendered by callers' templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import FieldNotTakenError
from fondaco.engines.common.template import variables
from fondaco.ports import Templates


@dataclass(frozen=True, slots=True)
class ModelTemplate:
    """Capabilities and special tokens of a model's own template."""

    tools: bool
    """Whether it supports functions and their calls."""
    bos_token: str
    """The beginning-of-sequence token."""
    eos_token: str
    """The end-of-sequence token."""


def own_template(props: Mapping[str, Any]) -> ModelTemplate:
    """Parse the engine's `/props`."""
    return ModelTemplate(
        tools=bool(props.get("chat_template_caps", {}).get("supports_tool_calls")),
        bos_token=props.get("bos_token", ""),
        eos_token=props.get("eos_token", ""),
    )


def expect_rendered(request: ChatRequest, templates: Templates | None, engine: str) -> None:
    """Check that a template of the request can be rendered here.

    Raises:
        FieldNotTakenError: it cannot.
    """
    if request.options.template is not None and templates is None:
        raise FieldNotTakenError(
            f"The engine {engine!r} does not support chat_template. Leave it out or choose another model.",
            faults={"chat_template": (f"Not supported by the engine {engine!r}.",)},
        )


async def rendered(
    request: ChatRequest, template: ModelTemplate, templates: Templates | None
) -> str | None:
    """Return the prompt that the request's template makes, with the model's special tokens; None: it has none.

    Raises:
        InvalidRequestError: it cannot be rendered.
    """
    if request.options.template is None or templates is None:
        return None
    template_variables = variables(
        request, bos_token=template.bos_token, eos_token=template.eos_token
    )
    return await templates.render(request.options.template, template_variables)
