"""Growth: what a call costs once the ledger and the keys are many."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import gateway
import machine
import programs
from gateway import Effort
from programs import Tools
from table import Budget, Figure

FEW_ROWS, MANY_ROWS = 10, 1_000_000
FEW_KEYS, MANY_KEYS = 10, 10_000

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
_KEYS = f"""
{_NUMBERS}
INSERT INTO key (public_id, account_id, type, description, digest, last6, created_ms)
SELECT randomblob(16), :account, 'INFERENCE', 'bench', randomblob(32), 'bench0', i FROM n
"""
_ENTRIES = f"""
{_NUMBERS}
INSERT INTO entry (account_id, kind, currency, amount, at_ms, call_id, key_id, sku_id, units,
    unit_price, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
    execution_ms, notes)
SELECT :account, 1, 1, -1000, 1760000000000 + i, randomblob(16), :key, :sku, 40,
    25, 24, 0, 16, 0, 12, '' FROM n
"""
"""Charges as calls leave them."""
_SUMS = (
    "UPDATE account SET usd = usd - 1000 * :many WHERE id = :account",
    "UPDATE account SET usd = usd + 1000 * :many WHERE name = 'system:revenue'",
)


def figures(folder: Path, tools: Tools, effort: Effort) -> Iterator[Figure]:
    """Measure a fresh home and a grown one in turns."""
    sizes = {"few": (FEW_ROWS, FEW_KEYS), "many": (MANY_ROWS, MANY_KEYS)}
    with ExitStack() as held:
        settings = programs.configuration(held.enter_context(programs.upstream(tools)))
        aims = {}
        for name, (rows, keys) in sizes.items():
            home = folder / f"home-{name}"
            with programs.fondaco(home, settings):
                pass  # the first start makes the tables, the account and a key
            _grow(home / "fondaco.sqlite3", rows, keys)
            server = programs.fondaco(home, settings, core=machine.cores()[0])
            aims[name] = gateway.aim(folder, held.enter_context(server), "folded")
        found = gateway.costs(tools, effort, aims)
    cost, limit = found["many"].cpu_us, found["few"].cpu_us
    title = f"whole call: {MANY_ROWS:,} entries, {MANY_KEYS:,} keys against {FEW_ROWS}, {FEW_KEYS}"
    note = f"{cost:.0f} against {limit:.0f} us"
    yield Figure(title, "share", cost / limit, budget=Budget(1.1), note=note)


def _grow(database: Path, rows: int, keys: int) -> None:
    """Enter charges and keys as if calls had been made for long; all sums stay right."""
    with closing(sqlite3.connect(database)) as connection, connection:
        account, key = connection.execute("SELECT account_id, id FROM key LIMIT 1").fetchone()
        sku = connection.execute(
            "INSERT INTO sku (name) VALUES ('bench-llm-input-mtoken') RETURNING id"
        ).fetchone()[0]
        named = {"account": account, "key": key, "sku": sku}
        connection.execute(_KEYS, {**named, "many": keys})
        connection.execute(_ENTRIES, {**named, "many": rows})
        for statement in _SUMS:
            connection.execute(statement, {**named, "many": rows})
