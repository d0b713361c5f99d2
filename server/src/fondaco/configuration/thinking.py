"""Builds reasoning profiles from the settings."""

from collections.abc import Iterator

from fondaco.configuration.schema import dotted
from fondaco.domain.chat.reasoning import ReasoningProfile, ReasoningSwitch
from fondaco.engines.common.dialects import DIALECTS
from fondaco.sections import Reasoning
from fondaco.settings import CatalogueModel, Settings

_VARIABLE = Reasoning().switch_name
_CONVERSATION = {"add_generation_prompt", "messages", "tools"}
"""Variables of a template that are the conversation itself."""


def reasoning_profile(entry: CatalogueModel) -> ReasoningProfile | None:
    """Return a model's reasoning profile; None if it does not reason."""
    reasoning = entry.reasoning
    if reasoning is None:
        return None
    return ReasoningProfile(
        tags=reasoning.tags,
        opens_think_tag=reasoning.begun,
        shown=reasoning.shown,
        switch=reasoning.switch,
        switch_name=reasoning.switch_name,
        efforts=reasoning.efforts,
    )


def faults(settings: Settings) -> Iterator[str]:
    """Yield a line for each contradiction between reasoning settings."""
    for model_id, model in settings.models.items():
        reasoning = model.reasoning
        if reasoning is None:
            continue
        name = dotted(("models", model_id, "reasoning"))
        if reasoning.begun and not reasoning.tags:
            yield f"{name}.begun needs tags: the reasoning that the template opens ends at the closing tag."
        if "none" in reasoning.efforts:
            yield f"{name}.efforts names 'none': to disable reasoning, set {name}.switch = 'effort'."
        if len(set(reasoning.efforts)) < len(reasoning.efforts):
            yield f"{name}.efforts names an effort twice. Name each once."
        yield from _switch(name, reasoning, model, settings)


def _switch(
    name: str, reasoning: Reasoning, model: CatalogueModel, settings: Settings
) -> Iterator[str]:
    if reasoning.switch is ReasoningSwitch.PROMPT and reasoning.switch_name == _VARIABLE:
        yield f"{name}.switch_name is missing. Set the word, such as '/no_think'."
    if reasoning.switch is not ReasoningSwitch.TEMPLATE:
        return
    if not reasoning.switch_name.isidentifier() or reasoning.switch_name in _CONVERSATION:
        yield f"{name}.switch_name is not a valid template variable: {reasoning.switch_name!r}."
    rows = [settings.engines[engine] for engine in model.engines if engine in settings.engines]
    upstream_alone = rows and len(rows) == len(model.engines)
    if upstream_alone and not any(
        row.dialect in DIALECTS and DIALECTS[row.dialect].switches for row in rows
    ):
        able = ", ".join(name for name, dialect in DIALECTS.items() if dialect.switches)
        yield (
            f"{name}.switch is 'template', and none of the model's engines takes variables for "
            f"its template: the dialects that do are {able}."
        )
