"""Usage rows: charges in the shape of GET /billing/usage, as JSON and CSV.

Source: GET /billing/usage.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import chain

from fondaco.domain.money.call import request_id
from fondaco.domain.money.ledger import Entry
from fondaco.domain.money.money import Currency
from fondaco.domain.money.price import by_the_million, kind_of
from fondaco.http.endpoint.timestamps import timestamp

DEFAULT_NOTES = "API Inference"
"""The notes of a charge whose entry has none."""

COLUMNS = (
    "timestamp",
    "sku",
    "units",
    "pricePerUnitUsd",
    "amount",
    "currency",
    "notes",
    "requestId",
    "promptTokens",
    "completionTokens",
    "inferenceExecutionTime",
)
_NANO_PLACES = 9
_MILLION_PLACES = 6
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Inference:
    """The call behind a charge."""

    request_id: str | None
    prompt_tokens: int
    completion_tokens: int
    execution_ms: int


@dataclass(frozen=True, slots=True)
class UsageRow:
    """A charge; numbers are exact decimals as text."""

    timestamp: str
    sku: str
    units: str
    price_per_unit_usd: str
    amount: str
    """Negative."""
    currency: Currency
    notes: str
    inference: Inference | None
    """None where no model ran."""


def usage_row(charge: Entry) -> UsageRow:
    """Return a charge as a row, in the unit of its price."""
    million = by_the_million(charge.sku)
    return UsageRow(
        timestamp=timestamp(charge.at),
        sku=charge.sku,
        units=sold_units(charge.units, charge.sku),
        price_per_unit_usd=exact(
            charge.unit_price, _NANO_PLACES if million else _NANO_PLACES + _MILLION_PLACES
        ),
        amount=sum_of_money(charge.amount),
        currency=charge.currency,
        notes=charge.notes or DEFAULT_NOTES,
        inference=_inference(charge),
    )


def sold_units(units: int, sku: str) -> str:
    """Return units in the unit of the SKU's price: millions of tokens or characters, or single ones."""
    return exact(units, _MILLION_PLACES) if by_the_million(sku) else str(units)


def sum_of_money(nano: int) -> str:
    """Return nano-units of a currency as an exact decimal."""
    return exact(nano, _NANO_PLACES)


def exact(number: int, places: int) -> str:
    """Return `number` / 10**`places` as an exact decimal without trailing zeros.

    >>> exact(240, 6), exact(-1_500_000_000, 9), exact(0, 9), exact(3_000_000, 6)
    ('0.00024', '-1.5', '0', '3')
    """
    whole, part = divmod(abs(number), 10**places)
    sign = "-" if number < 0 else ""
    return f"{sign}{whole}.{part:0{places}d}".rstrip("0") if part else f"{sign}{whole}"


def as_csv(rows: Iterable[UsageRow]) -> str:
    r"""Return rows as CSV (RFC 4180) with a header; no cell is a formula to a spreadsheet.

    >>> as_csv([]).startswith("timestamp,sku,units") and as_csv([]).endswith("\r\n")
    True
    """
    return "".join(csv_lines(rows))


def csv_lines(rows: Iterable[UsageRow]) -> Iterator[str]:
    """Yield the lines of `as_csv`, one per row."""
    return table_lines(COLUMNS, map(_cells, rows))


def table_lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table's lines as CSV, the header first; no cell is a formula to a spreadsheet."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for cells in chain([columns], rows):
        writer.writerow(map(inert, cells))
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def inert(cell: str) -> str:
    """Escape a cell so that spreadsheets read it as text or number, never as a formula.

    >>> inert("=1+1"), inert("-0.5"), inert("-a")
    ("'=1+1", '-0.5', "'-a")
    """
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def _cells(row: UsageRow) -> tuple[str, ...]:
    call = row.inference
    return (
        row.timestamp,
        row.sku,
        row.units,
        row.price_per_unit_usd,
        row.amount,
        row.currency,
        row.notes,
        *(
            ("",) * 4
            if call is None
            else (
                call.request_id or "",
                str(call.prompt_tokens),
                str(call.completion_tokens),
                str(call.execution_ms),
            )
        ),
    )


def _inference(charge: Entry) -> Inference | None:
    usage = charge.usage
    if usage is None:
        return None
    return Inference(
        request_id=None
        if charge.call_id is None
        else request_id(charge.call_id, kind_of(charge.sku)),
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        execution_ms=charge.execution_ms,
    )
