"""The catalogue: all models, and the resolution of names to them."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Literal, overload

from fondaco.domain.errors import ModelGoneError, ModelNotFoundError
from fondaco.domain.models.model import AnyModel, Model, ModelType
from fondaco.domain.models.names import Names, Route, changes_at

__all__ = ["Catalogue", "Route"]

_DEFAULT = "default"


class Catalogue:
    """All models, found by id, trait or compatibility mapping, in this order.

    A model that its sunset has passed is no longer among them, and its names lead to its
    replacement: what names mean is looked up anew at the midnight on which it changes.
    """

    def __init__(
        self,
        models: Iterable[AnyModel],
        aliases: Mapping[str, str],
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Build the catalogue; of several models with one trait, the first that is available.

        Args:
            models: every entry, in the order in which lists show them.
            aliases: foreign name -> id or trait of the text model that serves it.
            now: the time in Unix seconds; without it, nothing is ever announced or retired.
        """
        self._entries = {model.id: model for model in models}
        self._targets = dict(aliases)
        self.engines = frozenset(name for m in self._entries.values() for name in m.engines)
        """Names of all that run any model."""
        self._now = now
        self._changes = changes_at(self._entries.values())
        self._until = float("-inf")
        self._found = self._names

    @overload
    def models(self, kind: Literal[ModelType.TEXT]) -> tuple[Model, ...]: ...

    @overload
    def models(self, kind: ModelType | None = None) -> tuple[AnyModel, ...]: ...

    def models(self, kind: ModelType | None = None) -> tuple[AnyModel, ...]:
        """Return the models of a type, or all; those that are retired are not among them."""
        return tuple(m for m in self._names.models.values() if kind is None or m.type is kind)

    def entry(self, model_id: str) -> AnyModel | None:
        """Return the model of an id, also a retired one: for what was sold before its sunset."""
        return self._entries.get(model_id)

    def traits(self, kind: ModelType | None = None) -> dict[str, str]:
        """Return trait -> model id for a type, or for all."""
        return self._of(kind, {t: m for (_, t), m in self._names.traits.items()})

    def aliases(self, kind: ModelType | None = None) -> dict[str, str]:
        """Return foreign name -> model id for a type, or for all; retired ids are foreign, too."""
        return self._of(kind, self._names.aliases)

    def route(self, name: str) -> Route:
        """Return what answers `name` with text.

        Raises:
            ModelNotFoundError: nothing does; the message names the nearest names.
            ModelGoneError: the model was retired, and nothing answers in its place.
        """
        route = self._names.routes.get(name)
        if route is None:
            raise self._unknown(name)
        return route

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that leads to a model of text now."""
        return tuple(self._names.routes)

    def knows(self, name: str) -> bool:
        """Whether a name leads to a model of text, or did until the model was retired."""
        return name in self._names

    def leaves_open(self, name: str) -> bool:
        """Whether a name asks for no certain model: the trait `default`, or an alias of it."""
        return name not in self._entries and _DEFAULT in (name, self._targets.get(name))

    def split(self, name: str) -> tuple[str, str | None]:
        """Return a name and the feature suffix behind it, if there is any.

        Names may have colons themselves, so the longest known one counts. Where none is known,
        what stands before the first colon is the name, if what follows can be a suffix at all.
        """
        names = self._names
        known, suffix = name, None
        while known not in names:
            known, colon, _ = known.rpartition(":")
            if not colon:
                known, colon, suffix = name.partition(":")
                return (known, suffix) if "=" in suffix else (name, None)
            suffix = name[len(known) + 1 :]
        return known, suffix

    @property
    def _names(self) -> Names:
        """What names mean now; found anew only where that has changed."""
        now = self._now()
        if now >= self._until:
            self._until = min((at for at in self._changes if at > now), default=float("inf"))
            self._found = Names.at(now, self._entries, self._targets)
        return self._found

    def _unknown(self, name: str) -> ModelNotFoundError:
        names = self._names
        if (gone := names.gone.get(name)) is not None:
            return ModelGoneError(f"{gone} GET /api/v1/models lists all.")
        near = get_close_matches(name, names.routes, n=3, cutoff=0.6)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        return ModelNotFoundError(
            f"Specified model not found: {name[:100]!r}.{hint} GET /api/v1/models lists all."
        )

    def _of(self, kind: ModelType | None, names: Mapping[str, str]) -> dict[str, str]:
        models = self._names.models
        return {n: i for n, i in names.items() if kind is None or models[i].type is kind}
