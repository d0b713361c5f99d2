"""GET /api/v1/billing/usage/summary."""

from collections.abc import Sequence

from orjson import Fragment

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.timestamps import utc
from fondaco.http.apis.venice.billing.summary_schemas import (
    LISTS,
    UsageSummary,
    UsageSummaryQuery,
)
from fondaco.http.apis.venice.billing.usage_rows import sold_units, sum_of_money, table_lines
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.accept import preferred
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.exchange.exchange import Header
from fondaco.ports import UsageField, UsageSum, UsageSumQuery

_JSON, _CSV = "application/json", "text/csv"
_DAY_S = 86_400
_DAY_MS = _DAY_S * 1000
_DEFAULT_DAYS = 30
_MOST_DAYS = 366
_MOST_ROWS = 10_000

_FIELDS = {
    UsageField.DAY: ("date",),
    UsageField.MODEL: ("model",),
    UsageField.KEY: ("keyId", "keyDescription"),
    UsageField.SKU: ("sku", "units"),
}
"""The fields of a row for each that charges are summed up by."""
_ALWAYS = ("calls", "usd", "diem")
_NUMBERS = frozenset({"units", "calls", "usd", "diem"})


async def run(context: RequestContext[None, UsageSummaryQuery]) -> Response:
    """Sum up the charges of the key's account."""
    query = _query(context)
    sums = await context.platform.charges.usage(query)
    if len(sums) > _MOST_ROWS:
        raise InvalidRequestError(
            f"The summary has more than {_MOST_ROWS:,} rows. Choose a shorter time range, or "
            "fewer fields in groupBy.",
            faults={"groupBy": (f"More than {_MOST_ROWS:,} rows.",)},
        )
    columns = [name for field in UsageField if field in query.by for name in _FIELDS[field]]
    columns += _ALWAYS
    rows = (_texts(one) for one in sums)
    headers: list[Header] = [(b"vary", b"accept")]
    accept = context.exchange.headers.get(b"accept", b"").decode("latin-1")
    if preferred(accept, (_JSON, _CSV)) == _CSV:
        headers.append((b"content-disposition", b"attachment; filename=billing_usage_summary.csv"))
        lines = table_lines(columns, ([row[name] or "" for name in columns] for row in rows))
        return Response("".join(lines).encode(), b"text/csv; charset=utf-8", headers=headers)
    return json_response({"data": [_row_json(row, columns) for row in rows]}, headers=headers)


def _query(context: RequestContext[None, UsageSummaryQuery]) -> UsageSumQuery:
    """Return the query of the store, with the time that it leaves open.

    Raises:
        InvalidRequestError: the time is too long.
    """
    given = context.query
    until_ms = given.endDate
    if until_ms is None:
        until_ms = int(context.platform.clock.now() * 1000)
    since_ms = given.startDate
    if since_ms is None:
        since_ms = (until_ms // _DAY_MS - _DEFAULT_DAYS + 1) * _DAY_MS
    if since_ms > until_ms:
        message = "startDate is in the future, and no endDate is given."
        raise InvalidRequestError(message, faults={"startDate": (message,)})
    if until_ms // _DAY_MS - since_ms // _DAY_MS >= _MOST_DAYS:
        message = f"A summary covers at most {_MOST_DAYS} days. Request each year separately."
        raise InvalidRequestError(message, faults={"startDate": (message,)})
    account_id = context.key_holder.account.id
    return UsageSumQuery(account_id, since_ms, until_ms, given.groupBy, _MOST_ROWS + 1)


def _texts(one: UsageSum) -> dict[str, str | None]:
    """Return all fields of a row as text; numbers are exact decimals."""
    return {
        "date": None if one.day is None else utc(one.day * _DAY_S).date().isoformat(),
        "model": one.model,
        "keyId": one.key_id,
        "keyDescription": one.key_description,
        "sku": one.sku,
        "units": None if one.units is None else sold_units(one.units, one.sku or ""),
        "calls": str(one.calls),
        "usd": sum_of_money(one.spent.usd),
        "diem": sum_of_money(one.spent.diem),
    }


def _row_json(row: dict[str, str | None], columns: Sequence[str]) -> dict[str, object]:
    """Return a row for JSON; its numbers are exact decimals, never floats."""
    return {
        name: Fragment(text) if name in _NUMBERS and (text := row[name]) is not None else row[name]
        for name in columns
    }


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/billing/usage/summary",
    run=run,
    summary="Sum up the account's charges",
    tag="Billing",
    access=Access.ADMIN,
    query=UsageSummaryQuery,
    lists=LISTS,
    limited=True,
    responses={
        200: Content(
            "Sums of the charges, exact to the nano-unit",
            UsageSummary,
            text_type=_CSV,
            headers={
                "Content-Disposition": "Only of CSV: attachment; filename=billing_usage_summary.csv",
            },
        )
    },
)
