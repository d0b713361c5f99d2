"""Sums of an account's charges by day, model, key and SKU, added up by SQLite."""

import sqlite3
from collections.abc import Iterator

from fondaco.domain.money.money import Funds
from fondaco.domain.money.price import model_of
from fondaco.ports import UsageField, UsageSum, UsageSumQuery

_DAY_MS = 86_400_000

_COLUMNS = {
    UsageField.MODEL: "model_number(sku_id)",
    UsageField.KEY: "key_id",
    UsageField.SKU: "sku_id",
}
"""Numbers alone: SQLite sorts the charges by them, which takes twice as long with texts. A day is no
column, since each day has a query of its own, which sorts less."""
_SKUS = "SELECT id, name FROM sku"
_KEYS = "SELECT id, lower(hex(public_id)), description FROM key WHERE account_id = ifnull(?, account_id)"


def summed(connection: sqlite3.Connection, query: UsageSumQuery) -> list[UsageSum]:
    """Return the sums of a query, within the caller's transaction."""
    skus = dict[int, str](connection.execute(_SKUS))
    models = sorted({model_of(name) for name in skus.values()})
    number_of = {model: number for number, model in enumerate(models)}
    numbers = {sku_id: number_of[model_of(name)] for sku_id, name in skus.items()}
    connection.create_function("model_number", 1, numbers.get, deterministic=True)
    keys: dict[int, tuple[str, str]] = {}
    if UsageField.KEY in query.by:
        for key_id, public_id, description in connection.execute(_KEYS, (query.account_id,)):
            keys[key_id] = public_id, description
    sums: list[UsageSum] = []
    one_account = query.account_id is not None
    for day, since, until in _spans(query):
        left = query.most - len(sums)
        if left <= 0:
            break
        parameters = {"account": query.account_id, "since": since, "until": until, "most": left}
        for row in connection.execute(statement(query.by, one_account=one_account), parameters):
            model, key, sku, calls, units, usd, diem = row
            public_id, description = keys.get(key, (None, None))
            sums.append(
                UsageSum(
                    calls=calls,
                    spent=Funds(usd=usd, diem=diem),
                    day=day,
                    model=None if model is None else models[model],
                    key_id=public_id,
                    key_description=description,
                    sku=None if sku is None else skus[sku],
                    units=None if sku is None else units,
                )
            )
    return sorted(sums, key=_order)


def statement(by: frozenset[UsageField], *, one_account: bool = True) -> str:
    """Return the query that adds up by these fields; of all accounts it searches the index once for each."""
    columns = {field: column if field in by else "NULL" for field, column in _COLUMNS.items()}
    groups = [column for field, column in _COLUMNS.items() if field in by]
    source = "entry INDEXED BY ix_entry_charge"
    if not one_account:
        source = f"account CROSS JOIN {source} ON account_id = account.id"
    return f"""
        SELECT {", ".join(columns.values())}, count(DISTINCT call_id), sum(units),
               -ifnull(sum(amount) FILTER (WHERE currency = 1), 0),
               -ifnull(sum(amount) FILTER (WHERE currency = 2), 0)
        FROM {source}
        WHERE {"account_id = :account AND " if one_account else ""}kind = 1 AND at_ms BETWEEN :since AND :until
        GROUP BY {", ".join(groups) or "kind"} LIMIT :most
    """  # noqa: S608  # all of it is constant


def _spans(query: UsageSumQuery) -> Iterator[tuple[int | None, int, int]]:
    """Yield day, first and last millisecond of what one query adds up: a day, or all of the time."""
    since, until = query.since_ms, query.until_ms
    if UsageField.DAY not in query.by:
        yield None, since, until
        return
    for day in range(since // _DAY_MS, until // _DAY_MS + 1):
        yield day, max(since, day * _DAY_MS), min(until, (day + 1) * _DAY_MS - 1)


def _order(one: UsageSum) -> tuple[int, str, str, str]:
    return one.day or 0, one.model or "", one.key_id or "", one.sku or ""
