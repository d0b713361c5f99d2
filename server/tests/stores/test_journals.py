from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from contracts.cancelled_writes import CancelledWriteContract
from contracts.extended_holds import ExtendedHoldContract
from contracts.idempotency import IdempotencyContract
from contracts.journal import LedgerContract
from contracts.key_limits import KeyLimitContract
from contracts.quarantine import QuarantineContract
from money_world import CancellableJournal, KilledWorld, MemoryWorld, SqliteWorld, World


class InMemory:
    @pytest.fixture
    async def world(self) -> World:
        return MemoryWorld()


class OnSqlite:
    @pytest.fixture
    async def world(self, tmp_path: Path, empty_database: Path) -> AsyncGenerator[World]:
        world = SqliteWorld(tmp_path / "fondaco.sqlite3", empty_database)
        yield world
        await world.close()


class Cancellable:
    """On a store that stops a write for good when its await is cancelled, as no thread goes on."""

    @pytest.fixture
    async def world(self) -> World:
        return MemoryWorld(CancellableJournal())


class Killed:
    """On SQLite, where a crash leaves to the charge log what the database has not got yet."""

    @pytest.fixture
    async def world(self, tmp_path: Path, empty_database: Path) -> AsyncGenerator[World]:
        world = KilledWorld(tmp_path / "fondaco.sqlite3", empty_database)
        yield world
        await world.close()


class TestLedgerOfAKilledServer(Killed, LedgerContract):
    pass


class TestCancelledWritesOfAKilledServer(Killed, CancelledWriteContract):
    pass


class TestQuarantineOfAKilledServer(Killed, QuarantineContract):
    pass


class TestLedgerOnACancellableStore(Cancellable, LedgerContract):
    pass


class TestCancelledWritesInMemory(InMemory, CancelledWriteContract):
    pass


class TestCancelledWritesOnSqlite(OnSqlite, CancelledWriteContract):
    pass


class TestCancelledWritesOnACancellableStore(Cancellable, CancelledWriteContract):
    pass


class TestKeyLimitsOnACancellableStore(Cancellable, KeyLimitContract):
    pass


class TestExtendedHoldsOnACancellableStore(Cancellable, ExtendedHoldContract):
    pass


class TestLedgerInMemory(InMemory, LedgerContract):
    pass


class TestLedgerOnSqlite(OnSqlite, LedgerContract):
    pass


class TestKeyLimitsInMemory(InMemory, KeyLimitContract):
    pass


class TestKeyLimitsOnSqlite(OnSqlite, KeyLimitContract):
    pass


class TestIdempotencyInMemory(InMemory, IdempotencyContract):
    pass


class TestIdempotencyOnSqlite(OnSqlite, IdempotencyContract):
    pass


class TestQuarantineInMemory(InMemory, QuarantineContract):
    pass


class TestQuarantineOnSqlite(OnSqlite, QuarantineContract):
    pass


class TestExtendedHoldsInMemory(InMemory, ExtendedHoldContract):
    pass


class TestExtendedHoldsOnSqlite(OnSqlite, ExtendedHoldContract):
    pass
