"""Rate limits: tiers, and the limits of each rate class.

Source: api-reference/rate-limiting.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from fondaco.domain.fast_init import fast_init

MINUTE_S, DAY_S = 60, 86_400

LimitScope: TypeAlias = Literal["user", "api_key", "global"]
"""The subject of a limit. Source: api-reference/api-spec.md, `x-ratelimit-type`."""


class LimitType(StrEnum):
    """The unit and window of a limit. Source: GET /api_keys/rate_limits, `type`."""

    RPM = "RPM"
    RPD = "RPD"
    TPM = "TPM"


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits of one class of models; None: unlimited."""

    requests_per_minute: int
    requests_per_day: int
    tokens_per_minute: int | None = None
    shared: bool = False
    """Whether all models of the class share one count; otherwise each has its own."""


@dataclass(frozen=True, slots=True)
class Tier:
    """The class of an account, which sets its limits."""

    id: str
    limits: Mapping[str, RateLimits]
    """By class of models."""
    charged: bool = True
    """Whether calls cost money."""


def known_tier(name: str, tiers: Collection[str]) -> str:
    """Return the name of a tier.

    Raises:
        ValueError: the tier does not exist.

    >>> known_tier("paid", {"paid", "explorer"})
    'paid'
    """
    if name not in tiers:
        raise ValueError(
            f"The configuration has no tier {name!r}. Use one of: {', '.join(sorted(tiers))}."
        )
    return name


@fast_init
@dataclass(frozen=True, slots=True)
class Quota:
    """A limit, its remaining capacity and the time of its reset, as headers show them."""

    limit_requests: int
    remaining_requests: int
    reset_requests_at: int
    """Unix seconds at which the next request becomes free; now, if all are."""
    limit_tokens: int | None = None
    remaining_tokens: int = 0
    reset_tokens_s: int = 0
    """Seconds until tokens become free; 0 where all are."""


UNSHOWN = Quota(0, 0, 0)
"""The quota of a limit without numbers, for which no headers are sent."""


@dataclass(frozen=True, slots=True)
class LimitUse:
    """The current use of one limit."""

    type: LimitType
    amount: int
    """The limit: requests or tokens."""
    used: int
    """Requests or tokens that count against it; above the limit where tokens were estimated too low."""
    frees_at: float | None
    """Unix seconds at which some of it becomes free; None where none is used."""


@dataclass(frozen=True, slots=True)
class Exceedance:
    """A request that exceeded a rate limit. Source: GET /api_keys/rate_limits/log."""

    key_id: str
    model: str
    tier: str
    type: LimitType
    at: float
    """Unix seconds."""
