"""`fondaco usage`: what accounts were charged."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.books import chosen, opened
from fondaco.cli.options import Account, AsJson, Config, Home, configuration
from fondaco.cli.output import Row, print_json, print_rows
from fondaco.domain.money import Currency

if TYPE_CHECKING:
    from fondaco.http.usage_rows import UsageRow
    from fondaco.ports import ChargeQuery
    from fondaco.settings import Settings
    from fondaco.stores.sqlite.charges import ChargeSum, SqliteCharges


class By(StrEnum):
    """What charges are added up by."""

    MODEL = "model"
    KEY = "key"
    DAY = "day"
    SKU = "sku"


_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z"]
_START = datetime(1970, 1, 1, tzinfo=UTC)
_EMPTY = "Nothing was charged."


def usage(
    *,
    by: Annotated[
        By | None, typer.Option(metavar="|".join(By), help="Add up all charges by this.")
    ] = None,
    currency: Annotated[
        Currency | None,
        typer.Option(metavar="|".join(Currency), case_sensitive=False, help="Only in this one."),
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option("--from", metavar="TIME", formats=_TIMES, help="Only from this time on, UTC."),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option("--to", metavar="TIME", formats=_TIMES, help="Only up to this time, UTC."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Charges on a page.")] = 200,
    page: Annotated[int, typer.Option(min=1, max=10**9, help="Which page, newest first.")] = 1,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, as the API does.")] = False,
    account: Account = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show what an account was charged, page by page or added up."""
    from fondaco.ports import ChargeQuery

    if as_csv and (as_json or by is not None):
        raise typer.BadParameter("--csv goes neither with --json nor with --by.")
    settings = configuration(home, config).settings
    with opened(settings) as books:
        account_id = chosen(books, account).account.id
    query = ChargeQuery(
        account_id, currency, _milliseconds(start), _milliseconds(end), page=page, limit=limit
    )
    with _charges(settings) as charges:
        if by is not None:
            print_rows(_sums(charges, query, by), as_json=as_json, empty=_EMPTY)
        else:
            _print_page(charges, query, as_csv=as_csv, as_json=as_json)


def _print_page(
    charges: "SqliteCharges", query: "ChargeQuery", *, as_csv: bool, as_json: bool
) -> None:
    from fondaco.http import usage_rows

    found = charges.read(query)
    rows = [usage_rows.usage_row(charge) for charge in found.charges]
    pages = -(-found.total // query.limit)
    if as_csv:
        typer.echo(usage_rows.as_csv(rows), nl=False)
    elif as_json:
        where = {"page": query.page, "limit": query.limit, "total": found.total}
        print_json({"data": [_row(row) for row in rows], **where, "totalPages": pages})
    else:
        empty = f"Page {query.page} is empty." if found.total else _EMPTY
        print_rows([_row(row) for row in rows], as_json=False, empty=empty)
        if found.total:
            sums = " and ".join(_amount(one) for one in charges.sums(query))
            typer.echo(f"Page {query.page} of {pages}; {found.total} charges, in all {sums}")


def _row(row: "UsageRow") -> Row:
    call = row.inference
    return {
        "timestamp": row.timestamp,
        "sku": row.sku,
        "units": row.units,
        "pricePerUnitUsd": row.price_per_unit_usd,
        "amount": row.amount,
        "currency": row.currency.value,
        "notes": row.notes,
        "requestId": call and call.request_id,
    }


def _sums(charges: "SqliteCharges", query: "ChargeQuery", by: By) -> Sequence[Row]:
    from fondaco.http.usage_rows import exact

    match by:
        case By.MODEL:
            sums = _by_model(charges.sums(query, "sku"))
        case By.KEY:
            sums = charges.sums(query, "key")
        case By.DAY:
            sums = charges.sums(query, "day")
        case By.SKU:
            sums = charges.sums(query, "sku")
    return [
        {
            by.value: one.group,
            "charges": one.rows,
            "amount": exact(one.amount, 9),
            "currency": one.currency.value,
        }
        for one in sums
    ]


def _by_model(sums: Sequence["ChargeSum"]) -> list["ChargeSum"]:
    from dataclasses import replace

    from fondaco.domain.price import model_of

    found: dict[tuple[str, Currency], ChargeSum] = {}
    for one in sums:
        model = model_of(one.group or "")
        before = found.get((model, one.currency), replace(one, group=model, rows=0, amount=0))
        both = replace(before, rows=before.rows + one.rows, amount=before.amount + one.amount)
        found[model, one.currency] = both
    return list(found.values())


def _amount(one: "ChargeSum") -> str:
    from fondaco.http.usage_rows import exact

    return f"{exact(one.amount, 9)} {one.currency}"


@contextmanager
def _charges(settings: "Settings") -> Iterator["SqliteCharges"]:
    from fondaco.stores.home import Home
    from fondaco.stores.sqlite.charges import SqliteCharges

    charges = SqliteCharges(Home(settings.home).database)
    try:
        yield charges
    finally:
        charges.close()


def _milliseconds(at: datetime | None) -> int | None:
    if at is None:
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (aware - _START) // timedelta(milliseconds=1)
