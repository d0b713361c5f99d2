"""Grown: a database that has seen many calls, with all its sums right."""

import sqlite3
from contextlib import closing
from pathlib import Path

AMOUNT = 1_000
"""Nano-units of each charge."""
STEP_MS = 2_000
"""Between two calls."""
SINCE_MS = 1_760_000_000_000
"""When the first call was, Unix milliseconds."""
_EPOCH_MS = 86_400_000

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :many)"
_KEYS = f"""
{_NUMBERS}
INSERT INTO key (public_id, account_id, type, description, digest, last6, created_ms)
SELECT randomblob(16), (SELECT id FROM account WHERE name = 'bench'), 'INFERENCE', 'bench', randomblob(32), 'bench0', i FROM n
"""
"""Of an account of their own, which has more than the API makes for one."""
_OWNER = "INSERT INTO account (name, tier, created_ms) VALUES ('bench', 'paid', 0)"
_ENTRIES = f"""
{_NUMBERS}
INSERT INTO entry (account_id, kind, currency, amount, at_ms, call_id, key_id, sku_id, units,
    unit_price, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
    execution_ms, notes)
SELECT :account, 1, 1 + (i / 2 % 4 = 0), -{AMOUNT}, {SINCE_MS} + i / 2 * {STEP_MS},
    CAST(printf('%016x', i / 2) AS BLOB), :key, iif(i % 2, :output, :input), 40,
    25000000, 24, 0, 16, 0, 12, '' FROM n
"""
"""Charges as calls leave them: two rows a call, every fourth call paid in DIEM."""
_GRANT = """
INSERT INTO entry (account_id, kind, currency, amount, at_ms, sku_id, units, unit_price,
    execution_ms, notes)
SELECT :account, 5, currency, -sum(amount), :since, (SELECT id FROM sku WHERE name = ''), 0, 0, 0,
    'bench' FROM entry WHERE account_id = :account AND kind = 1 GROUP BY currency
"""
"""What pays them."""
_SUMS = (
    # Both sides of the charges and of what pays them: the account's own sum stays as it is.
    "UPDATE account SET usd = usd + :usd, diem = diem + :diem WHERE name = 'system:revenue'",
    "UPDATE account SET usd = usd - :usd, diem = diem - :diem WHERE name = 'system:grants'",
)
_SPENT = f"""
INSERT INTO key_epoch (key_id, epoch, usd, diem)
SELECT key_id, at_ms / {_EPOCH_MS}, -sum(iif(currency = 1, amount, 0)),
    -sum(iif(currency = 2, amount, 0))
FROM entry WHERE kind = 1 GROUP BY 1, 2
"""


def grow(database: Path, rows: int, keys: int) -> None:
    """Enter charges and keys, as if calls had been made for long, into a home's fresh database."""
    with closing(sqlite3.connect(database)) as connection, connection:
        account, key = connection.execute("SELECT account_id, id FROM key LIMIT 1").fetchone()
        connection.execute("INSERT OR IGNORE INTO sku (name) VALUES ('')")
        skus = {
            name: connection.execute(
                "INSERT INTO sku (name) VALUES (?) RETURNING id", (f"bench-llm-{name}-mtoken",)
            ).fetchone()[0]
            for name in ("input", "output")
        }
        named = {"account": account, "key": key, "since": SINCE_MS, **skus}
        connection.execute(_OWNER)
        connection.execute(_KEYS, {**named, "many": keys})
        connection.execute(_ENTRIES, {**named, "many": rows})
        connection.execute(_GRANT, named)
        usd, diem = connection.execute(
            "SELECT sum(iif(currency = 1, -amount, 0)), sum(iif(currency = 2, -amount, 0)) "
            "FROM entry WHERE kind = 1"
        ).fetchone()
        for statement in _SUMS:
            connection.execute(statement, {"usd": usd, "diem": diem})
        connection.execute(_SPENT)
