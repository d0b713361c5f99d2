"""Repair of charges and usage that are out of range, so that no number can end a settlement.

Engines' numbers are checked where they are read; this is the ledger's own last check. The repaired
charge is entered with a note that says so.
"""

from dataclasses import replace

from fondaco.domain.money.money import MOST
from fondaco.domain.money.price import Charge, ChargeRow
from fondaco.domain.money.usage import Usage

REPAIRED = "computed from numbers out of range"
"""The note of such an entry."""

_MOST_UNITS = 2**31 - 1
_INTEGERS = {int}


def sound(charge: Charge, usage: Usage, execution_ms: int) -> bool:
    """Whether every number is in range, as nearly always: the cheap check before a repair."""
    for row in charge.rows:
        if not (
            type(row.amount) is int is type(row.units)
            and 0 <= row.amount <= MOST
            and 0 <= row.units <= MOST
            and 0 <= row.unit_price <= MOST
        ):
            return False
    units = usage.units
    # Compared in C, field by field: this runs for every call.
    return (
        {*map(type, units)} == _INTEGERS
        and min(units) >= 0
        and max(units) <= _MOST_UNITS
        and 0 <= execution_ms <= MOST
    )


def repaired_charge(charge: Charge) -> Charge:
    """Return the charge with every amount and number of units clamped to what a store can hold."""
    return Charge(tuple(map(_repaired_row, charge.rows)))


def repaired_usage(usage: Usage) -> Usage:
    """Return the usage with every unit clamped to 0 to 2^31 - 1; a value that is no integer counts 0.

    >>> repaired_usage(Usage(input_tokens=-1, output_tokens=10**30, searches=1)).output_tokens
    2147483647
    """
    return Usage(*[whole(units, _MOST_UNITS) for units in usage.units])


def whole(number: object, most: int = MOST) -> int:
    """Return an integer clamped to 0 to `most`; 0 for a value that is none."""
    return min(max(number, 0), most) if type(number) is int else 0


def _repaired_row(row: ChargeRow) -> ChargeRow:
    return replace(
        row, amount=whole(row.amount), units=whole(row.units), unit_price=whole(row.unit_price)
    )
