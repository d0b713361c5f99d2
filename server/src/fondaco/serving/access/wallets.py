"""Wallets: issues keys for signed challenges, and keeps allocations in line with stakes."""

import logging
from dataclasses import dataclass

import anyio

from fondaco.domain.errors import FondacoError, UnauthorizedError
from fondaco.domain.money.account import UNLIMITED, Account, ConsumptionLimit, KeyType, NewKey
from fondaco.domain.money.epoch import begins, epoch_of
from fondaco.domain.money.wallet import Challenge, Proof
from fondaco.ports import Accounts, Challenges, Clock, Ids, Signatures, Stakes
from fondaco.serving.access.api_keys import ApiKeys
from fondaco.serving.access.nonces import Nonces

log = logging.getLogger("fondaco.wallets")

_MARGIN_S = 60
"""Margin after the start and before the end of an epoch at which stakes are read again."""
_AGAIN_S = 3600
"""Delay before a stake that could not be read is read again."""


@dataclass(frozen=True, slots=True)
class WalletPorts:
    """The ports that wallets use."""

    challenges: Challenges
    signatures: Signatures
    stakes: Stakes | None
    """None: allocations are not configured, so no wallet gets a key."""
    accounts: Accounts


class Wallets:
    """Issues keys for wallets, one for each signed challenge, and updates their allocations."""

    def __init__(
        self,
        chain: WalletPorts,
        api_keys: ApiKeys,
        clock: Clock,
        ids: Ids,
        *,
        challenge_lifetime_s: float = 600.0,
        tick_s: float = 5.0,
    ) -> None:
        """Check every `tick_s` seconds whether stakes are due to be read again."""
        self._chain = chain
        self._api_keys = api_keys
        self._clock = clock
        self._ids = ids
        self._lifetime_s = challenge_lifetime_s
        self._tick_s = tick_s
        self._nonces = Nonces(clock)

    @property
    def watches_stakes(self) -> bool:
        """Whether allocations follow stakes, so that `run` has work to do."""
        return self._chain.stakes is not None

    async def challenge(self) -> str:
        """Return a challenge for a wallet to sign."""
        now = int(self._clock.now())
        challenge = Challenge(self._ids.key(), now, now + max(1, int(self._lifetime_s)))
        return await self._chain.challenges.write(challenge)

    async def issue(
        self,
        proof: Proof,
        type_: KeyType,
        description: str,
        *,
        expires_at: float | None = None,
        limit: ConsumptionLimit = UNLIMITED,
    ) -> NewKey:
        """Create a key for the wallet that signed; its first key opens the account.

        Args:
            proof: a challenge of this server, signed.
            type_: what the key may do.
            description: what it is for.
            expires_at: Unix seconds; None: it never ends.
            limit: what it may spend in an epoch.

        Raises:
            InvalidRequestError: the address is mistyped.
            ProofRefusedError: the proof is not the wallet's, or has expired, or was used before.
            UnauthorizedError: the wallet has no stake, or its account is disabled.
            ChainUnavailableError: its stake cannot be read now.
            RateLimitExceededError, TooManyKeysError: it has made too many keys.
        """
        stakes = self._chain.stakes
        if stakes is None:
            raise UnauthorizedError(
                "This server does not issue wallet keys. The operator must configure the "
                "allocation of a stake: see [chain] in the settings."
            )
        challenge = await self._chain.challenges.read(proof.text)
        self._nonces.expect_usable(challenge)
        wallet = await self._chain.signatures.signer(proof)
        with self._nonces.using(challenge):
            allocation = await stakes.allocation(wallet)
            if allocation is None:
                raise UnauthorizedError(
                    f"The wallet {wallet!r} has no stake that gives an allocation of DIEM on this server."
                )
            now = self._clock.now()
            account = await self._chain.accounts.of_wallet(wallet, allocation, now)
            if account.disabled:
                raise UnauthorizedError(f"The account {account.name!r} is disabled.")
            return await self._api_keys.issue(
                account.id, type_, description, expires_at=expires_at, limit=limit
            )

    async def run(self) -> None:
        """Read all stakes again at the turn of each epoch, until cancelled.

        Before its end, so that an unstaked wallet gets nothing in the next one; and after its
        beginning, so that a wallet that unstaked in between gets none.
        """
        due = self._clock.now()
        while True:
            if self._clock.now() >= due:
                well = await self.refresh()
                due = _next_reading(self._clock.now(), well=well)
            await anyio.sleep(self._tick_s)

    async def refresh(self) -> bool:
        """Set every wallet's allocation by its current stake; return whether all could be read.

        An account whose stake cannot be read keeps what it has.
        """
        try:
            accounts = await self._chain.accounts.with_wallets()
        except FondacoError as error:
            log.warning("the accounts of wallets cannot be read: %s", type(error).__name__)
            return False
        failed = 0
        for account in accounts:
            try:
                await self._follow(account)
            except FondacoError:
                failed += 1
        if failed:
            log.warning("the stakes of %d of %d wallets cannot be read", failed, len(accounts))
        return not failed

    async def _follow(self, account: Account) -> None:
        stakes = self._chain.stakes
        if stakes is None or account.wallet is None:
            return
        allocation = await stakes.allocation(account.wallet) or 0
        if allocation != account.diem_allocation:
            await self._chain.accounts.allocate(account.id, allocation, self._clock.now())


def _next_reading(now: float, *, well: bool) -> float:
    """Return when stakes are to be read next, having been read at `now`.

    >>> _next_reading(0.0, well=True), _next_reading(100.0, well=True), _next_reading(0.0, well=False)
    (60, 86340, 60)
    """
    epoch = epoch_of(now)
    timestamps = (
        begins(epoch) + _MARGIN_S,
        begins(epoch + 1) - _MARGIN_S,
        begins(epoch + 1) + _MARGIN_S,
    )
    planned = next(timestamp for timestamp in timestamps if timestamp > now)
    return planned if well else min(planned, now + _AGAIN_S)
