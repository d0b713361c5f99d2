"""The program: everything composed from the settings, and served by our own HTTP/1.1 front."""

import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import anyio

from fondaco.app.adding.discovery import Origin, Read
from fondaco.app.adding.downloads import Fetch
from fondaco.app.background import supervised
from fondaco.app.composition import opened_application, prepared
from fondaco.app.enclave.rotation import rotate_at_signals
from fondaco.app.engines import catalogue_here, look_at_engines
from fondaco.app.listening import (
    ListenAddressError,
    bound_to,
    contract,
    expect_permitted,
    listener_of,
)
from fondaco.app.local.models import default_model, default_models
from fondaco.app.local_server import Login, new_login
from fondaco.app.logs import log_to_stderr
from fondaco.app.reloading import ReloadTarget
from fondaco.app.runtime import settle_runtime
from fondaco.configuration import Configuration
from fondaco.domain.models.model import AnyModel, Model
from fondaco.hostnames import reachable, url_of
from fondaco.http.edge.loop_errors import reporting_loop_faults
from fondaco.processes import harden
from fondaco.serving.metrics import Metrics
from fondaco.serving.platform import Platform
from fondaco.settings import Settings
from fondaco.stores.errors import UnknownNameError
from fondaco.stores.home import Home
from fondaco.stores.server_lock import ServerLock
from fondaco.system import SystemClock

__all__ = ["Fetch", "ListenAddressError", "StartReport", "contract", "look_at_engines", "serve"]


@dataclass(frozen=True, slots=True)
class StartReport:
    """The facts that are announced once connections are accepted."""

    url: str
    """Without a path."""
    local_url: str
    """The address at which programs on this machine reach it, likewise."""
    model: Model | None
    """The default model, if there is one."""
    others: tuple[AnyModel, ...]
    """The default models of other types, as far as they can be served."""
    first_key: str | None
    """The secret of the ADMIN key that a first start makes."""
    login: Login | None
    """A login to the dashboard, if it is enabled."""


Watch: TypeAlias = Callable[[Metrics, Callable[[], Sequence[str]]], Awaitable[None]]
"""Shows the metrics of a server, until cancelled."""


def serve(
    configuration: Configuration,
    announce: Callable[[StartReport], None],
    read: Read,
    fetches: tuple[Fetch, ...] = (),
    watch: Watch | None = None,
) -> None:
    """Run the server until a signal ends it.

    Args:
        configuration: the one in force at the start.
        announce: called once, as soon as connections are accepted.
        read: reads the settings again, at each SIGHUP.
        fetches: download the files of models that are missing, the first of them first.
        watch: runs beside the server, to show its metrics and the models that it is loading.

    Raises:
        ListenAddressError: the address is in use, not this machine's, or not permitted.
        HomeUnusableError: the home folder cannot be written.
        HomeInUseError: another server runs on it.
        DatabaseUnusableError, NewerDatabaseError: its database cannot be used.
        ConfigurationError: a secret that an engine needs is missing.
    """
    harden()
    settings = configuration.settings
    server = settings.server
    output = log_to_stderr(
        server.log_level,
        server.log_format,
        access=server.access_log,
        monotonic=SystemClock.monotonic,
    )
    for number in (
        signal.SIGHUP,
        signal.SIGUSR1,
    ):  # until there is something to reload, or to rotate
        signal.signal(number, signal.SIG_IGN)
    expect_permitted(settings)
    home = Home(settings.home)
    with ExitStack() as held:
        held.callback(output.close)
        lock = held.enter_context(home.lock())
        bound = held.enter_context(bound_to(settings.server.host, settings.server.port))
        first_key = prepared(home, settings)
        host = settings.server.host
        port = bound.getsockname()[1]
        catalogue = catalogue_here(settings)
        started = StartReport(
            url=url_of(host, port),
            local_url=url_of(reachable(host), port),
            model=default_model(catalogue),
            others=default_models(catalogue),
            first_key=first_key,
            login=_login(settings, home),
        )
        anyio.run(
            partial(
                _serve,
                settings,
                home,
                read=read,
                fetches=fetches,
                origin=configuration.origin,
                lock=lock,
                bound=bound,
                started=started,
                announce=announce,
                watch=watch,
            ),
            backend_options={"use_uvloop": sys.platform != "win32"},
        )


async def _serve(
    settings: Settings,
    home: Home,
    *,
    read: Read,
    fetches: tuple[Fetch, ...],
    origin: Origin,
    lock: ServerLock,
    bound: socket.socket,
    started: StartReport,
    announce: Callable[[StartReport], None],
    watch: Watch | None,
) -> None:
    """Open the application, listen until a shutdown is requested, and close it."""

    def listening() -> None:
        lock.says_url(started.local_url)
        announce(started)

    async with opened_application(settings, home, read=read, fetches=fetches, origin=origin) as app:
        app.platform.url = started.local_url
        listener = listener_of(settings, app.platform, app.edge, listening)
        async with anyio.create_task_group() as tasks:
            server = ReloadTarget(app.platform, app.edge, listener.running_tasks, lock)
            tasks.start_soon(supervised, partial(app.reloader.run, server))
            tasks.start_soon(supervised, partial(rotate_at_signals, app.platform))
            if watch is not None:
                metrics, loading = app.platform.metrics, partial(_loading, app.platform)
                tasks.start_soon(supervised, partial(watch, metrics, loading))
            settle_runtime()
            await app.reloader.listening.wait()
            with reporting_loop_faults():
                await listener.serve(bound)
            tasks.cancel_scope.cancel()


def _loading(platform: Platform) -> Sequence[str]:
    """Return the models that are being loaded, by the overview of the configuration in force."""
    return platform.engine_overview.loading()


def _login(settings: Settings, home: Home) -> Login | None:
    """Return a login of an operator; None: the dashboard is off, or every account is disabled."""
    if not settings.dashboard.enabled:
        return None
    try:
        return new_login(settings, home)
    except UnknownNameError:
        return None
