"""The catalogue: which models there are, and which of them serves a name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, overload

from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.model import AnyModel, Model, ModelType


@dataclass(frozen=True, slots=True)
class Route:
    """The answer to "what serves this name"."""

    model: Model
    engines: tuple[str, ...]
    """Names of engines, in the order in which they are tried."""


class Catalogue:
    """All models, found by id, trait or compatibility mapping, in this order."""

    def __init__(self, models: Iterable[AnyModel], aliases: Mapping[str, str]) -> None:
        """Build the catalogue; of several models with one trait, the first that is available.

        Args:
            models: every entry, in the order in which lists show them.
            aliases: foreign name -> id or trait of the text model that serves it.
        """
        self._models = {model.id: model for model in models}
        self._traits = _traits(self._models.values())
        self._aliases = {
            alias: target_id
            for alias, target in aliases.items()
            if (target_id := self._id_or_trait(target)) is not None
        }
        self._routes = {
            name: Route(model, model.engines)
            for name, model in self._named()
            if isinstance(model, Model)
        }

    @overload
    def models(self, kind: Literal[ModelType.TEXT]) -> tuple[Model, ...]: ...

    @overload
    def models(self, kind: ModelType | None = None) -> tuple[AnyModel, ...]: ...

    def models(self, kind: ModelType | None = None) -> tuple[AnyModel, ...]:
        """Return the models of a type, or all."""
        return tuple(m for m in self._models.values() if kind is None or m.type is kind)

    def traits(self, kind: ModelType | None = None) -> dict[str, str]:
        """Return trait -> model id for a type, or for all."""
        return self._of(kind, {t: m for (_, t), m in self._traits.items()})

    def aliases(self, kind: ModelType | None = None) -> dict[str, str]:
        """Return foreign name -> model id for a type, or for all."""
        return self._of(kind, self._aliases)

    def route(self, name: str) -> Route:
        """Return what answers `name` with text.

        Raises:
            ModelNotFoundError: nothing does; the message names the nearest names.
        """
        route = self._routes.get(name)
        if route is None:
            near = get_close_matches(name, self._routes, n=3, cutoff=0.6)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise ModelNotFoundError(
                f"Specified model not found: {name[:100]!r}.{hint} GET /api/v1/models lists all."
            )
        return route

    def _of(self, kind: ModelType | None, names: Mapping[str, str]) -> dict[str, str]:
        return {n: i for n, i in names.items() if kind is None or self._models[i].type is kind}

    def _id_or_trait(self, name: str) -> str | None:
        return name if name in self._models else self._traits.get((ModelType.TEXT, name))

    def _named(self) -> Iterable[tuple[str, AnyModel]]:
        for alias, model_id in self._aliases.items():
            yield alias, self._models[model_id]
        for (_, trait), model_id in self._traits.items():
            yield trait, self._models[model_id]
        yield from self._models.items()


def _traits(models: Iterable[AnyModel]) -> dict[tuple[ModelType, str], str]:
    ranked = sorted(models, key=lambda model: not model.available)
    found: dict[tuple[ModelType, str], str] = {}
    for model in ranked:
        for trait in model.traits:
            found.setdefault((model.type, trait), model.id)
    return found
