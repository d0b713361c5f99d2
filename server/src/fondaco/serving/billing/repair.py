"""Repair: charges and usage whose numbers no call can have, brought to ones that a call can have.

Engines' numbers are checked where they are read. This is the ledger's own last look, so that no number
from anywhere ends a settlement: what remains is charged, and the entry says so.
"""

from dataclasses import replace

from fondaco.domain.money.money import MOST
from fondaco.domain.money.price import Charge, ChargeRow
from fondaco.domain.money.usage import Usage

REPAIRED = "computed from numbers out of range"
"""The note of such an entry."""

_MOST_TOKENS = 2**31 - 1


def sound(charge: Charge, usage: Usage, execution_ms: int) -> bool:
    """Whether every number is one that a call can have: nearly always, so this is what is cheap."""
    for row in charge.rows:
        if not (
            type(row.amount) is int is type(row.units)
            and 0 <= row.amount <= MOST
            and 0 <= row.units <= MOST
            and 0 <= row.unit_price <= MOST
        ):
            return False
    return (
        type(usage.input_tokens) is int
        and 0 <= usage.input_tokens <= _MOST_TOKENS
        and type(usage.cached_input_tokens) is int
        and 0 <= usage.cached_input_tokens <= _MOST_TOKENS
        and type(usage.output_tokens) is int
        and 0 <= usage.output_tokens <= _MOST_TOKENS
        and type(usage.reasoning_tokens) is int
        and 0 <= usage.reasoning_tokens <= _MOST_TOKENS
        and 0 <= execution_ms <= MOST
    )


def repaired_charge(charge: Charge) -> Charge:
    """Return the charge with every amount and number of units between 0 and what a store can hold."""
    return Charge(tuple(map(_repaired_row, charge.rows)))


def repaired_usage(usage: Usage) -> Usage:
    """Return the usage with every number between 0 and 2^31 - 1; what is no whole number counts 0.

    >>> repaired_usage(Usage(input_tokens=-1, output_tokens=10**30, searches=1)).output_tokens
    2147483647
    """
    return Usage(
        input_tokens=whole(usage.input_tokens, _MOST_TOKENS),
        cached_input_tokens=whole(usage.cached_input_tokens, _MOST_TOKENS),
        output_tokens=whole(usage.output_tokens, _MOST_TOKENS),
        reasoning_tokens=whole(usage.reasoning_tokens, _MOST_TOKENS),
        searches=whole(usage.searches, _MOST_TOKENS),
        scrapes=whole(usage.scrapes, _MOST_TOKENS),
        accepted_prediction_tokens=whole(usage.accepted_prediction_tokens, _MOST_TOKENS),
        rejected_prediction_tokens=whole(usage.rejected_prediction_tokens, _MOST_TOKENS),
    )


def whole(number: object, most: int = MOST) -> int:
    """Return a number as a whole one between 0 and `most`, 0 where it is none."""
    return min(max(number, 0), most) if type(number) is int else 0


def _repaired_row(row: ChargeRow) -> ChargeRow:
    return replace(
        row, amount=whole(row.amount), units=whole(row.units), unit_price=whole(row.unit_price)
    )
