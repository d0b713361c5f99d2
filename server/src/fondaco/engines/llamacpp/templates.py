"""Chat templates: what the model's own says of it, and prompts by those of callers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fondaco.domain.chat import Turn
from fondaco.domain.errors import FieldNotTakenError
from fondaco.ports import Templates
from fondaco.upstream.template import variables


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """What is known with a model's own template."""

    tools: bool
    """Whether it has a place for functions and their calls."""
    bos_token: str
    """What prompts begin with."""
    eos_token: str
    """What answers end with."""


def own_template(props: Mapping[str, Any]) -> OwnTemplate:
    """Return what the engine's `/props` say."""
    return OwnTemplate(
        tools=bool(props.get("chat_template_caps", {}).get("supports_tool_calls")),
        bos_token=props.get("bos_token", ""),
        eos_token=props.get("eos_token", ""),
    )


async def render(turn: Turn, own: OwnTemplate, templates: Templates | None, engine: str) -> str:
    """Return the prompt that the turn's template makes, with the model's special tokens.

    Raises:
        InvalidRequestError: it makes none.
        FieldNotTakenError: nothing here renders templates.
    """
    if templates is None or turn.wishes.template is None:
        raise FieldNotTakenError(
            f"The engine {engine!r} takes no chat_template. Leave it out or choose another model.",
            faults={"chat_template": (f"Not supported by the engine {engine!r}.",)},
        )
    known = variables(turn, bos_token=own.bos_token, eos_token=own.eos_token)
    return await templates.render(turn.wishes.template, known)
