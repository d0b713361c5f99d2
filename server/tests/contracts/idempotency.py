"""The contract of `Idempotency`, over a store that keeps the ledger as well.

Subclass `IdempotencyContract` as `Test...` and give it the fixture `world`.
"""

from dataclasses import replace
from typing import Any

import pytest

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.call import IdempotencyKey
from fondaco.domain.money.ledger import IdempotencyRecord
from money_world import World, charge, tokens

ONCE = IdempotencyKey(key_digest=b"k" * 32, body_digest=b"b" * 32)


def record_of(
    world: World, number: int, idempotency_key: IdempotencyKey = ONCE
) -> IdempotencyRecord:
    return IdempotencyRecord(world.account_id, idempotency_key, f"{number:032x}", world.clock.now())


class IdempotencyContract:
    """The suite; a subclass has a fixture `world`."""

    async def test_the_first_call_keeps_the_key(self, world: World) -> None:
        first, second = record_of(world, 1), record_of(world, 2)
        assert await world.journal.acquire(first) == first
        assert await world.journal.acquire(second) == first

    async def test_the_body_of_the_first_call_is_kept(self, world: World) -> None:
        first = record_of(world, 1)
        await world.journal.acquire(first)
        other = replace(record_of(world, 2), idempotency_key=replace(ONCE, body_digest=b"c" * 32))
        assert (await world.journal.acquire(other)).idempotency_key.body_digest == ONCE.body_digest

    async def test_other_keys_have_other_records(self, world: World) -> None:
        await world.journal.acquire(record_of(world, 1))
        other = record_of(world, 2, replace(ONCE, key_digest=b"l" * 32))
        assert await world.journal.acquire(other) == other

    async def test_a_released_key_may_be_acquired_again(self, world: World) -> None:
        first, second = record_of(world, 1), record_of(world, 2)
        await world.journal.acquire(first)
        await world.journal.release(first)
        assert await world.journal.acquire(second) == second

    async def test_only_its_own_call_releases_a_key(self, world: World) -> None:
        first, second = record_of(world, 1), record_of(world, 2)
        await world.journal.acquire(first)
        await world.journal.release(second)
        assert await world.journal.acquire(second) == first

    async def test_records_survive_a_crash(self, world: World) -> None:
        first = record_of(world, 1)
        await world.journal.acquire(first)
        await world.crash()
        assert await world.journal.acquire(record_of(world, 2)) == first

    async def test_old_records_are_purged(self, world: World) -> None:
        await world.journal.acquire(record_of(world, 1))
        await world.journal.purge(world.clock.now())
        assert await world.journal.acquire(record_of(world, 2)) == record_of(world, 1)
        await world.journal.purge(world.clock.now() + 1)
        assert await world.journal.acquire(record_of(world, 2)) == record_of(world, 2)

    async def test_records_of_calls_without_a_charge_are_purged(self, world: World) -> None:
        await world.grant(10)
        hold = await world.hold(5)
        await hold.settle(charge(5), tokens(5), 1)
        charged = replace(record_of(world, 1), call_id=hold.call.id)
        gone = record_of(world, 2, replace(ONCE, key_digest=b"l" * 32))
        for record in (charged, gone):
            await world.journal.acquire(record)
        await world.journal.purge(0, uncharged=True)
        assert await world.journal.acquire(record_of(world, 3)) == charged
        again = replace(gone, call_id="3" * 32)
        assert await world.journal.acquire(again) == again

    async def test_a_call_with_a_charge_is_charged(self, world: World) -> None:
        await world.grant(10)
        hold = await world.hold(5)
        record = replace(record_of(world, 1), call_id=hold.call.id)
        await world.journal.acquire(record)
        assert not await world.journal.charged(record)
        await hold.settle(charge(5), tokens(5), 1)
        assert await world.journal.charged(record)

    async def test_a_release_may_be_repeated(self, world: World) -> None:
        first, second = record_of(world, 1), record_of(world, 2)
        for _ in range(2):
            await world.journal.acquire(first)
            await world.journal.release(first)
            await world.journal.release(first)
        assert await world.journal.acquire(second) == second

    async def test_the_key_alone_identifies_the_record_to_release(self, world: World) -> None:
        first = record_of(world, 1)
        await world.journal.acquire(first)
        await world.journal.release(replace(first, at=0.0))
        assert await world.journal.acquire(record_of(world, 2)) == record_of(world, 2)

    @pytest.mark.parametrize(
        "odd",
        [
            {"account_id": 999},
            {"call_id": "ab"},
            {"call_id": "no id" * 8},
            {"idempotency_key": replace(ONCE, key_digest=b"short")},
            {"idempotency_key": replace(ONCE, body_digest=b"short")},
        ],
    )
    async def test_a_record_that_breaks_a_rule_is_refused(
        self, world: World, odd: dict[str, Any]
    ) -> None:
        with pytest.raises(StorageFailedError):
            await world.journal.acquire(replace(record_of(world, 1), **odd))
        assert await world.journal.acquire(record_of(world, 2)) == record_of(world, 2)
