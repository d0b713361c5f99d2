from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from contracts.journal import LedgerContract
from money_world import MemoryWorld, SqliteWorld, World


class TestLedgerInMemory(LedgerContract):
    @pytest.fixture
    async def world(self) -> World:
        return MemoryWorld()


class TestLedgerOnSqlite(LedgerContract):
    @pytest.fixture
    async def world(self, tmp_path: Path, empty_database: Path) -> AsyncGenerator[World]:
        world = SqliteWorld(tmp_path / "fondaco.sqlite3", empty_database)
        yield world
        await world.close()
