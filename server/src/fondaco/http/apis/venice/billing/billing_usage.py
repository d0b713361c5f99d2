"""GET /api/v1/billing/usage."""

from orjson import Fragment

from fondaco.domain.money.money import Currency
from fondaco.http.apis.venice.billing.schemas import UsagePage, UsageQuery
from fondaco.http.apis.venice.billing.usage_rows import UsageRow, as_csv, usage_row
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.accept import preferred
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.exchange.exchange import Header
from fondaco.ports import ChargePage, ChargeQuery

_JSON, _CSV = "application/json", "text/csv"


async def run(context: RequestContext[None, UsageQuery]) -> Response:
    """List the charges of the key's account."""
    query = context.query
    page = await _page(context)
    total_pages = -(-page.total // query.limit)
    rows = [usage_row(charge) for charge in page.charges]
    headers: list[Header] = [
        (b"vary", b"accept"),
        (b"x-pagination-limit", b"%d" % query.limit),
        (b"x-pagination-page", b"%d" % query.page),
        (b"x-pagination-total", b"%d" % page.total),
        (b"x-pagination-total-pages", b"%d" % total_pages),
    ]
    accept = context.exchange.headers.get(b"accept", b"").decode("latin-1")
    if preferred(accept, (_JSON, _CSV)) == _CSV:
        headers.append((b"content-disposition", b"attachment; filename=billing_usage.csv"))
        return Response(as_csv(rows).encode(), b"text/csv; charset=utf-8", headers=headers)
    pagination = {
        "limit": query.limit,
        "page": query.page,
        "total": page.total,
        "totalPages": total_pages,
    }
    body = {"data": [_row_json(row) for row in rows], "pagination": pagination}
    return json_response(body, headers=headers)


async def _page(context: RequestContext[None, UsageQuery]) -> ChargePage:
    query = context.query
    if query.currency == "VCU":
        return ChargePage((), 0)
    return await context.platform.charges.page(
        ChargeQuery(
            account_id=context.key_holder.account.id,
            currency=None if query.currency is None else Currency(query.currency),
            since_ms=query.startDate,
            until_ms=query.endDate,
            newest_first=query.sortOrder == "desc",
            page=query.page,
            limit=query.limit,
        )
    )


def _row_json(row: UsageRow) -> dict[str, object]:
    """Return a row for JSON; its numbers are exact decimals, never floats."""
    call = row.inference
    return {
        "amount": Fragment(row.amount),
        "currency": row.currency,
        "inferenceDetails": call
        and {
            "completionTokens": call.completion_tokens,
            "inferenceExecutionTime": call.execution_ms,
            "promptTokens": call.prompt_tokens,
            "requestId": call.request_id,
        },
        "notes": row.notes,
        "pricePerUnitUsd": Fragment(row.price_per_unit_usd),
        "sku": row.sku,
        "timestamp": row.timestamp,
        "units": Fragment(row.units),
    }


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/billing/usage",
    run=run,
    summary="List the account's charges",
    tag="Billing",
    access=Access.ADMIN,
    query=UsageQuery,
    responses={
        200: Content(
            "A page of charges",
            UsagePage,
            text_type=_CSV,
            headers={
                "Content-Disposition": "Only of CSV: attachment; filename=billing_usage.csv",
                "x-pagination-limit": "Charges per page",
                "x-pagination-page": "Number of this page",
                "x-pagination-total": "Number of charges on all pages",
                "x-pagination-total-pages": "Number of pages",
            },
        )
    },
)
