"""The keyring: what it remembers, and for how long."""

import pytest

from fondaco.domain.account import Account, Key, KeyType, digest
from fondaco.domain.errors import InvalidApiKeyError
from fondaco.serving.keyring import Keyring
from fondaco.stores.memory import MemoryJournal, MemoryKeys
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
def keyring(keys: CountedKeys) -> Keyring:
    return Keyring(keys, MemoryJournal(), PEPPER, SystemClock())


async def refused(keyring: Keyring, secret: str = SECRET) -> None:
    with pytest.raises(InvalidApiKeyError):
        await keyring.unlock(secret)


async def test_a_secret_without_a_key_is_looked_up_once(
    keyring: Keyring, keys: CountedKeys
) -> None:
    for _ in range(3):
        await refused(keyring)
    assert keys.asked == 1
    await refused(keyring, "another")
    assert keys.asked == 2


async def test_a_key_that_is_made_later_is_found_once_the_keyring_has_forgotten(
    keyring: Keyring, keys: CountedKeys
) -> None:
    await refused(keyring)
    key = Key("k" * 32, 10, KeyType.ADMIN, "", SECRET, created_at=0.0)
    keys.put(Account(10, "tests"), digest(PEPPER, SECRET), key)
    keyring.forget()
    assert await keyring.unlock(SECRET) == (key, Account(10, "tests"))


async def test_no_more_unknown_secrets_are_remembered_than_fit_in_memory(
    keyring: Keyring, keys: CountedKeys
) -> None:
    for number in range(4_097):
        await refused(keyring, str(number))
    await refused(keyring, "4096")
    assert keys.asked == 4_097
    await refused(keyring, "0")
    assert keys.asked == 4_098
