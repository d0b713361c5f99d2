"""The ports: what the use cases need from the outside, in the words of the domain."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fondaco.domain.account import Account, Key
from fondaco.domain.call import Call
from fondaco.domain.chat import Burst, Turn
from fondaco.domain.ledger import Claim, Entry, OpenCall, Standing
from fondaco.domain.light import light
from fondaco.domain.limits import Exceedance, Quota
from fondaco.domain.model import AnyModel
from fondaco.domain.money import Currency, Funds
from fondaco.domain.wallet import Challenge, Proof
from fondaco.domain.web import Citation, Page


class Clock(Protocol):
    """The time, so that tests own it."""

    def now(self) -> float:
        """Return Unix seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...


class Ids(Protocol):
    """Fresh identifiers, so that tests own them."""

    def call(self) -> str:
        """Return a fresh identifier of 128 bits as 32 hex digits."""
        ...

    def key(self) -> str:
        """Return a fresh identifier as `call` does, all of it chance."""
        ...

    def secret_bits(self) -> int:
        """Return 256 bits that nobody can guess."""
        ...


@light
@dataclass(frozen=True, slots=True)
class Prompt:
    """A turn's prompt as an engine measured it."""

    input_tokens: int
    exact: bool = True
    """False: an upper bound, from an engine whose tokenizer is out of reach."""
    token_ids: tuple[int, ...] | None = None
    """The rendered prompt, where the engine wants it back in `chat`."""


class ChatEngine(Protocol):
    """Whatever runs a text model.

    Every method raises only errors of `domain.errors`: `EngineError` and `FieldNotTakenError` where
    another engine may still serve the call, `InvalidRequestError` where the request itself is at fault.
    """

    @property
    def name(self) -> str:
        """The engine's name in the configuration; shown as `x-venice-model-router`."""
        ...

    async def measure(self, turn: Turn) -> Prompt:
        """Count the prompt by the model's own tokenizer and chat template, before any work."""
        ...

    def chat(self, turn: Turn, prompt: Prompt | None) -> AsyncGenerator[Burst]:
        """Answer the turn; closing the generator stops the engine.

        `prompt` is what this engine's `measure` returned, or None where another engine measured.
        Each choice ends with one `Finish`; a `Counted` comes with or after the last of them where
        the engine reports usage.
        """
        ...

    async def probe(self) -> None:
        """Generate one token, to show that the engine can answer.

        Raises:
            EngineError: it cannot.
        """
        ...


class Journal(Protocol):
    """The durable side of the ledger: one writer, atomic batches, nothing lost once confirmed."""

    async def standing(self, account_id: int) -> Standing | None:
        """Return an account's balance and allocation as committed, or None for no such account.

        It never runs ahead of `on_change`: whatever of other processes is in it was told before.
        """
        ...

    def write(self, entries: Sequence[Entry], closes: str | None = None) -> Awaitable[None]:
        """Append entries and forget the open call `closes`, in one transaction.

        The write is under way when this returns; the awaitable ends once it is durable. A second
        entry with the same call, sku and currency is refused by the store. An empty write ends
        when everything before it is durable.

        Raises:
            StorageFailedError: (from the awaitable) nothing of it was written.
            AlreadyEnteredError: (from the awaitable) likewise: the store has such an entry.
        """
        ...

    def note(self, calls: Sequence[OpenCall]) -> None:
        """Record open calls and their progress; durable soon, waited for by nobody."""
        ...

    async def spent(self, key_id: str, epoch: int) -> Funds:
        """Return what a key's calls of an epoch were charged.

        Exactly the writes that were ordered before this was called are in it, and none after.
        """
        ...

    def touch(self, used: Mapping[str, float]) -> None:
        """Record when keys were last used: key id -> Unix seconds; durable soon."""
        ...

    async def claim(self, claim: Claim) -> Claim:
        """Return the claim that stands under this one's account and key: this one, or an earlier one.

        It is durable when this returns.
        """
        ...

    async def release(self, claim: Claim) -> None:
        """Forget a claim whose call was not charged, so that it may be tried again."""
        ...

    async def forget_claims(self, before: float, *, uncharged: bool = False) -> None:
        """Forget claims older than `before` (Unix seconds), or also all of calls without a charge."""
        ...

    async def open_calls(self) -> Sequence[OpenCall]:
        """Return the calls that a crash left open."""
        ...

    def on_change(self, changed: Callable[[Sequence[Entry]], None]) -> None:
        """Tell `changed` of entries that something else wrote, and of other edits with `()`.

        Several may listen; all are called on the event loop, each entry once. Any call means that
        accounts and keys may have changed as well.
        """
        ...


REPORTED_EPOCHS = 7
"""How many epochs a key's report sums up, the present one included."""


@dataclass(frozen=True, slots=True)
class KeyReport:
    """A key, and what it was charged in the last `REPORTED_EPOCHS`."""

    key: Key
    spent: Funds


