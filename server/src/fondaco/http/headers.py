"""Headers that replies carry, as lines ready to be sent.

Source: api-reference/api-spec.md, "Response Headers Reference".
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from fondaco import __version__
from fondaco.domain.epoch import starts_at
from fondaco.domain.limits import Quota
from fondaco.domain.model import Model
from fondaco.domain.money import NANO, Funds
from fondaco.domain.names import Notice
from fondaco.http.exchange import Header
from fondaco.http.moments import moment
from fondaco.ports import Clock

_MOST_KNOWN = 1_024


class Stamp:
    """The headers of every reply; all but the id are written once a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = 0
        self._lines = b""

    def lines(self, request_id: str) -> bytes:
        """Return date, version, time and request id."""
        second = int(self._clock.now())
        if second != self._second:
            self._second = second
            moment = datetime.fromtimestamp(second, UTC)
            date = format_datetime(moment, usegmt=True)
            self._lines = (
                f"date: {date}\r\nx-venice-version: {__version__}\r\n"
                f"x-venice-timestamp: {moment:%Y-%m-%dT%H:%M:%S}.000Z\r\ncf-ray: "
            ).encode()
        return b"%b%b\r\n" % (self._lines, request_id.encode())


def lines_of(headers: Iterable[Header]) -> bytes:
    r"""Return headers as they are sent.

    >>> lines_of([(b"retry-after", b"1"), (b"allow", b"GET")])
    b'retry-after: 1\r\nallow: GET\r\n'
    """
    return b"".join([b"%b: %b\r\n" % header for header in headers])


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
            (b"x-venice-model-deprecation-date", moment(starts_at(notice.sunset)).encode()),
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
