"""Name resolution at a point in time: ids, traits and aliases, and replacements for retired models.

Source: overview/deprecations.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from fondaco.domain.models.model import AnyModel, Deprecation, Model, ModelType
from fondaco.domain.money.epoch import starts_at

Entries = Mapping[str, AnyModel]
"""Every model by its id, also those that are retired, in the order of lists."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a reply says about the end of the model that was asked for."""

    text: str
    sunset: date


@dataclass(frozen=True, slots=True)
class Route:
    """The answer to "what serves this name"."""

    model: Model
    engines: tuple[str, ...]
    """Names of engines, in the order in which they are tried."""
    notice: Notice | None = None
    """That the model will be retired, or that it answers for one that was."""


@dataclass(frozen=True, slots=True)
class Names:
    """All names of one time."""

    models: dict[str, AnyModel] = field(default_factory=dict)
    """Those that answer, with the traits that they have taken over."""
    traits: dict[tuple[ModelType, str], str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    """Foreign names and the ids of retired models -> id of the model that serves them."""
    routes: dict[str, Route] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    """Names that led to a model without a replacement -> what there is to say of it."""

    def __contains__(self, name: str) -> bool:
        return name in self.routes or name in self.gone

    @classmethod
    def at(cls, now: float, entries: Entries, targets: Mapping[str, str]) -> "Names":
        """Find what names lead to at `now` (Unix seconds); `targets` are aliases -> ids or traits."""
        heirs = {model_id: _heir(model_id, entries, now) for model_id in entries}
        names = cls(models=dict(_living(entries, heirs)), traits=_traits(entries, heirs))
        names.gone.update(_gone(entries, heirs, names))
        retired = {model_id: model_id for model_id, heir in heirs.items() if heir != model_id}
        for alias, target in {**retired, **targets}.items():
            heir = heirs.get(target, names.traits.get((ModelType.TEXT, target)))
            if heir is not None:
                names.aliases[alias] = heir
            elif target in names.gone:
                names.gone[alias] = names.gone[target]
        names.routes.update(_routes(names, entries, now))
        return names


def changes_at(models: Iterable[AnyModel]) -> tuple[int, ...]:
    """Return the Unix seconds at which the meaning of names changes."""
    ends = [model.deprecation for model in models if model.deprecation is not None]
    return tuple(starts_at(day) for end in ends for day in (end.announced, end.sunset))


def announced(model: AnyModel, now: float) -> Deprecation | None:
    """Return the end of a model, once it may be told."""
    end = model.deprecation
    return end if end is not None and now >= starts_at(end.announced) else None


def _heir(model_id: str, entries: Entries, now: float) -> str | None:
    """Return who answers for a model: itself until its sunset, then a replacement, or nobody."""
    seen: set[str] = set()
    heir: str | None = model_id
    while heir is not None and heir in entries and heir not in seen:
        end = entries[heir].deprecation
        if end is None or now < starts_at(end.sunset):
            return heir
        seen.add(heir)
        heir = end.replacement
    return None


def _traits(entries: Entries, heirs: Mapping[str, str | None]) -> dict[tuple[ModelType, str], str]:
    """Return who serves each trait: the first that has it, or took it over, and is available."""
    heritage = [(model, heir) for model in entries.values() if (heir := heirs[model.id])]
    heritage.sort(key=lambda pair: not entries[pair[1]].available)
    found: dict[tuple[ModelType, str], str] = {}
    for model, heir in heritage:
        for trait in model.traits:
            found.setdefault((model.type, trait), heir)
    return found


def _living(entries: Entries, heirs: Mapping[str, str | None]) -> Iterator[tuple[str, AnyModel]]:
    for model_id, model in entries.items():
        if heirs[model_id] == model_id:
            left = (entries[old].traits for old, heir in heirs.items() if heir == model_id)
            traits = dict.fromkeys(trait for some in (model.traits, *left) for trait in some)
            yield model_id, replace(model, traits=tuple(traits))


def _gone(
    entries: Entries, heirs: Mapping[str, str | None], names: Names
) -> Iterator[tuple[str, str]]:
    for model_id, heir in heirs.items():
        model = entries[model_id]
        if heir is None and model.deprecation is not None:
            other = _alternative(model, names)
            hint = f" Use {other!r} instead." if other else ""
            yield model_id, f"{_was_retired(model.id, model.deprecation)}{hint}"


def _alternative(model: AnyModel, names: Names) -> str | None:
    """Return the id of a model to ask for instead of one that is gone."""
    for trait in (*model.traits, "default"):
        if (serving := names.traits.get((model.type, trait))) is not None:
            return serving
    return next((m.id for m in names.models.values() if m.type is model.type), None)


def _routes(names: Names, entries: Entries, now: float) -> Iterator[tuple[str, Route]]:
    """Yield the routes of all names; where two are alike, an id comes last, before it a trait."""
    led = [*names.aliases.items(), *((t, i) for (_, t), i in names.traits.items())]
    for name, model_id in [*led, *((i, i) for i in names.models)]:
        model = names.models[model_id]
        if isinstance(model, Model):
            yield name, Route(model, model.engines, _notice(name, model, entries, now))


def _notice(name: str, model: Model, entries: Entries, now: float) -> Notice | None:
    if name in entries and name != model.id and (end := entries[name].deprecation) is not None:
        return Notice(f"{_was_retired(name, end)} {model.id!r} answers in its place.", end.sunset)
    if (end := announced(model, now)) is None:
        return None
    instead = f" Use {end.replacement!r} instead." if end.replacement else ""
    text = f"The model {model.id!r} will be retired on {end.sunset}.{_reason(end)}{instead}"
    return Notice(text, end.sunset)


def _was_retired(model_id: str, end: Deprecation) -> str:
    return f"The model {model_id!r} was retired on {end.sunset}.{_reason(end)}"


def _reason(end: Deprecation) -> str:
    return f" {end.reason.rstrip('.')}." if end.reason else ""
