"""GET /models, GET /models/{id}, traits and compatibility mapping; and selection of a model by capability."""

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Protocol

from venice_ai._http.request import segment
from venice_ai.exceptions import NotFoundError
from venice_ai.resources._resource import APIResource, Client
from venice_ai.resources._ttl_cache import Recent
from venice_ai.types.api.models import Model, ModelFilter, ModelList, ModelReply, ModelSpec, NameMap

__all__ = ["Models"]

RECENT_S = 30.0
"""Age up to which a cached list serves to choose a model."""
_PATH = "/models"
_DEFAULT = "default"

_CAPABILITIES = {
    "vision": "supports_vision",
    "reasoning": "supports_reasoning",
    "code": "optimized_for_code",
    "tools": "supports_function_calling",
    "structured": "supports_response_schema",
    "web_search": "supports_web_search",
    "log_probs": "supports_log_probs",
}
"""Name of a wish -> the capability that it needs."""
_TRAITS = {
    "vision": "default_vision",
    "reasoning": "default_reasoning",
    "code": "default_code",
    "tools": "function_calling_default",
}
"""Requirement -> the trait of the model that is preferred for it."""
_MOST_REASONS = 5


class Models(APIResource[Client]):
    """The catalogue of models, and selection of a model by capability."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(client)
        self._lists = Recent(self._list, RECENT_S, clock)
        self._traits = Recent(self._names_of_traits, RECENT_S, clock)

    async def list(self, *, type: ModelFilter = "text") -> ModelList:
        """List the models of a type."""
        return await self._list(type)

    async def get(self, name: str) -> ModelReply:
        """Return the model that serves a name: an id, a trait, or a name of another platform's model.

        Raises:
            NotFoundError: No model has that name; the message suggests near ones.
        """
        return await self._get(f"{_PATH}/{segment(name)}", ModelReply)

    async def traits(self, *, type: ModelFilter = "text") -> NameMap:
        """Return traits and the ids of their models."""
        return await self._names_of_traits(type)

    async def compatibility_mapping(self, *, type: ModelFilter = "text") -> NameMap:
        """Return names of other platforms' models and the ids that serve them here."""
        return await self._get(f"{_PATH}/compatibility_mapping", NameMap, query={"type": type})

    async def find(self, name: str, *, type: ModelFilter = "text") -> Model | None:
        """Return the model of an id or a trait, or None.

        Like the methods below, it uses lists that are at most 30 seconds old.
        """
        models = {model.id: model for model in (await self._lists.get(type)).data}
        if name in models:
            return models[name]
        return models.get((await self._traits.get(type)).data.get(name, ""))

    async def resolve_trait(self, *traits: str, type: ModelFilter = "text") -> str:
        """Return the id of the model with a trait, `default` by default.

        Args:
            *traits: The trait, and others to fall back to.
            type: Which models to choose from.

        Raises:
            NotFoundError: No model has any of them.

        Example:
            model = await client.models.resolve_trait("most_uncensored", "default")
        """
        requested = traits or (_DEFAULT,)
        models_by_trait = (await self._traits.get(type)).data
        for trait in requested:
            if trait in models_by_trait:
                return models_by_trait[trait]
        raise NotFoundError(
            f"No model of type {type!r} has the trait {' or '.join(map(repr, requested))}. "
            f"There are: {', '.join(sorted(models_by_trait)) or 'none'}."
        )

    async def resolve_chat(
        self,
        *,
        trait: str | None = None,
        vision: bool = False,
        reasoning: bool = False,
        code: bool = False,
        tools: bool = False,
        structured: bool = False,
        web_search: bool = False,
        log_probs: bool = False,
        private: bool = False,
        context_tokens: int = 0,
    ) -> str:
        """Return the id of a chat model with the requested capabilities.

        Where the model with the fitting trait lacks something, it is the first of the list that has
        all; one that ends soon or may change without notice only if there is no other.

        Args:
            trait: Rather the model of this one, such as `fastest`.
            vision: It sees images.
            reasoning: It thinks before it answers.
            code: It is made for code.
            tools: It calls functions.
            structured: It keeps to a JSON schema.
            web_search: It supports web search.
            log_probs: It returns log probabilities.
            private: Only the server's operator can see its requests.
            context_tokens: How much its context must hold, at least.

        Raises:
            NotFoundError: No model has all capabilities; the message lists those that each one lacks.
        """
        requirements = {
            "vision": vision,
            "reasoning": reasoning,
            "code": code,
            "tools": tools,
            "structured": structured,
            "web_search": web_search,
            "log_probs": log_probs,
        }
        required = [name for name, requested in requirements.items() if requested]
        models = (await self._lists.get("text")).data
        lacks = {
            model.id: _lacks(model.model_spec, required, context_tokens, private=private)
            for model in models
        }
        models_by_trait = (await self._traits.get("text")).data
        for name in (trait, *(_TRAITS.get(name) for name in required), _DEFAULT):
            model_id = models_by_trait.get(name or "", "")
            if lacks.get(model_id) == []:
                return model_id
        fitting = [model for model in models if not lacks[model.id]]
        if not fitting:
            raise NotFoundError(_refusal(lacks))
        return min(fitting, key=_passing).id

    async def _list(self, type: ModelFilter) -> ModelList:
        return await self._get(_PATH, ModelList, query={"type": type})

    async def _names_of_traits(self, type: ModelFilter) -> NameMap:
        return await self._get(f"{_PATH}/traits", NameMap, query={"type": type})


class Choosing(Client, Protocol):
    """A client with a catalogue of models."""

    @cached_property
    def models(self) -> Models:
        """Its models."""
        ...


def _lacks(
    spec: ModelSpec, required: Sequence[str], context_tokens: int, *, private: bool
) -> list[str]:
    """Return why a model will not do, as words for a message."""
    able = spec.capabilities
    lacks = [name for name in required if not able[_CAPABILITIES[name]]]
    if spec.offline:
        lacks.append("being online")
    if private and spec.privacy != "private":
        lacks.append("privacy")
    if context_tokens > (spec.available_context_tokens or 0):
        lacks.append(f"a context of {context_tokens!r} tokens")
    return lacks


def _passing(model: Model) -> int:
    """Return how soon a model may go or change: more is sooner."""
    spec = model.model_spec
    return 2 * (spec.deprecation is not None) + (spec.beta or spec.beta_model)


def _refusal(lacks: dict[str, list[str]]) -> str:
    nearest = sorted(lacks.items(), key=lambda one: len(one[1]))[:_MOST_REASONS]
    reasons = "; ".join(f"{model!r} lacks {', '.join(of)}" for model, of in nearest)
    return f"No model fits all requirements: {reasons or 'there is none'}. Require less."
