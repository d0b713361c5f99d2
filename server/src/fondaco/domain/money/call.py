"""Calls: one request of one API key, from admission to settlement."""

from dataclasses import dataclass
from enum import StrEnum

from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.account import UNLIMITED, ConsumptionLimit


class CallKind(StrEnum):
    """The kind of result that a call produces; its value is the prefix of the call's public id."""

    CHAT = "chatcmpl"
    EMBEDDING = "embd"
    SPEECH = "speech"
    TRANSCRIPTION = "transcr"
    IMAGE = "img"
    VIDEO = "video"


@fast_init
@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The header `Idempotency-Key`, under which a call runs once, however often it is sent."""

    key_digest: bytes
    """Keyed hash of the account and the header's value, 32 bytes."""
    body_digest: bytes
    """Keyed hash of the request's body, 32 bytes."""


@fast_init
@dataclass(frozen=True, slots=True)
class Call:
    """One request: its caller, and the id under which its ledger entries are kept."""

    id: str
    """32 hex digits: the request id of the reply and of every ledger entry."""
    account_id: int
    key_id: str
    opened_at: float
    """Unix seconds of the admission, which determines the epoch."""
    limit: ConsumptionLimit = UNLIMITED
    """Of the key."""
    tier: str = "paid"
    """Of the account."""
    idempotency_key: IdempotencyKey | None = None
    kind: CallKind = CallKind.CHAT


def request_id(call_id: str, kind: CallKind = CallKind.CHAT) -> str:
    """Return a call's public id, as in its reply and as `requestId` of its charges.

    >>> request_id("0" * 32, CallKind.EMBEDDING)
    'embd-00000000000000000000000000000000'
    """
    return f"{kind}-{call_id}"
