"""Id cache: the row ids of skus and keys, looked up once."""

import sqlite3


class IdCache:
    """Caches row ids, which never change."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._skus: dict[str, int] = {}
        self._keys: dict[str, int] = {}

    def sku(self, name: str) -> int:
        """Return the row id of a sku; insert the sku if it is new."""
        number = self._skus.get(name)
        if number is None:
            self._connection.execute(
                "INSERT INTO sku (name) VALUES (?) ON CONFLICT DO NOTHING", (name,)
            )
            cursor = self._connection.execute("SELECT id FROM sku WHERE name = ?", (name,))
            number = self._skus[name] = int(cursor.fetchone()[0])
        return number

    def key(self, key_id: str | None) -> int | None:
        """Return the row id of a key; None for no key or an unknown one."""
        if key_id is None:
            return None
        number = self._keys.get(key_id)
        if number is None:
            cursor = self._connection.execute(
                "SELECT id FROM key WHERE public_id = ?", (bytes.fromhex(key_id),)
            )
            row = cursor.fetchone()
            if row is not None:
                number = self._keys[key_id] = int(row[0])
        return number
