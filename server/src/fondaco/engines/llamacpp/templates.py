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
    """What is known with a model's own template."""

    tools: bool
    """Whether it has a place for functions and their calls."""
    bos_token: str
    """What prompts begin with."""
    eos_token: str
    """What answers end with."""


def own_template(props: Mapping[str, Any]) -> ModelTemplate:
    """Return what the engine's `/props` say."""
    return ModelTemplate(
        tools=bool(props.get("chat_template_caps", {}).get("supports_tool_calls")),
        bos_token=props.get("bos_token", ""),
        eos_token=props.get("eos_token", ""),
    )


def expect_rendered(request: ChatRequest, templates: Templates | None, engine: str) -> None:
    """Return if the request has no template, or something here renders it.

    Raises:
        FieldNotTakenError: nothing does.
    """
    if request.options.template is not None and templates is None:
        raise FieldNotTakenError(
            f"The engine {engine!r} takes no chat_template. Leave it out or choose another model.",
            faults={"chat_template": (f"Not supported by the engine {engine!r}.",)},
        )


async def rendered(
    request: ChatRequest, own: ModelTemplate, templates: Templates | None
) -> str | None:
    """Return the prompt that the request's template makes, with the model's special tokens; None: it has none.

    Raises:
        InvalidRequestError: it makes nothing.
    """
    if request.options.template is None or templates is None:
        return None
    known = variables(request, bos_token=own.bos_token, eos_token=own.eos_token)
    return await templates.render(request.options.template, known)
