"""Stores: chooses and opens the adapter of each port whose state outlives the process."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

from fondaco.ports import (
    CharacterUses,
    Charges,
    Idempotency,
    JobStore,
    Journal,
    Keys,
    KeyUses,
    ManagedAccounts,
    SessionStore,
)
from fondaco.settings import Settings
from fondaco.stores.home import Home
from fondaco.stores.sqlite.accounts.charges import SqliteCharges
from fondaco.stores.sqlite.accounts.keys import SqliteKeys
from fondaco.stores.sqlite.accounts.managed import SqliteManagedAccounts
from fondaco.stores.sqlite.jobs.jobs import SqliteJobs
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.sessions.sessions import SqliteSessions


@dataclass(frozen=True, slots=True)
class Stores:
    """One adapter for each port; several ports may share one adapter."""

    journal: Journal
    idempotency: Idempotency
    keys: Keys
    key_uses: KeyUses
    charges: Charges
    character_uses: CharacterUses
    jobs: JobStore
    sessions: SessionStore
    managed_accounts: ManagedAccounts


@asynccontextmanager
async def opened_stores(settings: Settings, home: Home) -> AsyncGenerator[Stores]:
    """Open the stores in the SQLite database of a home, and close them at the end.

    Raises:
        DatabaseUnusableError: the database cannot be opened.
    """
    with ExitStack() as opened:
        async with SqliteJournal.opened(home.database, settings.ledger.durability) as journal:

            async def flush() -> None:
                await journal.write(())

            keys = SqliteKeys(home.database, flush)
            charges = SqliteCharges(home.database, flush)
            opened.callback(keys.close)
            opened.callback(charges.close)
            managed_accounts = SqliteManagedAccounts(home.database, journal)
            opened.callback(managed_accounts.close)
            yield Stores(
                journal=journal,
                idempotency=journal,
                keys=keys,
                key_uses=journal,
                charges=charges,
                character_uses=journal,
                jobs=SqliteJobs(journal),
                sessions=SqliteSessions(journal, keys),
                managed_accounts=managed_accounts,
            )
