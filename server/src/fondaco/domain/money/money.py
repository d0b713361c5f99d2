"""Money: whole nano-units of USD or DIEM, never a float.

One DIEM buys one dollar of compute, so a charge is one integer, and only its payment has currencies.

Source: overview/pricing.md, "1 Diem = $1 of compute per day".
"""

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from enum import StrEnum
from typing import Self

from fondaco.domain.fast_init import fast_init

NANO = 1_000_000_000
"""Nano-units in one dollar or one DIEM."""

LARGEST = 10**9 * NANO
"""The largest amount there may be, a billion."""

MOST = 2**63 - 1
"""The largest number of nano-units that a store can hold: 64 bits with a sign."""

_EXACT = Context(prec=100, traps=[InvalidOperation, Inexact, Overflow])
"""Refuses to round."""


class Currency(StrEnum):
    """Currency of an account."""

    USD = "USD"
    DIEM = "DIEM"


class AmountError(ValueError):
    """A computed amount is impossible: a bug, which ends one call."""


def checked(amount: object) -> int:
    """Return an amount of nano-units that may be reserved or moved.

    Raises:
        AmountError: it is negative, larger than `MOST`, or not a whole number (a bool is none).

    >>> checked(5)
    5
    >>> checked(-5)
    Traceback (most recent call last):
    fondaco.domain.money.money.AmountError: -5 is not an amount between 0 and 9223372036854775807 nano-units.
    """
    if type(amount) is int and 0 <= amount <= MOST:
        return amount
    shown = (
        repr(amount) if isinstance(amount, int) and abs(amount) < 2**128 else type(amount).__name__
    )
    raise AmountError(f"{shown} is not an amount between 0 and {MOST} nano-units.")


def nano(amount: str | int | Decimal) -> int:
    """Return the exact nano-units of a decimal amount of dollars or DIEM.

    Raises:
        ValueError: the amount is negative, no number, finer than a nano-unit or above a billion.

    >>> nano("0.20")
    200000000
    """
    try:
        scaled = _EXACT.multiply(Decimal(amount), NANO)
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"{amount!r} is not an amount of money.") from error
    if not scaled.is_finite() or scaled < 0 or scaled > LARGEST:
        raise ValueError(f"{amount!r} is not an amount between 0 and 1,000,000,000.")
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount!r} is not an amount: it has more than 9 decimals.")
    return int(scaled)


def decimal(amount: int) -> Decimal:
    """Return nano-units as an exact decimal amount.

    >>> decimal(1_500_000_000)
    Decimal('1.5')
    """
    exact = Decimal(amount) / NANO
    return exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact.normalize()


@fast_init
@dataclass(frozen=True, slots=True)
class Funds:
    """An amount in both currencies, in nano-units."""

    usd: int = 0
    diem: int = 0

    @property
    def total(self) -> int:
        """Purchasing power of the funds, in nano-dollars of compute."""
        return self.usd + self.diem

    def __add__(self, other: Self) -> "Funds":
        return Funds(self.usd + other.usd, self.diem + other.diem)

    def __sub__(self, other: Self) -> "Funds":
        return Funds(self.usd - other.usd, self.diem - other.diem)

    def pay(self, amount: int) -> "Funds":
        """Return the part of these funds that pays `amount`: DIEM first, then USD.

        Raises:
            ValueError: the funds do not cover the amount.

        >>> Funds(usd=10, diem=3).pay(5)
        Funds(usd=2, diem=3)
        """
        if not 0 <= amount <= self.usd + self.diem:
            raise ValueError(f"{self!r} cannot pay {amount!r}.")
        diem = min(amount, self.diem)
        return Funds(amount - diem, diem)