class Keys(Protocol):
    """Where accounts and keys are kept. A key of another account is as good as none."""

    async def find(self, digest: bytes) -> tuple[Key, Account] | None:
        """Return the key whose secret has this keyed hash, with its account."""
        ...

    async def active(self, account_id: int, now: float) -> Sequence[KeyReport]:
        """Return an account's keys that may be used at `now` (Unix seconds), oldest first."""
        ...

    async def report(self, account_id: int, key_id: str, now: float) -> KeyReport | None:
        """Return one key of an account, an expired one too, but no revoked one."""
        ...

    async def add(self, key: Key, digest: bytes, most_active: int) -> None:
        """Keep a new key under its secret's keyed hash.

        Raises:
            TooManyKeysError: its account has `most_active` keys that may be used.
        """
        ...

    async def change(self, account_id: int, key_id: str, changed: Callable[[Key], Key]) -> bool:
        """Give a key the description, end and limit that it has in `changed(key)`.

        Nothing else changes the key between the two. Returns whether there was such a key that was
        not revoked; what `changed` raises comes through, and nothing is changed then.
        """
        ...

    async def revoke(self, account_id: int, key_id: str, at: float) -> bool:
        """End a key for good; return whether there was such a key that was not revoked."""
        ...


@dataclass(frozen=True, slots=True)
class ChargeQuery:
    """Which charges of an account are wanted, and which page of them."""

    account_id: int
    currency: Currency | None = None
    since_ms: int | None = None
    """Unix milliseconds of the earliest charge."""
    until_ms: int | None = None
    """Unix milliseconds of the latest charge."""
    newest_first: bool = True
    page: int = 1
    """From 1."""
    limit: int = 200
    """Charges on a page."""

    @property
    def offset(self) -> int:
        """How many charges are on the pages before this one."""
        return (self.page - 1) * self.limit


@dataclass(frozen=True, slots=True)
class ChargePage:
    """A page of charges, and how many there are on all pages at the same moment."""

    charges: Sequence[Entry]
    total: int


class Charges(Protocol):
    """Where charges are read again, in the order of their times."""

    async def page(self, query: ChargeQuery) -> ChargePage:
        """Return a page; one beyond the last is empty.

        Charges of one moment come in the order USD, DIEM, and within it as they were entered.
        """
        ...


class CharacterUses(Protocol):
    """How often each character was used: a number, and nothing of the chats."""

    def add(self, uses: Mapping[str, int]) -> None:
        """Count more chats: slug -> how many; durable soon."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """Return slug -> chats, with all that was added before; without those never used."""
        ...


class Permit(Protocol):
    """A call's place within its account's limits."""

    @property
    def quota(self) -> Quota:
        """What the limits show now."""
        ...

    @property
    def charged(self) -> bool:
        """Whether calls of the account's tier cost money."""
        ...

    def settle(self, tokens: int) -> None:
        """Put the tokens that the call has really consumed in place of the estimate."""
        ...

    def withdraw(self) -> None:
        """Take the call out again, as if it had never been admitted."""
        ...


class Limits(Protocol):
    """How fast accounts may ask: in this process, or in a store that several processes share."""

    async def admit(self, call: Call, model: AnyModel, tokens: int) -> Permit:
        """Take a place for a call that will consume about `tokens`: all limits hold it, or none.

        Raises:
            RateLimitExceededError: a limit of the account's tier is reached; nothing was counted.
        """
        ...

    def quota(self, account_id: int, tier: str, model: AnyModel) -> Quota:
        """Return what the limits of an account for a model show."""
        ...

    def exceeded(self, account_id: int) -> Sequence[Exceedance]:
        """Return the last 50 requests of an account that came too fast, the latest first."""
        ...


class Pages(Protocol):
    """Pages of the web, as text."""

    def expect_ready(self) -> None:
        """Return if pages can be read here.

        Raises:
            WebNotInstalledError: the libraries are missing.
        """
        ...

    async def read(self, url: str) -> Page:
        """Fetch a page, and return it as text.

        Raises:
            PageError: it could not be had, or may not be.
        """
        ...


class Search(Protocol):
    """A search engine."""

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        """Return at most so many results, the best first.

        Raises:
            SearchError: it did not answer, or has nothing to search in.
        """
        ...


class Challenges(Protocol):
    """Texts for wallets to sign, which nobody else can write."""

    async def write(self, challenge: Challenge) -> str:
        """Return a challenge as a text."""
        ...

    async def read(self, text: str) -> Challenge:
        """Return the challenge in a text that this server wrote, expired or not.

        Raises:
            ProofRefusedError: it did not.
        """
        ...


class Signatures(Protocol):
    """Who signed a text."""

    async def signer(self, proof: Proof) -> str:
        """Return the address of the wallet that signed: the claimed one, in lower case.

        Raises:
            ProofRefusedError: another wallet signed, or another text.
            InvalidRequestError: what came cannot be an address.
        """
        ...


class Stakes(Protocol):
    """What wallets have staked, and what that gives."""

    async def allocation(self, wallet: str) -> int | None:
        """Return the nano-DIEM that a wallet (its address in lower case) gets each epoch, or None.

        Raises:
            ChainUnavailableError: it cannot be told at present.
        """
        ...


class Accounts(Protocol):
    """Accounts of wallets.

    Of a new allocation, more counts at once, less from the next epoch on. What was allocated in an
    epoch stays so until its end, so going down and up again gives nothing twice.
    """

    async def of_wallet(self, wallet: str, diem_allocation: int, at: float) -> Account:
        """Return the account of a wallet with this allocation, opened where there is none."""
        ...

    async def with_wallets(self) -> Sequence[Account]:
        """Return all accounts of wallets."""
        ...

    async def allocate(self, account_id: int, diem_allocation: int, at: float) -> None:
        """Set the nano-DIEM that an account gets at each epoch."""
        ...
