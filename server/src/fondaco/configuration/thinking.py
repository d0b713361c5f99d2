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


def habits_of(entry: CatalogueModel) -> ReasoningProfile | None:
    """Return how a model thinks; None: it does not."""
    said = entry.reasoning
    if said is None:
        return None
    return ReasoningProfile(
        tags=said.tags,
        begun=said.begun,
        shown=said.shown,
        switch=said.switch,
        switch_name=said.switch_name,
        efforts=said.efforts,
    )


def faults(settings: Settings) -> Iterator[str]:
    """Yield a line for each thing that does not fit together."""
    for model_id, model in settings.models.items():
        said = model.reasoning
        if said is None:
            continue
        name = dotted(("models", model_id, "reasoning"))
        if said.begun and not said.tags:
            yield f"{name}.begun needs tags: what ends the thought that the template opened is one."
        if "none" in said.efforts:
            yield f"{name}.efforts names 'none': for that, set {name}.switch = 'effort'."
        if len(set(said.efforts)) < len(said.efforts):
            yield f"{name}.efforts names an effort twice."
        yield from _switch(name, said, model, settings)


def _switch(name: str, said: Reasoning, model: CatalogueModel, settings: Settings) -> Iterator[str]:
    if said.switch is ReasoningSwitch.PROMPT and said.switch_name == _VARIABLE:
        yield f"{name}.switch_name is missing: name the word, such as '/no_think'."
    if said.switch is not ReasoningSwitch.TEMPLATE:
        return
    if not said.switch_name.isidentifier() or said.switch_name in _CONVERSATION:
        yield f"{name}.switch_name is no variable to switch by: {said.switch_name!r}."
    rows = [settings.engines[engine] for engine in model.engines if engine in settings.engines]
    upstream_alone = rows and len(rows) == len(model.engines)
    if upstream_alone and not any(DIALECTS[row.dialect].switches for row in rows):
        able = ", ".join(name for name, dialect in DIALECTS.items() if dialect.switches)
        yield (
            f"{name}.switch is 'template', and none of the model's engines takes variables for "
            f"its template: the dialects that do are {able}."
        )
