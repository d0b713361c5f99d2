"""Writer of accounts: amounts are exact to the nano-unit."""

import orjson

from fondaco.http.edge.headers import amount
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.ports import AccountReport


def account_entry(report: AccountReport) -> dict[str, object]:
    """Return an account as an `AccountEntry`."""
    account = report.account
    return {
        "name": account.name,
        "usd": _number(report.balance.usd),
        "diem": _number(report.balance.diem),
        "diemAllocation": _number(account.diem_allocation),
        "tier": account.tier,
        "disabled": account.disabled,
        "createdAt": timestamp(report.created_at),
        "wallet": account.wallet,
        "keys": report.keys,
        "lastUsedAt": None if report.used_at is None else timestamp(report.used_at),
    }


def _number(nano: int) -> orjson.Fragment:
    return orjson.Fragment(amount(nano))
