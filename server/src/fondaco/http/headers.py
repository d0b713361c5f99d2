"""Headers that replies carry.

Source: api-reference/api-spec.md, "Response Headers Reference".
"""

from datetime import UTC, datetime

from fondaco import __version__
from fondaco.domain.epoch import starts_at
from fondaco.domain.limits import Quota
from fondaco.domain.model import Model
from fondaco.domain.money import NANO, Funds
from fondaco.domain.names import Notice
from fondaco.http.exchange import Header
from fondaco.http.moments import moment
from fondaco.ports import Clock

_VERSION = __version__.encode()


class Stamp:
    """The headers of every reply; the time is formatted once a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = 0
        self._text = b""

    def headers(self, request_id: str) -> list[Header]:
        """Return request id, version and time."""
        second = int(self._clock.now())
        if second != self._second:
            self._second = second
            moment = datetime.fromtimestamp(second, UTC)
            self._text = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z").encode()
        return [
            (b"cf-ray", request_id.encode()),
            (b"x-venice-version", _VERSION),
            (b"x-venice-timestamp", self._text),
        ]


def balance(funds: Funds) -> list[Header]:
    """Return what the account had before the request."""
    return [
        (b"x-venice-balance-usd", amount(funds.usd)),
        (b"x-venice-balance-diem", amount(funds.diem)),
        (b"x-venice-balance-vcu", b"0"),
    ]


def rate_limits(quota: Quota) -> list[Header]:
    """Return what the limits show; nothing about tokens where they have no limit."""
    headers = [
        (b"x-ratelimit-limit-requests", b"%d" % quota.limit_requests),
        (b"x-ratelimit-remaining-requests", b"%d" % quota.remaining_requests),
        (b"x-ratelimit-reset-requests", b"%d" % quota.reset_requests_at),
    ]
    if quota.limit_tokens is not None:
        headers += [
            (b"x-ratelimit-limit-tokens", b"%d" % quota.limit_tokens),
            (b"x-ratelimit-remaining-tokens", b"%d" % quota.remaining_tokens),
            (b"x-ratelimit-reset-tokens", b"%d" % quota.reset_tokens_s),
        ]
    return headers


def inference(model: Model, engine: str) -> list[Header]:
    """Return what ran: model and engine."""
    return [
        (b"x-venice-model-id", model.id.encode()),
        (b"x-venice-model-name", _printable(model.name)),
        (b"x-venice-model-router", engine.encode()),
    ]


def ending(notice: Notice) -> list[Header]:
    """Return that the model that was asked for ends, or has ended, and when."""
    return [
        (b"x-venice-model-deprecation-warning", _printable(notice.text)),
        (b"x-venice-model-deprecation-date", moment(starts_at(notice.sunset)).encode()),
    ]


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
