"""Calls: one request of one API key, from admission to settlement."""

from dataclasses import dataclass

from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.account import UNLIMITED, ConsumptionLimit


@fast_init
@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The caller's option that a call runs once, however often it is sent: `Idempotency-Key`."""

    key_digest: bytes
    """Keyed hash of the account and the caller's own word, 32 bytes."""
    body_digest: bytes
    """Keyed hash of the request's body, 32 bytes."""


@fast_init
@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, and the identity under which everything of this request is kept."""

    id: str
    """32 hex digits: the request id of the reply and of every entry in the ledger."""
    account_id: int
    key_id: str
    opened_at: float
    """Unix seconds of the admission; it decides the epoch."""
    limit: ConsumptionLimit = UNLIMITED
    """Of the key."""
    tier: str = "paid"
    """Of the account."""
    idempotency_key: IdempotencyKey | None = None


def request_id(call_id: str) -> str:
    """Return a chat call's id as callers see it: in the reply, and as `requestId` of its charge."""
    return f"chatcmpl-{call_id}"
