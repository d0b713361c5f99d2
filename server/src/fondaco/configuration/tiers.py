"""From settings to the domain: tiers, and which of their limits hold for a model."""

from collections.abc import Iterator

from fondaco.configuration.schema import dotted
from fondaco.domain.models.model import RATE_CLASSES
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.sections import RateClass
from fondaco.settings import CatalogueModel, Settings


def tiers_of(settings: Settings) -> dict[str, Tier]:
    """Return the tiers by their names."""
    return {
        name: Tier(name, {c: _limits(row) for c, row in tier.limits.items()}, charged=tier.charged)
        for name, tier in settings.tiers.items()
    }


def rate_class_of(entry: CatalogueModel) -> str:
    """Return the class whose limits hold for a model."""
    return entry.rate_class or RATE_CLASSES[entry.type]


def faults(settings: Settings) -> Iterator[str]:
    """Yield a line for each class of models for which a tier has no limits."""
    members = {rate_class_of(entry): name for name, entry in reversed(settings.models.items())}
    for tier_name, tier in settings.tiers.items():
        for rate_class, model_id in members.items():
            if rate_class not in tier.limits:
                table = dotted(("tiers", tier_name, "limits", rate_class))
                model = dotted(("models", model_id))
                yield f"{table} is missing: {rate_class!r} is the rate_class of {model}."


def _limits(row: RateClass) -> RateLimits:
    return RateLimits(
        row.requests_per_minute, row.requests_per_day, row.tokens_per_minute, shared=row.shared
    )
