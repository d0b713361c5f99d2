from collections.abc import AsyncGenerator

import anyio
import anyio.lowlevel
import pytest

from fondaco.chain.rule import RuleStakes
from fondaco.domain.errors import (
    ChainUnavailableError,
    FondacoError,
    ProofRefusedError,
    RateLimitExceededError,
    StorageFailedError,
    UnauthorizedError,
)
from fondaco.domain.money.account import Account, KeyType
from fondaco.domain.money.epoch import SECONDS
from fondaco.domain.money.money import Funds
from fondaco.domain.money.wallet import Challenge, Proof
from fondaco.ports import Stakes
from fondaco.serving.access.api_keys import ApiKeys
from fondaco.serving.access.key_ring import KeyRing
from fondaco.serving.access.nonces import Nonces
from fondaco.serving.access.wallets import WalletPorts, Wallets
from fondaco.serving.billing.ledger import Ledger
from fondaco.stores.memory.accounts import MemoryAccounts
from fondaco.stores.memory.journal import MemoryJournal, MemoryKeys
from fondaco.system import TimedIds
from money_world import NOON, TestClock

ADA, BOB = "0x" + "ad" * 20, "0x" + "b0" * 20
MIDNIGHT = NOON + SECONDS / 2


class PlainChallenges:
    """Challenges that anybody could write: who may is not in question here."""

    async def write(self, challenge: Challenge) -> str:
        await anyio.lowlevel.checkpoint()
        return f"{challenge.nonce} {challenge.issued_at} {challenge.expires_at}"

    async def read(self, text: str) -> Challenge:
        await anyio.lowlevel.checkpoint()
        nonce, issued_at, expires_at = text.split(" ")
        return Challenge(nonce, int(issued_at), int(expires_at))


class HonestSigners:
    """Signatures that are always those of the wallet."""

    async def signer(self, proof: Proof) -> str:
        await anyio.lowlevel.checkpoint()
        return proof.address


class Stake:
    """A chain that a test changes."""

    def __init__(self) -> None:
        self.allocations: dict[str, int] = {}
        self.broken: set[str] = set()
        self.read = anyio.Event()
        """Set when somebody asks."""
        self.clock = TestClock()

    async def allocation(self, wallet: str) -> int | None:
        await anyio.lowlevel.checkpoint()
        self.read.set()
        if wallet in self.broken:
            raise ChainUnavailableError
        return self.allocations.get(wallet)


class FailingAccounts(MemoryAccounts):
    """Accounts whose storage can be taken away."""

    broken = False

    async def with_wallets(self) -> list[Account]:
        if self.broken:
            raise StorageFailedError
        return list(await super().with_wallets())


class Town:
    """Wallets over stores in memory, with a clock and a chain that the test owns."""

    def __init__(self, stakes: Stakes | None = None) -> None:
        self.stake = Stake()
        self.clock = self.stake.clock
        self.journal = MemoryJournal()
        keys = MemoryKeys(self.journal)
        self.accounts = FailingAccounts(self.journal, keys)
        self.ledger = Ledger(self.journal, self.clock)
        api_keys = ApiKeys(
            keys,
            KeyRing(keys, self.journal, b"p", self.clock),
            b"p",
            clock=self.clock,
            ids=TimedIds(),
        )
        chain = WalletPorts(PlainChallenges(), HonestSigners(), stakes or self.stake, self.accounts)
        self.wallets = Wallets(chain, api_keys, self.clock, TimedIds(), tick_s=0.001)

    async def key(self, wallet: str, text: str | None = None) -> int:
        """Return the id of the account that a key was made for."""
        proof = Proof(wallet, text or await self.wallets.challenge(), "")
        return (await self.wallets.issue(proof, KeyType.INFERENCE, "tests")).key.account_id

    async def read_at(self, timestamp: float) -> bool:
        """Move the clock to so many seconds after midnight; return whether stakes are read then."""
        self.stake.read = anyio.Event()
        self.clock.at = MIDNIGHT + timestamp
        for _ in range(20):  # rounds of the loop under test
            await anyio.sleep(0.002)
        return self.stake.read.is_set()

    async def expect_reading(self, timestamp: float) -> None:
        """Move the clock to so many seconds after midnight, and wait for the stakes to be read."""
        self.stake.read = anyio.Event()
        self.clock.at = MIDNIGHT + timestamp
        with anyio.fail_after(10):
            await self.stake.read.wait()
        await anyio.sleep(0.01)  # the loop decides when to read next


@pytest.fixture
async def town() -> Town:
    town = Town()
    town.stake.allocations = {ADA: 50, BOB: 20}
    return town


@pytest.fixture
async def running(town: Town) -> AsyncGenerator[Town]:
    await town.key(ADA)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(town.wallets.run)
        await town.expect_reading(-SECONDS / 2)
        yield town
        tasks.cancel_scope.cancel()


