"""`fondaco usage`: charges of accounts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.admin_store import chosen, opened, timestamp
from fondaco.cli.help.groups import OUTPUT
from fondaco.cli.options import Account, AsJson, Config, Home, Wide, configuration
from fondaco.cli.output import Row, Table, print_json, print_rows
from fondaco.domain.money.money import Currency
from fondaco.domain.timestamps import first_ms, last_ms

if TYPE_CHECKING:
    from fondaco.domain.money.ledger import Entry
    from fondaco.http.apis.venice.billing.usage_rows import UsageRow
    from fondaco.ports import ChargeQuery
    from fondaco.settings import Settings
    from fondaco.stores.sqlite.accounts.admin_store import AdminStore
    from fondaco.stores.sqlite.accounts.charges import ChargeSum, SqliteCharges


class By(StrEnum):
    """Fields by which charges can be grouped."""

    MODEL = "model"
    KEY = "key"
    DAY = "day"
    SKU = "sku"


_EMPTY = "No charges."
_ON_A_PAGE = 200
_TABLE = Table(
    _EMPTY,
    optional=("notes", "pricePerUnitUsd", "requestId", "units"),
    headings={"pricePerUnitUsd": "usdPerUnit"},
)
_SUMS = Table(_EMPTY, flexible="description")


def usage(
    *,
    by: Annotated[
        By | None,
        typer.Option(metavar="|".join(By), help="Sum the charges by model, key, day or SKU."),
    ] = None,
    currency: Annotated[
        Currency | None,
        typer.Option(
            metavar="|".join(Currency), case_sensitive=False, help="Show this currency only."
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="First date or time (UTC)."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Last date (inclusive) or time (UTC)."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, max=500, metavar="N", help="Charges per page; default: 200, or all with --csv."
        ),
    ] = None,
    page: Annotated[
        int | None,
        typer.Option(min=1, max=10**9, metavar="N", help="Page number, newest first; default: 1."),
    ] = None,
    as_csv: Annotated[
        bool,
        typer.Option(
            "--csv",
            help="Print all charges as CSV, with the columns of the API.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    account: Account = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    wide: Wide = False,
) -> None:
    """Show the charges of an account, page by page or summed."""
    from fondaco.ports import ChargeQuery

    paged = page is not None or limit is not None
    if as_csv and (as_json or by is not None):
        raise typer.BadParameter("--csv cannot be used with --json or --by.")
    if by is not None and paged:
        raise typer.BadParameter(
            "--by sums all charges, so it cannot be used with --page or --limit."
        )
    since_ms, until_ms = (
        _milliseconds("--from", start, first_ms),
        _milliseconds("--to", end, last_ms),
    )
    if since_ms is not None and until_ms is not None and since_ms > until_ms:
        raise typer.BadParameter("--from is after --to.")
    settings = configuration(home, config).settings
    admin_store = opened(settings)
    account_id = chosen(admin_store, account).account.id
    query = ChargeQuery(
        account_id, currency, since_ms, until_ms, page=page or 1, limit=limit or _ON_A_PAGE
    )
    with _charges(settings) as charges:
        if by is not None:
            rows = _sums(charges, query, by)
            if by is By.KEY:
                rows = [*_described(rows, admin_store)]
            print_rows(rows, _SUMS, as_json=as_json, wide=wide)
        elif as_csv:
            _print_csv(charges.read(query).charges if paged else charges.all(query))
        else:
            _print_page(charges, query, as_json=as_json, wide=wide)


def _print_csv(charges: "Iterable[Entry]") -> None:
    from fondaco.http.apis.venice.billing.usage_rows import csv_lines, usage_row

    for line in csv_lines(map(usage_row, charges)):
        typer.echo(line, nl=False)


def _print_page(
    charges: "SqliteCharges", query: "ChargeQuery", *, as_json: bool, wide: bool
) -> None:
    from fondaco.http.apis.venice.billing import usage_rows

    found = charges.read(query)
    rows = [usage_rows.usage_row(charge) for charge in found.charges]
    pages = -(-found.total // query.limit)
    if as_json:
        where = {"page": query.page, "limit": query.limit, "total": found.total}
        print_json({"data": [_row(row) for row in rows], **where, "totalPages": pages})
    else:
        empty = f"Page {query.page} is empty." if found.total else _EMPTY
        shown = [
            {**_row(row), "timestamp": timestamp(one.at)}
            for row, one in zip(rows, found.charges, strict=True)
        ]
        print_rows(shown, replace(_TABLE, empty=empty), wide=wide)
        if found.total:
            sums = " and ".join(_amount(one) for one in charges.sums(query))
            typer.echo(f"Page {query.page} of {pages}; {found.total} charges, {sums} in total")


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
    from fondaco.http.apis.venice.billing.usage_rows import exact

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


def _described(sums: Iterable[Row], admin_store: "AdminStore") -> Iterator[Row]:
    """Yield the sums of keys with the keys' descriptions."""
    described = {one.key.id: one.key.description for one in admin_store.keys(None)}
    for row in sums:
        key_id = row["key"]
        yield {"key": key_id, "description": described.get(str(key_id), ""), **row}


def _by_model(sums: Sequence["ChargeSum"]) -> list["ChargeSum"]:
    from fondaco.domain.money.price import model_of

    found: dict[tuple[str, Currency], ChargeSum] = {}
    for one in sums:
        model = model_of(one.group or "")
        before = found.get((model, one.currency), replace(one, group=model, rows=0, amount=0))
        both = replace(before, rows=before.rows + one.rows, amount=before.amount + one.amount)
        found[model, one.currency] = both
    return list(found.values())


def _amount(one: "ChargeSum") -> str:
    from fondaco.http.apis.venice.billing.usage_rows import exact

    return f"{exact(one.amount, 9)} {one.currency}"


@contextmanager
def _charges(settings: "Settings") -> Iterator["SqliteCharges"]:
    from fondaco.stores.home import Home
    from fondaco.stores.sqlite.accounts.charges import SqliteCharges

    charges = SqliteCharges(Home(settings.home).database)
    try:
        yield charges
    finally:
        charges.close()


def _milliseconds(option: str, text: str | None, read: Callable[[str], int]) -> int | None:
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None
