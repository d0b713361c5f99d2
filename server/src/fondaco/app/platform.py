"""The platform: the use cases, each with the adapters that it needs."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from fondaco.configuration import built_in_characters, read_character, tiers_of
from fondaco.domain.catalogue import Catalogue
from fondaco.domain.model import Model
from fondaco.domain.price import FREE, Charge
from fondaco.domain.usage import Usage
from fondaco.forms.watched import WatchedForms
from fondaco.ports import CharacterUses, Charges, ChatEngine, Files, Forms, Journal, Keys
from fondaco.serving.api_keys import ApiKeys
from fondaco.serving.augment import Augment
from fondaco.serving.characters import Characters
from fondaco.serving.chat import Chat
from fondaco.serving.concurrency import ConcurrentCalls
from fondaco.serving.fitting import Fitting
from fondaco.serving.guard import Guard
from fondaco.serving.keyring import Keyring
from fondaco.serving.ledger import Ledger
from fondaco.serving.limits import WindowLimits
from fondaco.serving.media import Media
from fondaco.serving.meters import Meters
from fondaco.serving.platform import Platform
from fondaco.serving.readiness import Readiness
from fondaco.serving.repeats import Repeats
from fondaco.serving.wallets import Chain, Wallets
from fondaco.settings import Settings
from fondaco.stores.characters import CharacterFolder, characters_in
from fondaco.stores.home import Home
from fondaco.stores.sqlite.charges import SqliteCharges
from fondaco.stores.sqlite.keys import SqliteKeys
from fondaco.system import SystemClock, TimedIds

log = logging.getLogger("fondaco")


@asynccontextmanager
async def opened_keys(home: Home) -> AsyncGenerator[Keys]:
    """Open the keys of a home."""
    keys = SqliteKeys(home.database)
    try:
        yield keys
    finally:
        keys.close()


@asynccontextmanager
async def opened_charges(home: Home) -> AsyncGenerator[Charges]:
    """Open the charges of a home, to be read."""
    charges = SqliteCharges(home.database)
    try:
        yield charges
    finally:
        charges.close()


@asynccontextmanager
async def opened_forms() -> AsyncGenerator[Forms]:
    """Open what judges schemas; its children start with the first of them."""
    forms = WatchedForms()
    try:
        yield forms
    finally:
        with anyio.CancelScope(shield=True):
            await forms.aclose()


def platform_of(
    settings: Settings,
    pepper: bytes,
    *,
    catalogue: Catalogue,
    engines: dict[str, ChatEngine],
    journal: Journal,
    keys: Keys,
    charges: Charges,
    uses: CharacterUses,
    chain: Chain,
    augment: Augment,
    files: Files | None,
    forms: Forms,
) -> Platform:
    """Return the use cases over the adapters given."""
    clock = SystemClock()
    meters = Meters()
    ledger = Ledger(journal, clock)
    tiers = tiers_of(settings)
    limits = WindowLimits(tiers, clock)
    guarded = settings.limits
    repeats = Repeats(journal, pepper, clock)
    ids = TimedIds()
    keyring = Keyring(keys, journal, pepper, clock)
    journal.on_change(lambda _: keyring.forget())
    api_keys = ApiKeys(keys, keyring, pepper, clock=clock, ids=ids)
    lifetime_s = settings.chain.challenge_lifetime_s
    chat = Chat(
        catalogue,
        engines,
        ledger=ledger,
        limits=limits,
        repeats=repeats,
        clock=clock,
        meters=meters,
        system_prompt=settings.chat.system_prompt,
        augment=augment,
        media=Media(catalogue, files),
        fitting=Fitting(catalogue, forms),
    )
    return Platform(
        catalogue=catalogue,
        chat=chat,
        characters=Characters(_characters(settings, clock).cast, uses, catalogue, chat),
        ledger=ledger,
        charges=charges,
        keyring=keyring,
        api_keys=api_keys,
        limits=limits,
        tiers=tiers,
        guard=Guard(clock, failures=guarded.failures, window_s=guarded.failure_window_s),
        concurrent_calls=ConcurrentCalls(guarded.concurrent_calls, clock),
        readiness=Readiness(catalogue, engines, clock, settings.server.ready_cache_s, ledger),
        meters=meters,
        clock=clock,
        ids=ids,
        repeats=repeats,
        wallets=Wallets(chain, api_keys, clock, ids, challenge_lifetime_s=lifetime_s),
    )


def _characters(settings: Settings, clock: SystemClock) -> CharacterFolder:
    folder = characters_in(settings.home)
    return CharacterFolder(folder, built_in_characters(), read_character, clock)


def charge_of(catalogue: Catalogue, model_id: str, usage: Usage) -> Charge:
    """Return what a call that a crash cut off has cost; a model that is gone costs nothing."""
    model = catalogue.entry(model_id)
    if isinstance(model, Model):
        return model.charge(usage)
    log.warning("model %s left the catalogue with a call open: not charged", model_id)
    return FREE
