"""Response headers: balance, rate limits and the model that answered, as bytes ready to be sent.

Source: api-reference/api-spec.md, "Response Headers Reference".
"""

from functools import lru_cache

from fondaco.domain.models.model import Model
from fondaco.domain.models.names import Notice
from fondaco.domain.money.epoch import starts_at
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.money import NANO, Funds
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.http.exchange.headers import lines_of

_MOST_KNOWN = 1_024


def balance(funds: Funds) -> bytes:
    """Return what the account had before the request."""
    return (
        b"x-venice-balance-usd: %b\r\nx-venice-balance-diem: %b\r\nx-venice-balance-vcu: 0\r\n"
        % (amount(funds.usd), amount(funds.diem))
    )


def rate_limits(quota: Quota) -> bytes:
    """Return what the limits show; nothing about tokens where they have no limit."""
    lines = (
        b"x-ratelimit-limit-requests: %d\r\nx-ratelimit-remaining-requests: %d\r\n"
        b"x-ratelimit-reset-requests: %d\r\n"
        % (quota.limit_requests, quota.remaining_requests, quota.reset_requests_at)
    )
    if quota.limit_tokens is None:
        return lines
    return (
        b"%bx-ratelimit-limit-tokens: %d\r\nx-ratelimit-remaining-tokens: %d\r\n"
        b"x-ratelimit-reset-tokens: %d\r\n"
        % (lines, quota.limit_tokens, quota.remaining_tokens, quota.reset_tokens_s)
    )


def inference(model: Model, engine: str) -> bytes:
    """Return what ran: model and engine."""
    return _inference(model.id, model.name, engine)


@lru_cache(_MOST_KNOWN)
def _inference(model_id: str, name: str, engine: str) -> bytes:
    return lines_of(
        (
            (b"x-venice-model-id", model_id.encode()),
            (b"x-venice-model-name", _printable(name)),
            (b"x-venice-model-router", engine.encode()),
        )
    )


def ending(notice: Notice) -> bytes:
    """Return that the model that was asked for ends, or has ended, and when."""
    return lines_of(
        (
            (b"x-venice-model-deprecation-warning", _printable(notice.text)),
            (b"x-venice-model-deprecation-date", timestamp(starts_at(notice.sunset)).encode()),
        )
    )


def _printable(name: str) -> bytes:
    """Return a name as a header can carry it: an operator's configuration may hold anything."""
    ascii_name = name.encode("ascii", "replace")
    return ascii_name if name.isprintable() else b"".join(ascii_name.split())


def amount(nano: int) -> bytes:
    """Return nano-units as an exact decimal text.

    >>> amount(1_500_000_000), amount(20), amount(3_000_000_000)
    (b'1.5', b'0.00000002', b'3')
    """
    whole, part = divmod(nano, NANO)
    return (b"%d.%09d" % (whole, part)).rstrip(b"0") if part else b"%d" % whole
