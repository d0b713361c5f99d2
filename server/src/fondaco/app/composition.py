"""The composition root: settings become adapters, adapters a platform, the platform an application.

`fondaco serve` and `fondaco.asgi` differ in what feeds the application's edge, and in nothing else.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio

from fondaco.app.adding.discovery import Origin, Read
from fondaco.app.adding.downloads import Fetch, ModelDownloads
from fondaco.app.background import supervised
from fondaco.app.chain import opened_chain
from fondaco.app.enclave.offering import opened_enclaves
from fondaco.app.engines import catalogue_here, opened_templates
from fondaco.app.listening import edge_of
from fondaco.app.local_engines import opened_local_engines
from fondaco.app.logs import sum_up_floods
from fondaco.app.platform import (
    charge_of,
    opened_output_formats,
    opened_sound_codec,
    platform_of,
    shared_of,
)
from fondaco.app.reloading import Reloader
from fondaco.app.stores import opened_stores
from fondaco.configuration.masking import shown_settings
from fondaco.domain.money.account import FIRST_ACCOUNT, KeyType
from fondaco.domain.money.money import nano
from fondaco.http.edge.edge import Edge
from fondaco.http.exchange.heartbeat import Heartbeat
from fondaco.imaging.codec import PillowCodec
from fondaco.modelfiles import ModelFolder
from fondaco.serving.platform import Platform
from fondaco.settings import Settings
from fondaco.sound.reader import PyAVReader
from fondaco.stores.home import Home
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.accounts.people import has_accounts
from fondaco.stores.sqlite.tables.migrate import upgrade
from fondaco.system import SystemClock


@dataclass(frozen=True, slots=True)
class Application:
    """An opened application: its edge answers exchanges, whichever front feeds them."""

    platform: Platform
    edge: Edge
    reloader: Reloader


def prepared(home: Home, settings: Settings) -> str | None:
    """Bring a home's database up to date; return the secret of the ADMIN key that a first start makes.

    The home is locked by the caller.

    Raises:
        DatabaseUnusableError, NewerDatabaseError: the database cannot be used.
        PepperLostError, HomeUnusableError: the secret of the home's keys is gone.
    """
    upgrade(home.database)
    home.pepper()  # a lost one ends the start before anything is opened
    return _first_key(settings, home)


def _first_key(settings: Settings, home: Home) -> str | None:
    """Create the first account and its ADMIN key, unless there is an account."""
    if has_accounts(home.database):
        return None
    admin_store = AdminStore(home.database, home.pepper(), SystemClock())
    admin_store.open_account(
        FIRST_ACCOUNT,
        usd=nano(settings.ledger.first_account_usd),
        diem_allocation=nano(settings.ledger.first_account_diem),
    )
    return admin_store.make_key(FIRST_ACCOUNT, KeyType.ADMIN, "First key").secret


@asynccontextmanager
async def opened_application(
    settings: Settings,
    home: Home,
    *,
    read: Read,
    fetches: tuple[Fetch, ...] = (),
    warm_up: bool = True,
    origin: Origin,
) -> AsyncGenerator[Application]:
    """Open an application on a home that is locked and prepared; close it in the opposite order.

    Calls that a crash cut off are settled first. All calls must have ended before the context is left.

    Args:
        settings: what is in force at the start.
        home: where state lies.
        read: reads the settings again, for a reload.
        fetches: downloads of files of models that are missing.
        warm_up: whether the default model starts to load at once.
        origin: returns where the value of a setting comes from.

    Raises:
        ConfigurationError: an address or a secret cannot be used.
    """
    async with (
        opened_stores(settings, home) as stores,
        opened_chain(settings, home) as chain,
        opened_output_formats() as forms,
        aclosing(_image_codec(settings)) as image_codec,
        opened_sound_codec() as sound_codec,
        aclosing(PyAVReader()) as sound_reader,
        opened_templates() as templates,
        opened_local_engines(
            settings, catalogue_here(settings), templates, warm_up=warm_up
        ) as local,
        opened_enclaves(settings) as enclaves,
    ):
        pepper = home.pepper()
        downloads = ModelDownloads(
            ModelFolder(settings.models_folder), tuple(settings.models), fetches
        )
        shared = shared_of(
            settings,
            pepper,
            stores=stores,
            forms=forms,
            image_codec=image_codec,
            sound_codec=sound_codec,
            sound_reader=sound_reader,
            enclaves=enclaves,
        )
        reloader = Reloader(
            settings,
            read,
            local=local,
            templates=templates,
            shared=shared,
            downloads=downloads,
            origin=origin,
        )
        async with aclosing(reloader):
            platform = platform_of(
                settings,
                pepper,
                shared,
                await reloader.open(),
                stores=stores,
                chain=chain,
                downloads=downloads,
            )
            platform.configuration = shown_settings(settings, origin)
            with platform.metrics.counting_incidents():
                async with running(settings, platform) as edge:
                    yield Application(platform, edge, reloader)


@asynccontextmanager
async def running(settings: Settings, platform: Platform) -> AsyncGenerator[Edge]:
    """Settle what a crash left open, then run a platform's background tasks while its edge is used."""
    heartbeat = Heartbeat()
    await platform.ledger.recover(partial(charge_of, platform.catalogue))
    await platform.job_runner.recover()
    await platform.idempotency.recover()
    await platform.characters.look()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(supervised, platform.ledger.run)
        tasks.start_soon(supervised, platform.idempotency.run)
        tasks.start_soon(supervised, platform.key_ring.run)
        if platform.wallets.watches_stakes:
            tasks.start_soon(supervised, platform.wallets.run)
        tasks.start_soon(supervised, heartbeat.run)
        tasks.start_soon(supervised, platform.activity.run)
        tasks.start_soon(supervised, sum_up_floods)
        tasks.start_soon(supervised, platform.reachability.run)
        try:
            async with running_jobs(platform):
                yield edge_of(settings, platform, heartbeat)
        finally:
            with anyio.CancelScope(shield=True):
                platform.key_ring.flush_uses()
                await platform.ledger.close()
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def running_jobs(platform: Platform) -> AsyncGenerator[None]:
    """Run jobs; at the end those under way are given back, before the ledger is closed."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(supervised, platform.job_runner.run)
        try:
            yield
        finally:
            tasks.cancel_scope.cancel()


def _image_codec(settings: Settings) -> PillowCodec:
    return PillowCodec(
        models_folder=settings.models_folder, adult_threshold=settings.safe_mode.threshold
    )
