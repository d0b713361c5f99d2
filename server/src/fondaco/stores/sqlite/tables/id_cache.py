"""Numbers: the small ones by which rows refer to skus and keys, looked up once."""

import sqlite3


class IdCache:
    """What was looked up so far; neither skus nor keys ever change their number."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._skus: dict[str, int] = {}
        self._keys: dict[str, int] = {}

    def sku(self, name: str) -> int:
        """Return the number of a sku, which is entered where it is new."""
        number = self._skus.get(name)
        if number is None:
            self._connection.execute(
                "INSERT INTO sku (name) VALUES (?) ON CONFLICT DO NOTHING", (name,)
            )
            found = self._connection.execute("SELECT id FROM sku WHERE name = ?", (name,))
            number = self._skus[name] = int(found.fetchone()[0])
        return number

    def key(self, key_id: str | None) -> int | None:
        """Return the number of a key, or None for no key and an unknown one."""
        if key_id is None:
            return None
        number = self._keys.get(key_id)
        if number is None:
            found = self._connection.execute(
                "SELECT id FROM key WHERE public_id = ?", (bytes.fromhex(key_id),)
            )
            row = found.fetchone()
            if row is not None:
                number = self._keys[key_id] = int(row[0])
        return number