async def test_a_challenge_is_good_for_ten_minutes(town: Town) -> None:
    text = await town.wallets.challenge()
    town.clock.at += 599
    await town.key(ADA, text)
    late = await town.wallets.challenge()
    town.clock.at += 600
    with pytest.raises(ProofRefusedError, match="expired"):
        await town.key(ADA, late)


async def test_what_expires_while_the_chain_is_asked_makes_a_key_once(town: Town) -> None:
    text = await town.wallets.challenge()
    town.clock.at += 599.5
    await town.key(ADA, text)
    town.clock.at += 1
    with pytest.raises(ProofRefusedError, match="expired"):
        await town.key(ADA, text)


async def test_who_unstakes_has_nothing_in_the_next_epoch(town: Town) -> None:
    account_id = await town.key(ADA)
    assert await town.ledger.balance(account_id) == Funds(diem=50)
    del town.stake.allocations[ADA]
    assert await town.wallets.refresh()
    assert await town.ledger.balance(account_id) == Funds(diem=50)
    town.clock.at += SECONDS
    assert await town.ledger.balance(account_id) == Funds()


async def test_who_stakes_more_has_it_at_once(town: Town) -> None:
    account_id = await town.key(ADA)
    assert await town.ledger.balance(account_id) == Funds(diem=50)
    town.stake.allocations[ADA] = 70
    assert await town.wallets.refresh()
    assert await town.ledger.balance(account_id) == Funds(diem=70)


async def test_staking_again_and_again_gives_nothing_twice(town: Town) -> None:
    account_id = await town.key(ADA)
    await town.ledger.balance(account_id)
    for allocation in (1, 50, 1, 50):
        town.stake.allocations[ADA] = allocation
        await town.key(ADA)
    assert await town.ledger.balance(account_id) == Funds(diem=50)


async def test_a_stake_that_cannot_be_read_stays_as_it_was(town: Town) -> None:
    ada, bob = await town.key(ADA), await town.key(BOB)
    town.stake.allocations = {ADA: 1, BOB: 1}
    town.stake.broken = {ADA}
    assert not await town.wallets.refresh()
    town.clock.at += SECONDS
    assert await town.ledger.balance(ada) == Funds(diem=50)
    assert await town.ledger.balance(bob) == Funds(diem=1)


async def test_accounts_that_cannot_be_read_are_no_end_of_the_loop(town: Town) -> None:
    town.accounts.broken = True
    assert not await town.wallets.refresh()


async def test_a_changed_rule_is_followed() -> None:
    town = Town(RuleStakes({"*": 30}))
    account_id = await town.key(ADA)
    assert await town.ledger.balance(account_id) == Funds(diem=30)


async def test_stakes_are_read_around_midnight_and_else_not(running: Town) -> None:
    assert not await running.read_at(-3600)
    await running.expect_reading(-59)
    assert not await running.read_at(30)
    await running.expect_reading(61)
    assert not await running.read_at(40_000)
    await running.expect_reading(SECONDS + 61)


async def test_after_a_failure_stakes_are_read_within_the_hour(running: Town) -> None:
    running.stake.broken = {ADA}
    await running.expect_reading(61)
    assert not await running.read_at(3600)
    running.stake.broken = set()
    await running.expect_reading(3700)
    assert not await running.read_at(8000)


async def test_without_stakes_the_refusal_says_what_to_configure() -> None:
    town = Town()
    chain = WalletPorts(PlainChallenges(), HonestSigners(), None, town.accounts)
    wallets = Wallets(chain, town.wallets._api_keys, town.clock, TimedIds())
    with pytest.raises(UnauthorizedError, match=r"\[chain\]"):
        await wallets.issue(Proof(ADA, "", ""), KeyType.ADMIN, "tests")
    assert await wallets.refresh()


async def test_the_memory_of_nonces_is_bounded_and_empties_itself() -> None:
    clock = TestClock()
    nonces = Nonces(clock, most=2)
    for nonce in ("a", "b"):
        with nonces.using(Challenge(nonce, 0, int(NOON) + 10)):
            pass
    with pytest.raises(RateLimitExceededError), nonces.using(Challenge("c", 0, int(NOON) + 20)):
        pass
    clock.at += 10
    with nonces.using(Challenge("c", 0, int(NOON) + 20)):
        pass
    with pytest.raises(ProofRefusedError, match="used before"):
        nonces.expect_usable(Challenge("c", 0, int(NOON) + 20))


async def test_a_nonce_comes_back_after_an_error_but_not_after_a_hang_up() -> None:
    nonces, challenge = Nonces(TestClock()), Challenge("a", 0, int(NOON) + 10)
    with pytest.raises(FondacoError), nonces.using(challenge):
        raise StorageFailedError
    nonces.expect_usable(challenge)
    with anyio.CancelScope() as scope, nonces.using(challenge):
        scope.cancel()
        await anyio.sleep(1)
    with pytest.raises(ProofRefusedError):
        nonces.expect_usable(challenge)
