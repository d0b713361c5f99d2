"""Builds tiers and their rate limits from the settings."""

from collections.abc import Iterator

from fondaco.configuration.schema import dotted
from fondaco.domain.models.model import RATE_CLASSES, ModelType
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.sections import RateClass, Tier as TierTable
from fondaco.settings import CatalogueModel, Settings

_SMALL = RATE_CLASSES[ModelType.TEXT]
_AS_SMALL = tuple(
    RATE_CLASSES[kind] for kind in (ModelType.EMBEDDING, ModelType.IMAGE, ModelType.TTS)
)
"""Classes of models that come with the server: their limits are those of `small` where a tier names none."""


def tiers_of(settings: Settings) -> dict[str, Tier]:
    """Return the tiers by their names."""
    return {
        name: Tier(name, {c: _limits(row) for c, row in _rows(tier).items()}, charged=tier.charged)
        for name, tier in settings.tiers.items()
    }


def rate_class_of(entry: CatalogueModel) -> str:
    """Return the class whose limits hold for a model."""
    return entry.rate_class or RATE_CLASSES[entry.type]


def faults(settings: Settings) -> Iterator[str]:
    """Yield a line for each class of models for which a tier has no limits."""
    members = {rate_class_of(entry): name for name, entry in reversed(settings.models.items())}
    for tier_name, tier in settings.tiers.items():
        missing = {one: name for one, name in members.items() if one not in _rows(tier)}
        if _SMALL in missing:
            for one in _AS_SMALL:
                missing.pop(one, None)  # these default to the limits of `small`
        for rate_class, model_id in missing.items():
            table = dotted(("tiers", tier_name, "limits", rate_class))
            model = dotted(("models", model_id))
            yield f"{table} is missing: {rate_class!r} is the rate_class of {model}."


def _rows(tier: TierTable) -> dict[str, RateClass]:
    """Return the limits of a tier by class, with those that are as `small` where they are not named."""
    if _SMALL not in tier.limits:
        return tier.limits
    return {**dict.fromkeys(_AS_SMALL, tier.limits[_SMALL]), **tier.limits}


def _limits(row: RateClass) -> RateLimits:
    return RateLimits(
        row.requests_per_minute, row.requests_per_day, row.tokens_per_minute, shared=row.shared
    )
