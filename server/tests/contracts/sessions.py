"""What the port `SessionStore` promises, as a suite to be run against each of its adapters.

Subclass `SessionsContract` as `Test...` and give it the fixture `world`.
"""

from dataclasses import dataclass

import anyio
import pytest

from contracts.keys import FOREIGN, OWN, hash_of, key_of
from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.account import Key
from fondaco.ports import Keys, SessionStore
from money_world import NOON

ONE, TWO, THREE = (bytes([number]) * 32 for number in (1, 2, 3))
UNKNOWN = "00" * 16


@dataclass
class SessionsWorld:
    """A store of sessions, and the keys beside it."""

    sessions: SessionStore
    keys: Keys

    async def key(self, account_id: int = OWN) -> Key:
        key = key_of(account_id)
        await self.keys.add(key, hash_of(key), 500)
        return key

    async def open(
        self, digest: bytes, key: Key, at: float = NOON, *, idle_s: float = 100, most: int = 9
    ) -> None:
        await self.sessions.open(digest, key.id, at, idle_since=at - idle_s, most=most)

    async def add_login(
        self,
        digest: bytes,
        account_id: int = OWN,
        at: float = NOON,
        *,
        lasts_s: float = 10,
        most: int = 9,
    ) -> None:
        await self.sessions.add_login(digest, account_id, at, expires_at=at + lasts_s, most=most)

    async def there(self, *digests: bytes) -> list[bytes]:
        return [one for one in digests if await self.sessions.find(one) is not None]


class SessionsContract:
    """The suite; a subclass has a fixture `world` without sessions."""

    async def test_a_session_is_found_with_its_key_and_account(self, world: SessionsWorld) -> None:
        key = await world.key()
        await world.open(ONE, key)
        found = await world.sessions.find(ONE)
        assert found is not None
        assert (found.key, found.account.id, found.account.name) == (key, OWN, "own")
        assert found.used_at == NOON
        assert await world.sessions.find(TWO) is None

    async def test_a_session_of_a_revoked_key_is_found_as_such(self, world: SessionsWorld) -> None:
        key = await world.key()
        await world.open(ONE, key)
        await world.keys.revoke(OWN, key.id, NOON)
        found = await world.sessions.find(ONE)
        assert found is not None
        assert found.key.revoked

    async def test_no_session_belongs_to_a_key_that_does_not_exist(
        self, world: SessionsWorld
    ) -> None:
        with pytest.raises(StorageFailedError):
            await world.sessions.open(ONE, UNKNOWN, NOON, idle_since=0.0, most=9)
        assert await world.there(ONE) == []

    async def test_the_latest_use_counts_in_whatever_order_uses_are_recorded(
        self, world: SessionsWorld
    ) -> None:
        await world.open(ONE, await world.key())
        for at in (NOON + 5, NOON + 3):
            await world.sessions.record_use(ONE, at)
        await world.sessions.record_use(TWO, NOON)  # there is none
        found = await world.sessions.find(ONE)
        assert found is not None
        assert found.used_at == NOON + 5

    async def test_a_closed_session_is_gone_and_closing_it_again_is_nothing(
        self, world: SessionsWorld
    ) -> None:
        key = await world.key()
        await world.open(ONE, key)
        await world.open(TWO, key)
        for _ in range(2):
            await world.sessions.close(ONE)
        assert await world.there(ONE, TWO) == [TWO]

    async def test_all_sessions_and_logins_of_an_account_end_and_of_no_other(
        self, world: SessionsWorld
    ) -> None:
        await world.open(ONE, await world.key())
        await world.open(TWO, await world.key())
        await world.open(THREE, await world.key(FOREIGN))
        await world.add_login(ONE)
        await world.add_login(THREE, FOREIGN)
        await world.sessions.close_all(OWN)
        assert await world.there(ONE, TWO, THREE) == [THREE]
        assert await world.sessions.take_login(ONE, NOON) is None
        assert await world.sessions.take_login(THREE, NOON) == FOREIGN

    async def test_all_sessions_of_a_key_end_and_of_no_other(self, world: SessionsWorld) -> None:
        key = await world.key()
        await world.open(ONE, key)
        await world.open(TWO, await world.key())
        await world.add_login(ONE)
        await world.sessions.close_all(FOREIGN, key.id)  # whose key it is not
        assert await world.there(ONE, TWO) == [ONE, TWO]
        await world.sessions.close_all(OWN, key.id)
        assert await world.there(ONE, TWO) == [TWO]
        assert await world.sessions.take_login(ONE, NOON) == OWN

    async def test_a_new_session_deletes_those_of_all_keys_that_are_idle(
        self, world: SessionsWorld
    ) -> None:
        await world.open(ONE, await world.key())
        await world.open(TWO, await world.key(FOREIGN), NOON + 0.001)
        await world.open(THREE, await world.key(), NOON + 100)
        assert await world.there(ONE, TWO, THREE) == [TWO, THREE]

    async def test_of_too_many_sessions_of_a_key_the_one_used_longest_ago_ends(
        self, world: SessionsWorld
    ) -> None:
        key = await world.key()
        await world.open(b"f" * 32, await world.key(), NOON)
        await world.open(ONE, key, NOON + 1)
        await world.open(TWO, key, NOON + 2)
        await world.sessions.record_use(ONE, NOON + 3)
        await world.open(THREE, key, NOON + 4, most=2)
        assert await world.there(b"f" * 32, ONE, TWO, THREE) == [b"f" * 32, ONE, THREE]

    async def test_a_login_is_good_once(self, world: SessionsWorld) -> None:
        await world.add_login(ONE)
        await world.add_login(TWO, FOREIGN)
        assert await world.sessions.take_login(THREE, NOON) is None
        assert [await world.sessions.take_login(ONE, NOON + 9.999) for _ in range(2)] == [OWN, None]
        assert await world.sessions.take_login(TWO, NOON) == FOREIGN

    async def test_a_login_is_good_until_it_expires(self, world: SessionsWorld) -> None:
        await world.add_login(ONE)
        assert await world.sessions.take_login(ONE, NOON + 10) is None

    async def test_of_many_who_take_one_login_at_once_one_gets_it(
        self, world: SessionsWorld
    ) -> None:
        await world.add_login(ONE)
        got: list[int | None] = []

        async def take() -> None:
            got.append(await world.sessions.take_login(ONE, NOON))

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(take)
        assert sorted(got, key=str) == [OWN, *[None] * 9]

    async def test_no_login_is_for_an_account_that_does_not_exist(
        self, world: SessionsWorld
    ) -> None:
        with pytest.raises(StorageFailedError):
            await world.add_login(ONE, 99)

    async def test_of_too_many_logins_of_an_account_the_first_to_expire_goes(
        self, world: SessionsWorld
    ) -> None:
        await world.add_login(ONE, lasts_s=30)
        await world.add_login(TWO, lasts_s=20)
        await world.add_login(b"f" * 32, FOREIGN)
        await world.add_login(THREE, lasts_s=20.001, most=2)
        taken = [await world.sessions.take_login(one, NOON) for one in (ONE, TWO, b"f" * 32, THREE)]
        assert taken == [OWN, None, FOREIGN, OWN]
