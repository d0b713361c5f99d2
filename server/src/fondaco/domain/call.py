"""Calls: one request of one key, from admission to settlement."""

from dataclasses import dataclass

from fondaco.domain.light import light


@light
@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, and the identity under which everything of this request is kept."""

    id: str
    """32 hex digits: the request id of the reply and of every entry in the ledger."""
    account_id: int
    key_id: str
    opened_at: float
    """Unix seconds of the admission; it decides the epoch."""
