"""What the port `Keys` promises, as a suite to be run against each of its adapters.

Subclass `KeysContract` as `Test...` and give it the fixture `world`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import anyio
import pytest

from fondaco.domain.errors import TooManyKeysError
from fondaco.domain.money.account import UNLIMITED, ConsumptionLimit, Key, KeyType
from fondaco.domain.money.epoch import epoch_of
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency, Funds
from fondaco.ports import Journal, Keys, KeyUses
from money_world import NOON

OWN, FOREIGN = 4, 5
"""The accounts of every world; both have a dollar and a DIEM."""
NAMES = {OWN: "own", FOREIGN: "foreign"}
UNKNOWN = "00" * 16

_numbers = count(1)


@dataclass
class KeysWorld:
    """A store of keys, and the journal beside it."""

    keys: Keys
    journal: Journal
    uses: KeyUses

    async def charge(self, key_id: str, epoch: int, *, usd: int = 0, diem: int = 0) -> None:
        for currency, amount in ((Currency.USD, usd), (Currency.DIEM, diem)):
            call_id = f"{next(_numbers):032x}"
            kind = EntryKind.CHARGE
            entry = Entry(OWN, kind, currency, -amount, NOON, call_id, key_id, "sku", epoch=epoch)
            await self.journal.write([entry])

    async def use(self, key_id: str, at: float) -> None:
        self.uses.record_uses({key_id: at})
        await self.journal.write(())  # ends when what came before is there


def key_of(account_id: int = OWN, *, at: float = NOON, ends: float | None = None) -> Key:
    number = next(_numbers)
    return Key(
        id=f"{number:032x}",
        account_id=account_id,
        type=KeyType.INFERENCE,
        description=f"key {number}",
        last6="abcdef",
        created_at=at,
        expires_at=ends,
        limit=ConsumptionLimit(usd=1, diem=10**18, vcu=0),
    )


def hash_of(key: Key) -> bytes:
    return bytes.fromhex(key.id * 2)


async def kept(world: KeysWorld, *keys: Key, most_active: int = 500) -> None:
    for key in keys:
        await world.keys.add(key, hash_of(key), most_active)


def described(text: str) -> Callable[[Key], Key]:
    return lambda key: replace(key, description=text)


class KeysContract:
    """The suite; a subclass has a fixture `world` without keys."""

    async def test_a_key_is_found_by_its_hash_with_its_account(self, world: KeysWorld) -> None:
        key = key_of()
        await kept(world, key_of(FOREIGN), key)
        found = await world.keys.find(hash_of(key))
        assert found is not None
        assert found[0] == key
        assert (found[1].id, found[1].name) == (OWN, "own")
        assert await world.keys.find(b"?" * 32) is None

    async def test_active_keys_are_an_accounts_own_and_the_oldest_comes_first(
        self, world: KeysWorld
    ) -> None:
        keys = [key_of(), key_of(FOREIGN), key_of()]
        await kept(world, *keys)
        active = await world.keys.active(OWN, NOON)
        assert [report.key for report in active] == [keys[0], keys[2]]

    async def test_a_key_is_active_until_the_moment_of_its_end(self, world: KeysWorld) -> None:
        key = key_of(ends=NOON + 1)
        await kept(world, key)
        assert [report.key for report in await world.keys.active(OWN, NOON + 0.999)] == [key]
        assert await world.keys.active(OWN, NOON + 1) == []
        report = await world.keys.report(OWN, key.id, NOON + 1)
        assert report is not None
        assert report.key == key

    async def test_a_revoked_key_is_in_no_report_and_found_as_revoked(
        self, world: KeysWorld
    ) -> None:
        key = key_of()
        await kept(world, key)
        assert await world.keys.revoke(OWN, key.id, NOON)
        assert await world.keys.active(OWN, NOON) == []
        assert await world.keys.report(OWN, key.id, NOON) is None
        found = await world.keys.find(hash_of(key))
        assert found is not None
        assert found[0].revoked
        assert not await world.keys.revoke(OWN, key.id, NOON)

    async def test_a_key_of_another_account_is_as_good_as_none(self, world: KeysWorld) -> None:
        key = key_of(FOREIGN)
        await kept(world, key)
        for key_id in (key.id, UNKNOWN):
            assert await world.keys.report(OWN, key_id, NOON) is None
            assert not await world.keys.change(OWN, key_id, described("mine"))
            assert not await world.keys.revoke(OWN, key_id, NOON)
        report = await world.keys.report(FOREIGN, key.id, NOON)
        assert report is not None
        assert report.key == key

    async def test_a_change_is_of_description_end_and_limit_alone(self, world: KeysWorld) -> None:
        key = key_of()
        await kept(world, key)
        wanted = replace(
            key, description="new", expires_at=NOON + 9, limit=UNLIMITED, type=KeyType.ADMIN
        )
        assert await world.keys.change(OWN, key.id, lambda _: wanted)
        found = await world.keys.find(hash_of(key))
        assert found is not None
        assert found[0] == replace(wanted, type=KeyType.INFERENCE)

    async def test_a_change_that_is_refused_changes_nothing(self, world: KeysWorld) -> None:
        key = key_of()
        await kept(world, key)

        def refuse(_: Key) -> Key:
            raise TooManyKeysError

        with pytest.raises(TooManyKeysError):
            await world.keys.change(OWN, key.id, refuse)
        found = await world.keys.find(hash_of(key))
        assert found is not None
        assert found[0] == key
        assert await world.keys.revoke(OWN, key.id, NOON)  # nothing is left half-way
        assert not await world.keys.change(OWN, key.id, described("new"))

    async def test_changes_at_once_do_not_undo_each_other(self, world: KeysWorld) -> None:
        key = replace(key_of(), description="")
        await kept(world, key)

        async def append(letter: str) -> None:
            def longer(key: Key) -> Key:
                return replace(key, description=key.description + letter)

            await world.keys.change(OWN, key.id, longer)

        async with anyio.create_task_group() as tasks:
            for letter in "abcdefgh":
                tasks.start_soon(append, letter)
        report = await world.keys.report(OWN, key.id, NOON)
        assert report is not None
        assert sorted(report.key.description) == list("abcdefgh")

    async def test_no_more_keys_than_the_most_can_be_active_at_a_time(
        self, world: KeysWorld
    ) -> None:
        ending, lasting = key_of(ends=NOON + 5), key_of()
        await kept(world, key_of(FOREIGN), ending, lasting, most_active=2)
        refused = key_of()
        with pytest.raises(TooManyKeysError):
            await kept(world, refused, most_active=2)
        assert await world.keys.find(hash_of(refused)) is None
        await kept(world, key_of(at=NOON + 5), most_active=2)  # in the place of the expired one
        await world.keys.revoke(OWN, lasting.id, NOON + 5)
        await kept(world, key_of(at=NOON + 5), most_active=2)  # in the place of the revoked one
        assert len(await world.keys.active(OWN, NOON + 5)) == 2

    async def test_50_keys_at_once_with_room_for_10_make_exactly_10(self, world: KeysWorld) -> None:
        refusals = []

        async def add() -> None:
            try:
                await kept(world, key_of(), most_active=10)
            except TooManyKeysError as refusal:
                refusals.append(refusal)

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(add)
        assert len(await world.keys.active(OWN, NOON)) == 10
        assert len(refusals) == 40

    async def test_a_report_sums_up_seven_epochs(self, world: KeysWorld) -> None:
        key, other = key_of(), key_of()
        await kept(world, key, other)
        today = epoch_of(NOON)
        for ago, amount in ((0, 1), (6, 20), (7, 300)):
            await world.charge(key.id, today - ago, usd=amount, diem=2 * amount)
        await world.charge(other.id, today, usd=7)
        report = await world.keys.report(OWN, key.id, NOON)
        assert report is not None
        assert report.spent == Funds(usd=21, diem=42)
        active = await world.keys.active(OWN, NOON)
        assert [one.spent for one in active] == [Funds(usd=21, diem=42), Funds(usd=7)]

    async def test_the_last_use_is_the_latest_in_the_journal(self, world: KeysWorld) -> None:
        key = key_of()
        await kept(world, key)
        await world.use(key.id, NOON + 1.5)
        await world.use(key.id, NOON + 3.25)
        report = await world.keys.report(OWN, key.id, NOON)
        found = await world.keys.find(hash_of(key))
        assert report is not None
        assert found is not None
        assert (report.key.used_at, found[0].used_at) == (NOON + 3.25, NOON + 3.25)
