"""The key ring caches keys, and secrets without a key, until it is invalidated."""

import pytest

from fondaco.domain.errors import InvalidApiKeyError
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.serving.access.key_ring import KeyRing
from fondaco.stores.memory.journal import MemoryJournal, MemoryKeys
from fondaco.system import SystemClock

PEPPER = b"pepper"
SECRET = "secret"


class CountedKeys(MemoryKeys):
    """Keys that count how often they are asked."""

    asked = 0

    async def find(self, digest: bytes) -> tuple[Key, Account] | None:
        self.asked += 1
        return await super().find(digest)


@pytest.fixture
def keys() -> CountedKeys:
    return CountedKeys(MemoryJournal())


@pytest.fixture
def key_ring(keys: CountedKeys) -> KeyRing:
    return KeyRing(keys, MemoryJournal(), PEPPER, SystemClock())


async def refused(key_ring: KeyRing, secret: str = SECRET) -> None:
    with pytest.raises(InvalidApiKeyError):
        await key_ring.authenticate(secret)


async def test_a_secret_without_a_key_is_looked_up_once(
    key_ring: KeyRing, keys: CountedKeys
) -> None:
    for _ in range(3):
        await refused(key_ring)
    assert keys.asked == 1
    await refused(key_ring, "another")
    assert keys.asked == 2


async def test_a_key_that_is_made_later_is_found_once_the_keyring_has_forgotten(
    key_ring: KeyRing, keys: CountedKeys
) -> None:
    await refused(key_ring)
    key = Key("k" * 32, 10, KeyType.ADMIN, "", SECRET, created_at=0.0)
    keys.put(Account(10, "tests"), digest(PEPPER, SECRET), key)
    key_ring.invalidate()
    assert await key_ring.authenticate(SECRET) == (key, Account(10, "tests"))


async def test_no_more_unknown_secrets_are_remembered_than_fit_in_memory(
    key_ring: KeyRing, keys: CountedKeys
) -> None:
    for number in range(4_097):
        await refused(key_ring, str(number))
    await refused(key_ring, "4096")
    assert keys.asked == 4_097
    await refused(key_ring, "0")
    assert keys.asked == 4_098
