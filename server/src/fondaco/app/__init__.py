"""The composition root: settings become adapters, adapters a platform, the platform a server."""

import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from functools import partial

import anyio

from fondaco.app.background import kept_up
from fondaco.app.chain import opened_chain
from fondaco.app.engines import catalogue_here, look_at_engines, opened_templates
from fondaco.app.listening import (
    AddressError,
    bound_to,
    contract,
    edge_of,
    expect_permitted,
    listener_of,
)
from fondaco.app.local_engines import default_model, opened_local_engines
from fondaco.app.logs import log_to_stderr, sum_up_floods
from fondaco.app.platform import (
    charge_of,
    opened_charges,
    opened_forms,
    opened_keys,
    platform_of,
    shared_of,
)
from fondaco.app.reloading import Fetch, Reloader, Server
from fondaco.app.runtime import settle_runtime
from fondaco.domain.models.model import Model
from fondaco.domain.money.account import FIRST_ACCOUNT, KeyType
from fondaco.domain.money.money import nano
from fondaco.http.edge.loop_errors import reporting_loop_faults
from fondaco.http.exchange.heartbeat import Heartbeat
from fondaco.processes import harden
from fondaco.serving.platform import Platform
from fondaco.settings import Settings
from fondaco.stores.home import Home
from fondaco.stores.sqlite.accounts.people import somebody
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables.migrate import upgrade
from fondaco.system import SystemClock

__all__ = ["AddressError", "Fetch", "Started", "contract", "look_at_engines", "serve"]


@dataclass(frozen=True, slots=True)
class Started:
    """What the operator is told once requests are taken."""

    url: str
    """Without a path."""
    model: Model | None
    """The default one, if there is any."""
    first_key: str | None
    """The secret of the ADMIN key that a first start makes."""


def serve(
    settings: Settings,
    announce: Callable[[Started], None],
    read: Callable[[], Settings],
    fetch: Fetch | None = None,
) -> None:
    """Run the server until it is told to stop.

    Args:
        settings: what is in force at the start.
        announce: called once, as soon as requests are taken.
        read: reads the settings again, at each SIGHUP.
        fetch: the default model's file, where it is missing.

    Raises:
        AddressError: the address is taken, not ours, or not permitted.
        HomeUnusableError: the home folder cannot be written.
        HomeInUseError: another server runs on it.
        DatabaseUnusableError, NewerDatabaseError: its database cannot be used.
        ConfigurationError: a secret that an engine needs is missing.
    """
    harden()
    server = settings.server
    output = log_to_stderr(
        server.log_level,
        server.log_format,
        access=server.access_log,
        monotonic=SystemClock.monotonic,
    )
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload
    expect_permitted(settings)
    home = Home(settings.home)
    with ExitStack() as held:
        held.callback(output.close)
        held.enter_context(home.lock())
        bound = held.enter_context(bound_to(settings.server.host, settings.server.port))
        upgrade(home.database)
        home.pepper()  # a lost one ends the start before anything is opened
        host = settings.server.host
        shown = f"[{host}]" if ":" in host else host
        started = Started(
            url=f"http://{shown}:{bound.getsockname()[1]}",
            model=default_model(catalogue_here(settings)),
            first_key=_first_key(settings, home),
        )
        anyio.run(
            partial(
                _serve,
                settings,
                home,
                read=read,
                fetch=fetch,
                bound=bound,
                announce=partial(announce, started),
            ),
            backend_options={"use_uvloop": sys.platform != "win32"},
        )


def _first_key(settings: Settings, home: Home) -> str | None:
    """Make the first account and its ADMIN key, where nobody has one yet."""
    if somebody(home.database):
        return None
    from fondaco.stores.sqlite.accounts.admin_store import AdminStore  # noqa: PLC0415 - SQLAlchemy, for first starts only

    admin_store = AdminStore(home.database, home.pepper(), SystemClock())
    try:
        admin_store.open_account(
            FIRST_ACCOUNT,
            usd=nano(settings.ledger.first_account_usd),
            diem_allocation=nano(settings.ledger.first_account_diem),
        )
        return admin_store.make_key(FIRST_ACCOUNT, KeyType.ADMIN, "made at the first start").secret
    finally:
        admin_store.close()


async def _serve(
    settings: Settings,
    home: Home,
    *,
    read: Callable[[], Settings],
    fetch: Fetch | None,
    bound: socket.socket,
    announce: Callable[[], None],
) -> None:
    """Open everything, listen, and close everything in the opposite order."""
    async with (
        SqliteJournal.opened(home.database, settings.ledger.durability) as journal,
        opened_keys(home) as keys,
        opened_charges(home) as charges,
        opened_chain(settings, home) as chain,
        opened_forms() as forms,
        opened_templates() as templates,
        opened_local_engines(settings, catalogue_here(settings), templates) as local,
    ):
        pepper = home.pepper()
        shared = shared_of(settings, pepper, journal=journal, uses=journal, forms=forms)
        reloader = Reloader(
            settings, read, local=local, templates=templates, shared=shared, fetch=fetch
        )
        async with aclosing(reloader):
            platform = platform_of(
                settings,
                pepper,
                shared,
                await reloader.open(),
                journal=journal,
                keys=keys,
                charges=charges,
                chain=chain,
            )
            with platform.metrics.counting_incidents(), reporting_loop_faults():
                await _run(settings, platform, reloader, bound, announce)


async def _run(
    settings: Settings,
    platform: Platform,
    reloader: Reloader,
    bound: socket.socket,
    announce: Callable[[], None],
) -> None:
    """Settle what a crash left open, then listen until the server is told to stop."""
    async with anyio.create_task_group() as tasks:
        heartbeat = Heartbeat()
        edge = edge_of(settings, platform, heartbeat)
        listener = listener_of(settings, platform, edge, announce)
        await platform.ledger.recover(partial(charge_of, platform.catalogue))
        await platform.idempotency.recover()
        await platform.characters.look()
        tasks.start_soon(kept_up, platform.ledger.run)
        tasks.start_soon(kept_up, platform.idempotency.run)
        tasks.start_soon(kept_up, platform.key_ring.run)
        if platform.wallets.watches_stakes:
            tasks.start_soon(kept_up, platform.wallets.run)
        tasks.start_soon(kept_up, heartbeat.run)
        tasks.start_soon(kept_up, sum_up_floods)
        tasks.start_soon(kept_up, platform.reachability.run)
        running = Server(platform, edge, listener.under_way)
        tasks.start_soon(kept_up, partial(reloader.run, running))
        settle_runtime()
        await reloader.listening.wait()
        await listener.serve(bound)
        with anyio.CancelScope(shield=True):
            platform.key_ring.note_uses()
            await platform.ledger.close()
        tasks.cancel_scope.cancel()
