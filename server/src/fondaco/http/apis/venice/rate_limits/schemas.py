"""Rate limits of an account, and requests that exceeded them.

Source: GET /api_keys/rate_limits, GET /api_keys/rate_limits/log.
"""

from typing import Literal

from pydantic import Field

from fondaco.domain.money.limits import LimitType
from fondaco.http.endpoint.fields import Schema


class ApiTier(Schema):
    """The account's tier."""

    id: str
    isCharged: bool = Field(description="Whether calls cost money.")  # noqa: N815  # the wire's name


class Balances(Schema):
    """Balances of the account."""

    USD: float
    DIEM: float


class Limit(Schema):
    """A rate limit."""

    amount: int
    type: LimitType = Field(
        description="Requests per minute (RPM) or day (RPD), or tokens per minute (TPM)."
    )


class ModelLimits(Schema):
    """The rate limits for a model."""

    apiModelId: str  # noqa: N815
    rateLimits: list[Limit]  # noqa: N815


class Allowance(Schema):
    """Balances and rate limits of the account."""

    accessPermitted: bool = Field(  # noqa: N815
        description="Whether the account has a positive balance, or its tier is not charged."
    )
    apiTier: ApiTier  # noqa: N815
    balances: Balances
    keyExpiration: str | None  # noqa: N815
    nextEpochBegins: str = Field(description="Time of the next DIEM refill.")  # noqa: N815
    rateLimits: list[ModelLimits]  # noqa: N815


class AllowanceReply(Schema):
    """The response of GET /api_keys/rate_limits."""

    data: Allowance


class LimitUsage(Limit):
    """A rate limit, and how much of it is used."""

    used: int = Field(
        description="Requests or tokens that count at present; more than `amount` where tokens were "
        "estimated too low."
    )
    resetsAt: str | None = Field(  # noqa: N815
        description="When some of it becomes free again; null where none is used."
    )


class ClassUsage(Schema):
    """Models that share one count, and their limits; most models have a count of their own."""

    limitClass: str = Field(description="The class of models, as `tiers` of the settings names it.")  # noqa: N815
    models: list[str]
    limits: list[LimitUsage]


class RunningCalls(Schema):
    """Requests of the account in progress."""

    running: int
    amount: int | None = Field(description="The most that may; null: any number.")


class RateLimitUsage(Schema):
    """The current use of the account's rate limits."""

    data: list[ClassUsage]
    concurrentCalls: RunningCalls  # noqa: N815


class Exceeded(Schema):
    """A request that exceeded a rate limit."""

    apiKeyId: str  # noqa: N815
    modelId: str  # noqa: N815
    rateLimitTier: str  # noqa: N815
    rateLimitType: LimitType  # noqa: N815
    timestamp: str


class ExceededList(Schema):
    """The last 50 requests that exceeded a rate limit, newest first."""

    data: list[Exceeded]
    object: Literal["list"]
