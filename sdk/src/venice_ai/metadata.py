"""Response metadata from headers: request id, rate limits, balances, model."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from venice_ai._proof import Proof

__all__ = ["Balances", "ModelDeprecationWarning", "RateLimits", "ResponseMetadata"]


class ModelDeprecationWarning(FutureWarning):
    """The requested model will be retired, or was retired and replaced. Using it raises one warning."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Remaining rate limits; None: the response has no such header."""

    limit_requests: int | None
    remaining_requests: int | None
    reset_requests: float | None
    """Unix time in seconds."""
    limit_tokens: int | None
    remaining_tokens: int | None
    reset_tokens: float | None
    """Seconds from the reply on."""


@dataclass(frozen=True, slots=True)
class Balances:
    """Balances before the call; None: the response has no such header."""

    usd: Decimal | None
    diem: Decimal | None


class ResponseMetadata:
    """Response metadata, parsed from headers on access."""

    __slots__ = ("headers", "proof", "status")

    def __init__(self, status: int, headers: Mapping[str, str], proof: Proof | None = None) -> None:
        self.status = status
        self.headers = headers
        """Names are found in any case."""
        self.proof = proof
        """Proof of a confidential call; None for other calls."""

    @property
    def request_id(self) -> str | None:
        """The request id, for the server's log."""
        return self.headers.get("cf-ray")

    @property
    def model_id(self) -> str | None:
        """The model that answered."""
        return self.headers.get("x-venice-model-id")

    @property
    def ignored_parameters(self) -> tuple[str, ...]:
        """Request fields that the model ignored."""
        header = self.headers.get("x-fondaco-ignored-params", "")
        return tuple(name.strip() for name in header.split(",") if name.strip())

    @property
    def deprecation(self) -> str | None:
        """The deprecation notice of the model, with its date."""
        return self.headers.get("x-venice-model-deprecation-warning")

    @property
    def rate_limits(self) -> RateLimits:
        """Rate limits after this call."""
        return RateLimits(
            self._integer("x-ratelimit-limit-requests"),
            self._integer("x-ratelimit-remaining-requests"),
            self._number("x-ratelimit-reset-requests"),
            self._integer("x-ratelimit-limit-tokens"),
            self._integer("x-ratelimit-remaining-tokens"),
            self._number("x-ratelimit-reset-tokens"),
        )

    @property
    def balances(self) -> Balances:
        """Balances before this call."""
        return Balances(self._amount("x-venice-balance-usd"), self._amount("x-venice-balance-diem"))

    def _number(self, name: str) -> float | None:
        try:
            return float(self.headers[name])
        except (KeyError, ValueError):
            return None

    def _integer(self, name: str) -> int | None:
        number = self._number(name)
        return None if number is None else int(number)

    def _amount(self, name: str) -> Decimal | None:
        try:
            return Decimal(self.headers[name])
        except (KeyError, InvalidOperation):
            return None

    def __repr__(self) -> str:
        return f"ResponseMetadata(status={self.status!r}, request_id={self.request_id!r})"
