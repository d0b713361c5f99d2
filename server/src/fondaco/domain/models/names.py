"""Names of models: ids, traits and aliases, and the model that each routes to at one time.

Source: overview/deprecations.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Generic, TypeVar

from fondaco.domain.models.model import AnyModel, Deprecation, ModelType
from fondaco.domain.money.epoch import starts_at

Entries = Mapping[str, AnyModel]
"""Every model by its id, retired ones included, in the order of lists."""
SEALED = "e2ee-"
"""Begins the ids of models that take encrypted content only; the id of the plain model follows."""
_TEXT_FIRST = (ModelType.TEXT, *[kind for kind in ModelType if kind is not ModelType.TEXT])


M_co = TypeVar("M_co", bound=AnyModel, covariant=True)


@dataclass(frozen=True, slots=True)
class DeprecationNotice:
    """A deprecation notice of the requested model, for the reply's headers."""

    text: str
    sunset: date


@dataclass(frozen=True, slots=True)
class Route(Generic[M_co]):
    """The model that a name routes to, and its engines."""

    model: M_co
    engines: tuple[str, ...]
    """Names of engines, in the order of failover."""
    notice: DeprecationNotice | None = None
    """The model will be retired, or it answers for a retired one."""


@dataclass(frozen=True, slots=True)
class Names:
    """All names at one time, by the type of the model that they route to."""

    models: dict[str, AnyModel] = field(default_factory=dict)
    """Models that are not retired, with the traits that they took over from retired ones."""
    traits: dict[tuple[ModelType, str], str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    """Foreign names and the ids of retired models -> id of the model that serves them."""
    routes: dict[ModelType, dict[str, Route[AnyModel]]] = field(
        default_factory=lambda: {kind: {} for kind in ModelType}
    )
    gone: dict[ModelType, dict[str, str]] = field(
        default_factory=lambda: {kind: {} for kind in ModelType}
    )
    """Names of retired models without a replacement -> the error message."""

    def known(self, name: str, kind: ModelType) -> bool:
        """Whether a name routes to a model of a type, or did before the model was retired."""
        return name in self.routes[kind] or name in self.gone[kind]

    @classmethod
    def at(cls, now: float, entries: Entries, targets: Mapping[str, str]) -> "Names":
        """Return the names at `now` (Unix seconds); `targets` are aliases -> ids or traits."""
        successors = {model_id: _successor(model_id, entries, now) for model_id in entries}
        names = cls(
            models=dict(_active_models(entries, successors)), traits=_traits(entries, successors)
        )
        for model, message in _retired_messages(entries, successors, names):
            names.gone[model.type][model.id] = message
        retired = {
            model_id: model_id
            for model_id, successor in successors.items()
            if successor != model_id
        }
        for alias, target in {**retired, **targets}.items():
            successor = successors[target] if target in successors else names.bearer(target)
            if successor is not None:
                names.aliases[alias] = successor
                continue
            for gone in names.gone.values():
                if target in gone:
                    gone[alias] = gone[target]
        for name, route in _routes(names, entries, now):
            names.routes[route.model.type][name] = route
        return names

    def type_of(self, name: str) -> ModelType | None:
        """Return the type of the model that a name leads to, of several the text model's; None: unknown."""
        return next((kind for kind in _TEXT_FIRST if self.known(name, kind)), None)

    def bearer(self, trait: str) -> str | None:
        """Return the id of the model with a trait: a text model where there is one."""
        for kind in _TEXT_FIRST:
            if (model_id := self.traits.get((kind, trait))) is not None:
                return model_id
        return None


def changes_at(models: Iterable[AnyModel]) -> tuple[int, ...]:
    """Return the Unix seconds at which names begin to route elsewhere."""
    ends = [model.deprecation for model in models if model.deprecation is not None]
    return tuple(starts_at(day) for end in ends for day in (end.announced, end.sunset))


def announced(model: AnyModel, now: float) -> Deprecation | None:
    """Return a model's deprecation, from its announcement date on."""
    end = model.deprecation
    return end if end is not None and now >= starts_at(end.announced) else None


def _successor(model_id: str, entries: Entries, now: float) -> str | None:
    """Return the id that serves a model's id: itself until its sunset, then its replacement, or None."""
    seen: set[str] = set()
    successor: str | None = model_id
    while successor is not None and successor in entries and successor not in seen:
        end = entries[successor].deprecation
        if end is None or now < starts_at(end.sunset):
            return successor
        seen.add(successor)
        successor = end.replacement
    return None


def _traits(
    entries: Entries, successors: Mapping[str, str | None]
) -> dict[tuple[ModelType, str], str]:
    """Return the model of each trait: the first available one that has it or took it over."""
    owners = [
        (model, successor) for model in entries.values() if (successor := successors[model.id])
    ]
    owners.sort(key=lambda pair: not entries[pair[1]].available)
    traits: dict[tuple[ModelType, str], str] = {}
    for model, successor in owners:
        for trait in model.traits:
            traits.setdefault((model.type, trait), successor)
    return traits


def _active_models(
    entries: Entries, successors: Mapping[str, str | None]
) -> Iterator[tuple[str, AnyModel]]:
    for model_id, model in entries.items():
        if successors[model_id] == model_id:
            inherited = (
                entries[old].traits
                for old, successor in successors.items()
                if successor == model_id
            )
            traits = dict.fromkeys(trait for some in (model.traits, *inherited) for trait in some)
            yield model_id, replace(model, traits=tuple(traits))


def _retired_messages(
    entries: Entries, successors: Mapping[str, str | None], names: Names
) -> Iterator[tuple[AnyModel, str]]:
    for model_id, successor in successors.items():
        model = entries[model_id]
        if successor is None and model.deprecation is not None:
            other = _alternative(model, names)
            hint = f" Use {other!r} instead." if other else ""
            yield model, f"{_was_retired(model.id, model.deprecation)}{hint}"


def _alternative(model: AnyModel, names: Names) -> str | None:
    """Return the id of a model of the same type to use instead of a retired one."""
    for trait in (*model.traits, "default"):
        if (serving := names.traits.get((model.type, trait))) is not None:
            return serving
    return next((m.id for m in names.models.values() if m.type is model.type), None)


def _routes(names: Names, entries: Entries, now: float) -> Iterator[tuple[str, Route[AnyModel]]]:
    """Yield the routes of all names; of equal names, a trait wins over an alias, an id over both."""
    indirect = [*names.aliases.items(), *((t, i) for (_, t), i in names.traits.items())]
    for name, model_id in [*indirect, *((i, i) for i in names.models)]:
        model = names.models[model_id]
        yield name, Route(model, model.engines, _notice(name, model, entries, now))


def _notice(name: str, model: AnyModel, entries: Entries, now: float) -> DeprecationNotice | None:
    if name in entries and name != model.id and (end := entries[name].deprecation) is not None:
        return DeprecationNotice(
            f"{_was_retired(name, end)} {model.id!r} answers in its place.", end.sunset
        )
    if (end := announced(model, now)) is None:
        return None
    instead = f" Use {end.replacement!r} instead." if end.replacement else ""
    text = f"The model {model.id!r} will be retired on {end.sunset}.{_reason(end)}{instead}"
    return DeprecationNotice(text, end.sunset)


def _was_retired(model_id: str, end: Deprecation) -> str:
    return f"The model {model_id!r} was retired on {end.sunset}.{_reason(end)}"


def _reason(end: Deprecation) -> str:
    return f" {end.reason.rstrip('.')}." if end.reason else ""


def as_sealed_as(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that may be suggested for another: a twin takes nothing of who asks in plain.

    >>> as_sealed_as("tiny", ["tiny-1", "e2ee-tiny-1"])
    ['tiny-1']
    """
    return [one for one in names if one.startswith(SEALED) == name.startswith(SEALED)]
