"""API keys and rate limits.

Source: GET, POST, PATCH and DELETE /api_keys, GET /api_keys/{id}, GET /api_keys/rate_limits,
GET /api_keys/rate_limits/log and /api_keys/rate_limits/usage, GET and POST /api_keys/generate_web3_key.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias, TypedDict

from pydantic import Field

from venice_ai.types._camel import Camel
from venice_ai.types._exact import ExactReply
from venice_ai.types._timestamps import Moment
from venice_ai.types._wire import Reply, Wire

__all__ = [
    "Allowance",
    "AllowanceReply",
    "ApiKey",
    "ApiKeyList",
    "ApiKeyReply",
    "ApiKeyType",
    "ApiKeyUsage",
    "ApiTier",
    "Challenge",
    "ChallengeReply",
    "ConsumptionLimit",
    "Deleted",
    "Exceeded",
    "ExceededList",
    "Holdings",
    "Limit",
    "LimitClassUsage",
    "LimitUsage",
    "ModelLimits",
    "NewApiKey",
    "NewApiKeyReply",
    "RateLimitUsage",
    "RunningCalls",
    "ShownLimit",
    "TrailingDays",
]

ApiKeyType: TypeAlias = Literal["INFERENCE", "ADMIN"]


class ConsumptionLimit(TypedDict, total=False):
    """The most that a key may cost in one epoch, a day in UTC; None for no limit."""

    usd: Decimal | float | None
    diem: Decimal | float | None
    vcu: Decimal | float | None
    """DIEM's old name, in which nothing is charged."""


class ShownLimit(Wire):
    """The most that a key may cost in one epoch; None where there is no limit."""

    usd: Decimal | None = None
    diem: Decimal | None = None
    vcu: Decimal | None = None


class TrailingDays(Wire):
    """Costs of the trailing epochs."""

    usd: Decimal
    diem: Decimal
    vcu: Decimal | None = None


class ApiKeyUsage(Camel):
    """Charges of a key's calls."""

    trailing_seven_days: TrailingDays
    """This epoch and the six before it."""


class ApiKey(Camel):
    """A key, without its secret."""

    id: str
    api_key_type: str
    description: str | None = None
    consumption_limits: ShownLimit = Field(default_factory=ShownLimit)
    last6_chars: str
    """Of its secret."""
    created_at: Moment = None
    expires_at: Moment = None
    """None: never."""
    last_used_at: Moment = None
    usage: ApiKeyUsage | None = None


class NewApiKey(Camel):
    """A key just made."""

    id: str
    api_key: str = Field(repr=False)
    """The secret, shown only once."""
    api_key_type: str
    description: str | None = None
    consumption_limit: ShownLimit = Field(default_factory=ShownLimit)
    expires_at: Moment = None
    """None: never."""


class ApiKeyList(ExactReply):
    """The account's keys that may be used."""

    object: str = "list"
    data: list[ApiKey]


class ApiKeyReply(ExactReply):
    """One key."""

    data: ApiKey
    success: bool = True


class NewApiKeyReply(ExactReply):
    """The key, with its secret."""

    data: NewApiKey
    success: bool = True


class Deleted(Reply):
    """It is done."""

    success: bool


class Challenge(Wire):
    """A text for a wallet to sign."""

    token: str


class ChallengeReply(Reply):
    """Challenge that a wallet signs to get a key."""

    data: Challenge
    success: bool = True


class ApiTier(Camel):
    """The class of an account that sets its limits."""

    id: str
    is_charged: bool
    """Whether its calls cost money."""


class Holdings(Wire):
    """Balances of the account."""

    usd: Decimal | None = Field(None, alias="USD")
    diem: Decimal | None = Field(None, alias="DIEM")


class Limit(Wire):
    """Rate limit."""

    amount: int
    type: str
    """`RPM` and `RPD`, requests by the minute and day; `TPM`, tokens by the minute."""


class ModelLimits(Camel):
    """The limits of a model."""

    api_model_id: str
    rate_limits: list[Limit]


class Allowance(Camel):
    """Balances and rate limits of the account."""

    access_permitted: bool
    """Whether it can pay anything, or must pay nothing."""
    api_tier: ApiTier
    balances: Holdings
    key_expiration: Moment = None
    """Expiry of the calling key; None: never."""
    next_epoch_begins: datetime
    """Start of the next epoch, when DIEM refills."""
    rate_limits: list[ModelLimits]


class AllowanceReply(ExactReply):
    """Balances and rate limits of the account."""

    data: Allowance


class LimitUsage(Limit, Camel):
    """Rate limit, and how much of it is used."""

    used: int
    resets_at: Moment = None
    """Time at which some of it becomes free again; None where none is used."""


class LimitClassUsage(Camel):
    """Models that share one count, and the use of their limits."""

    limit_class: str
    models: list[str]
    limits: list[LimitUsage]


class RunningCalls(Wire):
    """Calls of the account that run at present."""

    running: int
    amount: int | None = None
    """The most that may; None: any number."""


class RateLimitUsage(Camel, Reply):
    """The present use of the account's rate limits."""

    data: list[LimitClassUsage]
    concurrent_calls: RunningCalls


class Exceeded(Camel):
    """A request that exceeded a rate limit."""

    api_key_id: str
    model_id: str
    rate_limit_tier: str
    rate_limit_type: str
    timestamp: datetime


class ExceededList(Reply):
    """The last 50 of them, the latest first."""

    object: str = "list"
    data: list[Exceeded]
