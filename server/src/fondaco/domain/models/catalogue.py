"""The catalogue: all models, and the route of each name to one of them."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Literal, overload

from fondaco.domain.errors import ModelGoneError, ModelNotFoundError
from fondaco.domain.models.image_model import ImageModel
from fondaco.domain.models.model import AnyModel, EmbeddingModel, Model, ModelType
from fondaco.domain.models.name_patterns import WILDCARD, NamePatterns
from fondaco.domain.models.names import SEALED, Names, Route, as_sealed_as, changes_at
from fondaco.domain.models.picture_models import EditModel, UpscaleModel
from fondaco.domain.models.speech_model import SpeechModel
from fondaco.domain.models.transcription_model import TranscriptionModel
from fondaco.domain.models.video_model import VideoModel

__all__ = ["Catalogue", "Route"]

_DEFAULT = "default"
_VISION, _TOOLS = ("default_vision", "vision"), ("function_calling_default", "function_calling")
"""Trait of the model for what a request needs, and the capability that it takes."""


class Catalogue:
    """All models, found by id, trait, compatibility mapping or name pattern, in this order.

    Names are separate by type: an embedding model and a text model may both have the trait `default`.
    After its sunset a model is no longer listed, and its names route to its replacement; routes are
    computed again at the midnight on which they change.
    """

    def __init__(
        self,
        models: Iterable[AnyModel],
        aliases: Mapping[str, str],
        now: Callable[[], float] = lambda: 0.0,
        *,
        default_for_unknown: bool = False,
    ) -> None:
        """Build the catalogue; of several models with one trait, the first that is available.

        Args:
            models: every entry, in the order in which lists show them.
            aliases: foreign name, or a pattern of such names -> id or trait of the model that serves
                it; of the models with a trait, the text model.
            now: the time in Unix seconds; without it, nothing is ever announced or retired.
            default_for_unknown: whether the model with the trait `default` serves unknown
                names; else they are refused.
        """
        self._entries = {model.id: model for model in models}
        self._targets = {name: target for name, target in aliases.items() if WILDCARD not in name}
        self._patterns = NamePatterns({n: t for n, t in aliases.items() if WILDCARD in n})
        self._default_for_unknown = default_for_unknown
        self.engines = frozenset(name for m in self._entries.values() for name in m.engines)
        """Names of all engines that run any model."""
        self._now = now
        self._changes = changes_at(self._entries.values())
        self._valid_until = float("-inf")
        self._current_names = self._names

    @overload
    def models(self, kind: Literal[ModelType.TEXT]) -> tuple[Model, ...]: ...

    @overload
    def models(self, kind: ModelType | None = None) -> tuple[AnyModel, ...]: ...

    def models(self, kind: ModelType | None = None) -> tuple[AnyModel, ...]:
        """Return the models of a type, or all, without retired ones."""
        return tuple(m for m in self._names.models.values() if kind is None or m.type is kind)

    def entry(self, model_id: str) -> AnyModel | None:
        """Return the model with an id, even a retired one, to charge what it did before its sunset."""
        return self._entries.get(model_id)

    def traits(self, kind: ModelType | None = None) -> dict[str, str]:
        """Return trait -> model id for a type, or for all; of equal traits, the text model's."""
        models_by_trait = sorted(
            self._names.traits.items(), key=lambda one: one[0][0] is ModelType.TEXT
        )
        return {t: i for (type_, t), i in models_by_trait if kind is None or type_ is kind}

    def aliases(self, kind: ModelType | None = None) -> dict[str, str]:
        """Return foreign name -> model id for a type, or for all; retired ids are foreign names."""
        models, names = self._names.models, self._names.aliases
        return {n: i for n, i in names.items() if kind is None or models[i].type is kind}

    @overload
    def route(self, name: str, kind: Literal[ModelType.TEXT] = ...) -> Route[Model]: ...

    @overload
    def route(self, name: str, kind: Literal[ModelType.EMBEDDING]) -> Route[EmbeddingModel]: ...

    @overload
    def route(self, name: str, kind: Literal[ModelType.IMAGE]) -> Route[ImageModel]: ...

    @overload
    def route(self, name: str, kind: Literal[ModelType.INPAINT]) -> Route[EditModel]: ...

    @overload
    def route(self, name: str, kind: Literal[ModelType.UPSCALE]) -> Route[UpscaleModel]: ...

    @overload
    def route(self, name: str, kind: Literal[ModelType.VIDEO]) -> Route[VideoModel]: ...

    @overload
    def route(self, name: str, kind: Literal[ModelType.TTS]) -> Route[SpeechModel]: ...

    @overload
    def route(self, name: str, kind: Literal[ModelType.ASR]) -> Route[TranscriptionModel]: ...

    @overload
    def route(self, name: str, kind: ModelType) -> Route[AnyModel]: ...

    def route(self, name: str, kind: ModelType = ModelType.TEXT) -> Route[AnyModel]:
        """Return the model of a type that serves a name, and its engines.

        Raises:
            ModelNotFoundError: no model of this type does; the message names the nearest names.
            ModelGoneError: the model was retired without a replacement.
        """
        routes = self._names.routes[kind]
        route = routes.get(name) or routes.get(self._resolved(name, kind))
        if route is None:
            raise self._not_found(name, kind)
        return route

    def serves(self, name: str, kind: ModelType = ModelType.TEXT) -> bool:
        """Whether `route` finds a model for a name: by the name itself, a pattern, or the default."""
        routes = self._names.routes[kind]
        return name in routes or self._resolved(name, kind) in routes

    def names(self, kind: ModelType = ModelType.TEXT) -> tuple[str, ...]:
        """Return every name that routes to a model of a type now."""
        return tuple(self._names.routes[kind])

    def knows(self, name: str, kind: ModelType = ModelType.TEXT) -> bool:
        """Whether a name routes to a model of a type, or did before the model was retired."""
        return self._names.known(name, kind)

    def leaves_open(self, name: str) -> bool:
        """Whether a name requests no particular model: the trait `default`, or an alias of it."""
        return name not in self._entries and _DEFAULT in (name, self._target(name))

    def route_for(self, name: str, *, tools: bool, images: bool) -> Route[Model]:
        """Return `route(name)`, for a request with tools or images.

        Where the name stands for no particular model, the model of the role answers, if the usual one cannot, or
        comes after it in the catalogue: lists begin with an operator's own models, and with the larger ones.
        """
        route = self.route(name)
        needed = [_VISION] * images + [_TOOLS] * tools
        if not needed or not self._names_a_role(name):
            return route
        capabilities = [capability for _, capability in needed]
        for trait, _ in needed:
            other = self._names.routes[ModelType.TEXT].get(trait)
            if other is not None and self._suits_better(other.model, route.model, capabilities):
                assert isinstance(other.model, Model)  # noqa: S101 - the routes of text models
                return Route(other.model, other.engines, other.notice)
        return route

    def _names_a_role(self, name: str) -> bool:
        """Whether a name is `default`, or an alias of a trait."""
        if name in self._entries:
            return False
        target = self._target(name)
        return name == _DEFAULT or (target is not None and target not in self._entries)

    def _target(self, name: str) -> str | None:
        """Return the id or trait that an alias, a pattern or the setting for unknown names leads to."""
        target = self._targets.get(name)
        if target is None and not self.knows(name):
            return self._resolved(name, ModelType.TEXT)
        return target

    def _suits_better(self, other: AnyModel, usual: Model, capabilities: Iterable[str]) -> bool:
        if not isinstance(other, Model) or not other.available:
            return False
        its, able = other.capabilities, usual.capabilities
        if not all(getattr(its, one) for one in capabilities):
            return False
        if not all(getattr(able, one) for one in capabilities):
            return True
        order = tuple(self._entries)
        return order.index(other.id) < order.index(usual.id)

    def split(self, name: str) -> tuple[str, str | None]:
        """Return a text model's name and the feature suffix behind it, if there is one.

        Names may contain colons, so the longest known name counts. Where none is known, the name ends
        at the last colon before the first equals sign: a suffix has one, and names have none.
        """
        names = self._names
        known, suffix = name, None
        while not names.known(known, ModelType.TEXT):
            known, colon, _ = known.rpartition(":")
            if not colon:
                known, colon, _ = name.partition("=")[0].rpartition(":")
                return (known, name[len(known) + 1 :]) if colon and "=" in name else (name, None)
            suffix = name[len(known) + 1 :]
        return known, suffix

    @property
    def _names(self) -> Names:
        """The names now; computed again only once they have changed."""
        now = self._now()
        if now >= self._valid_until:
            self._valid_until = min(
                (change for change in self._changes if change > now), default=float("inf")
            )
            self._current_names = Names.at(now, self._entries, self._targets)
        return self._current_names

    def _resolved(self, name: str, kind: ModelType) -> str:
        """Return the id or trait that replaces an unknown name, or else the name."""
        names = self._names
        if names.type_of(name) is not None:
            return name
        if name.startswith(SEALED):
            return self._twin(name, kind)
        if (target := self._patterns.target(name)) is not None:
            return target if names.type_of(target) is kind else name
        return _DEFAULT if self._default_for_unknown else name

    def _twin(self, name: str, kind: ModelType) -> str:
        """Return the id of the twin for encrypted content of the model that the rest of a name leads to.

        A name of an encrypted model never resolves to a plain model, whatever replaces unknown names.
        """
        plain = name.removeprefix(SEALED)
        if plain.startswith(SEALED):
            return name
        routes = self._names.routes[kind]
        route = routes.get(plain) or routes.get(self._resolved(plain, kind))
        return name if route is None else SEALED + route.model.id

    def _not_found(self, name: str, kind: ModelType) -> ModelNotFoundError:
        names = self._names
        if (retired := names.gone[kind].get(self._resolved(name, kind))) is not None:
            return ModelGoneError(f"{retired} GET /api/v1/models lists all.")
        if name == _DEFAULT:
            return ModelNotFoundError(
                f"Specified model not found: none of type {kind.value!r} has the trait {_DEFAULT!r}. "
                "GET /api/v1/models?type=all lists all."
            )
        suggestion = ""
        listed = "/api/v1/models" if kind is ModelType.TEXT else f"/api/v1/models?type={kind.value}"
        if (other := self._other_type(name)) is not None:
            suggestion = f" It is a model of type {other.value!r}, not {kind.value!r}."
        elif close_matches := get_close_matches(
            name, as_sealed_as(name, names.routes[kind]), n=3, cutoff=0.6
        ):
            suggestion = f" Did you mean {' or '.join(map(repr, close_matches))}?"
        return ModelNotFoundError(
            f"Specified model not found: {name[:100]!r}.{suggestion} GET {listed} lists all."
        )

    def _other_type(self, name: str) -> ModelType | None:
        """Return the type of the model that serves a name in requests of that type."""
        names = self._names
        return names.type_of(name) or names.type_of(self._patterns.target(name) or "")
