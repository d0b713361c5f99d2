"""Validation of deprecated models and their replacements."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from fondaco.configuration import prices
from fondaco.configuration.schema import dotted
from fondaco.settings import CatalogueModel, Settings


def faults(settings: Settings) -> Iterator[str]:
    """Yield an error for each deprecation that contradicts its dates or replacement."""
    for model_id, model in settings.models.items():
        end = model.deprecation
        if end is None:
            continue
        name = dotted(("models", model_id, "deprecation"))
        if end.announced > end.sunset:
            yield f"{name}.sunset is before announced: {end.sunset} is before {end.announced}."
        if end.replacement is not None:
            yield from _by_replacement(f"{name}.replacement", model_id, settings.models)


def _by_replacement(
    name: str, model_id: str, models: Mapping[str, CatalogueModel]
) -> Iterator[str]:
    chain = list(_chain(model_id, models))
    model, chosen = models[model_id], chain[1]
    replacement = models.get(chosen)
    if replacement is None:
        near = get_close_matches(chosen, models, n=1, cutoff=0.6)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        yield f"{name} names {chosen!r}, which is not a model of the catalogue.{hint}"
    elif model_id in chain[1:]:
        yield f"{name} leads back to {model_id!r}: {' -> '.join(chain)}."
    elif replacement.type is not model.type:
        yield (
            f"{name} names {chosen!r}, which is of type {replacement.type.value!r}, "
            f"not {model.type.value!r}."
        )
    elif higher := prices.dearer(replacement.price, model.price):
        yield (
            f"{name} names {chosen!r}, which is dearer ({', '.join(higher)}): a replacement must "
            "cost the same or less. Choose another. Without one, requests get 410."
        )


def _chain(model_id: str, models: Mapping[str, CatalogueModel]) -> Iterator[str]:
    """Yield a model and those that follow it, until one comes for the second time."""
    seen: set[str] = set()
    following: str | None = model_id
    while following is not None:
        yield following
        if following in seen:
            return
        seen.add(following)
        model = models.get(following)
        end = model.deprecation if model else None
        following = end.replacement if end else None
