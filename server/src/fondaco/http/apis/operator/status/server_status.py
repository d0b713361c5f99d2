"""GET /api/v1/operator/status."""

import os

import orjson
from pydantic import ConfigDict, Field

from fondaco import __version__
from fondaco.domain.errors import FondacoError, StorageFailedError
from fondaco.domain.money.epoch import begins, epoch_of
from fondaco.domain.money.money import Funds
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.headers import amount
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.fields import Schema
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.ports import UsageSum, UsageSumQuery
from fondaco.serving.platform import Platform


class DayCharges(Schema):
    """Charges of all accounts."""

    usd: float
    diem: float
    calls: int


class ChargeSums(Schema):
    """Charges by time."""

    today: DayCharges = Field(description="Since 00:00 UTC.")


class ServerStatus(Schema):
    """The server at a glance."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": "0.1.0",
                    "startedAt": "2026-11-27T09:00:00.000Z",
                    "url": "http://127.0.0.1:8000",
                    "pid": 4711,
                    "callsRunning": 1,
                    "callsPerMinute": 12.5,
                    "tokensPerSecond": 48.2,
                    "memoryBytes": 251658240,
                    "ready": True,
                    "reason": None,
                    "charges": {"today": {"usd": 0.12, "diem": 0, "calls": 128}},
                }
            ]
        }
    )

    version: str
    startedAt: str  # noqa: N815  # the wire's names, as below
    url: str | None = Field(description="Address; null inside another program.")
    pid: int
    callsRunning: int = Field(description="Calls of all accounts.")  # noqa: N815
    callsPerMinute: float = Field(  # noqa: N815
        description="Calls with output that ended in the last minute."
    )
    tokensPerSecond: float = Field(  # noqa: N815
        description="Output tokens of these calls, on average over the minute."
    )
    memoryBytes: int | None = Field(  # noqa: N815
        description="Resident memory of the server itself; engines have theirs."
    )
    ready: bool = Field(
        description="Verdict of the last check of GET /readyz; before the first, whether the default model is "
        "installed and no health check found its engines unreachable."
    )
    reason: str | None = Field(description="Why it is not ready.")
    charges: ChargeSums


async def run(context: RequestContext[None, None]) -> Response:
    """Show the server at a glance, without requests to engines."""
    platform = context.platform
    rates, fault = platform.activity.rates(), _fault(platform)
    today = await _charged_today(platform)
    return json_response(
        {
            "version": __version__,
            "startedAt": timestamp(platform.started_at),
            "url": platform.url,
            "pid": os.getpid(),
            "callsRunning": platform.concurrent_calls.total,
            "callsPerMinute": round(rates.calls_per_minute, 1),
            "tokensPerSecond": round(rates.tokens_per_second, 1),
            "memoryBytes": platform.engine_overview.memory_of(os.getpid()),
            "ready": fault is None,
            "reason": fault,
            "charges": {
                "today": {
                    "usd": orjson.Fragment(amount(today.spent.usd)),
                    "diem": orjson.Fragment(amount(today.spent.diem)),
                    "calls": today.calls,
                }
            },
        }
    )


def _fault(platform: Platform) -> str | None:
    """Return why the server is not ready, as far as is known; None: it is."""
    if platform.leaving or platform.draining:
        return "The server is shutting down."
    was_checked, error = platform.readiness.verdict
    if was_checked:
        return None if error is None else str(error)
    try:
        model = platform.catalogue.route("default").model
    except FondacoError as error:
        return str(error)
    if not model.available:
        return f"The files of the default model {model.id!r} are not installed."
    if not platform.reachability.serves(model.engines):
        return f"No engine of the default model {model.id!r} responds."
    return None


async def _charged_today(platform: Platform) -> UsageSum:
    now = platform.clock.now()
    since_ms, until_ms = int(begins(epoch_of(now)) * 1000), int(now * 1000)
    sums = await platform.charges.usage(UsageSumQuery(None, since_ms, until_ms))
    return sums[0] if sums else UsageSum(calls=0, spent=Funds())


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/operator/status",
    run=run,
    summary="Show the server at a glance",
    tag="Operation",
    access=Access.OPERATOR,
    responses={200: Content("The status", ServerStatus)},
    errors=(StorageFailedError,),
)
