"""Response headers of calls: balance, rate limits, model and engine, as bytes ready to be sent.

Source: api-reference/api-spec.md, "Response Headers Reference".
"""

from collections.abc import Collection
from functools import lru_cache

from fondaco.domain.models.model import AnyModel
from fondaco.domain.models.names import DeprecationNotice
from fondaco.domain.money.epoch import starts_at
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.money import NANO, Funds
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.http.exchange.headers import lines_of

_MOST_KNOWN = 1_024
_MOST_LISTED, _LONGEST_NAME = 20, 64
"""Maximum number of ignored fields that are listed, and of characters in their names."""


def balance(funds: Funds) -> bytes:
    """Return the account's balance before the request."""
    return (
        b"x-venice-balance-usd: %b\r\nx-venice-balance-diem: %b\r\nx-venice-balance-vcu: 0\r\n"
        % (amount(funds.usd), amount(funds.diem))
    )


def rate_limits(quota: Quota) -> bytes:
    """Return the state of the rate limits; without those of tokens where tokens are not limited."""
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


def inference(model: AnyModel, engine: str) -> bytes:
    """Return the model and the engine that ran."""
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


def ending(notice: DeprecationNotice) -> bytes:
    """Return the requested model's retirement, announced or past, and its date."""
    return lines_of(
        (
            (b"x-venice-model-deprecation-warning", _printable(notice.text)),
            (b"x-venice-model-deprecation-date", timestamp(starts_at(notice.sunset)).encode()),
        )
    )


def voice_header(voice: str) -> bytes:
    """Return the voice that speaks."""
    return lines_of([(b"x-fondaco-voice", voice.encode())])


def ignored_fields(names: Collection[str]) -> bytes:
    """Return the fields of a request that had no effect; nothing where there are none.

    What cannot be the name of a field is left out: it may be content.
    """
    if not names:
        return b""
    fields = {name for name in names if len(name) <= _LONGEST_NAME and _is_path(name)}
    listed = ", ".join(sorted(fields)[:_MOST_LISTED])
    return lines_of([(b"x-fondaco-ignored-params", listed.encode())])


def _is_path(name: str) -> bool:
    return name.isascii() and all(part.isidentifier() for part in name.split("."))


def _printable(name: str) -> bytes:
    """Return a name as a header can carry it: a configuration may hold any character."""
    ascii_name = name.encode("ascii", "replace")
    return ascii_name if name.isprintable() else b"".join(ascii_name.split())


def amount(nano: int) -> bytes:
    """Return nano-units as an exact decimal.

    >>> amount(1_500_000_000), amount(20), amount(3_000_000_000)
    (b'1.5', b'0.00000002', b'3')
    """
    whole, part = divmod(nano, NANO)
    return (b"%d.%09d" % (whole, part)).rstrip(b"0") if part else b"%d" % whole
