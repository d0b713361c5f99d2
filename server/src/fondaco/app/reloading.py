"""Reloading: a new configuration takes the place of the old one while the server runs."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from fondaco.app.adding.discovery import Discovery, Origin, Read
from fondaco.app.adding.downloads import ModelDownloads
from fondaco.app.background import in_daemon_thread, supervised
from fondaco.app.enclave.offering import with_enclaves
from fondaco.app.enclave.opening import follow
from fondaco.app.engines import catalogue_here, opened_upstreams
from fondaco.app.listening import Rules
from fondaco.app.local_engines import LocalEngines
from fondaco.app.platform import Adapters, Shared
from fondaco.app.web import opened_files, opened_web
from fondaco.configuration import (
    DIFFUSION,
    EMBEDDED,
    PAINTER,
    WHISPER,
    ConfigurationError,
    missing_keys,
    missing_secrets,
)
from fondaco.configuration.contradictions import contradictions
from fondaco.configuration.masking import shown_settings
from fondaco.configuration.reloading import merged, tables_of
from fondaco.configuration.schema import KeyPath, dotted
from fondaco.configuration.writing import values
from fondaco.http.edge.edge import Edge
from fondaco.modelfiles import ModelFileError
from fondaco.ports import Templates
from fondaco.ports.incidents import Incident, report, report_error
from fondaco.serving.platform import Platform
from fondaco.settings import Settings
from fondaco.stores.server_lock import ServerLock

log = logging.getLogger("fondaco")


@asynccontextmanager
async def opened_adapters(
    settings: Settings, local: LocalEngines, templates: Templates
) -> AsyncGenerator[Adapters]:
    """Open the adapters of one configuration: clients of engines, of the web and of searches.

    Raises:
        ConfigurationError: an address cannot be used.
    """
    async with (
        opened_web(settings) as web_retrieval,
        opened_files(settings) as files,
        opened_upstreams(settings, templates) as upstreams,
    ):
        yield Adapters(
            catalogue_here(settings),
            {**upstreams.engines, EMBEDDED: local.embedded},
            {**upstreams.embedding_engines, **local.embeddings},
            {
                **upstreams.image_engines,
                PAINTER: local.painter,
                DIFFUSION: local.diffusion,
            },
            {**upstreams.image_editors, **local.image_editors},
            dict(local.image_upscalers),
            {**upstreams.speech_engines, **local.speakers},
            {**upstreams.transcription_engines, WHISPER: local.whisper},
            {**upstreams.video_engines, **local.cameras},
            upstreams.looks,
            web_retrieval,
            files,
            upstreams.sites,
            local.by_name,
        )


@dataclass(frozen=True, slots=True)
class ReloadTarget:
    """The parts of a running server that a reload changes."""

    platform: Platform
    edge: Edge
    running_tasks: Callable[[], set[asyncio.Task[None]]]
    """Returns the tasks that make responses at present."""
    lock: ServerLock
    """Server lock, where commands read whether the server has reloaded."""


class Reloader:
    """Applies new configurations: calls that have begun end on the adapters that they began with."""

    def __init__(
        self,
        settings: Settings,
        read: Read,
        *,
        local: LocalEngines,
        templates: Templates,
        shared: Shared,
        downloads: ModelDownloads,
        origin: Origin,
    ) -> None:
        """Prepare; `open` comes first, then `run`.

        Args:
            settings: those in force at the start.
            read: reads the configuration again, blocking.
            local: the engines that are built in, which all configurations share.
            templates: renders chat templates, likewise.
            shared: the parts that use cases are built on.
            downloads: the downloads to make, one after another, once the server runs.
            origin: returns where the value of a setting comes from.
        """
        self._settings = settings
        self._read = read
        self._local = local
        self._templates = templates
        self._shared = shared
        self._downloads = downloads
        self._origin = origin
        self._opened = AsyncExitStack()
        self._one_by_one = anyio.Lock()
        self._on_terminal = sys.stderr.isatty()
        self.listening = anyio.Event()
        """Set once SIGHUP is handled."""

    async def open(self) -> Adapters:
        """Open the first configuration's adapters."""
        _warn_of_missing_keys(self._settings)
        self._opened, adapters = await self._open(self._settings)
        return adapters

    async def aclose(self) -> None:
        """Close the current adapters."""
        with anyio.CancelScope(shield=True):
            await self._opened.aclose()

    async def run(self, server: ReloadTarget) -> None:
        """Reload at each SIGHUP, until cancelled."""
        if threading.current_thread() is not threading.main_thread():
            self.listening.set()
            return  # only the main thread receives signals
        async with anyio.create_task_group() as retiring:
            discovery = Discovery(
                lambda: self._settings, self._read, partial(self._reload, server, retiring)
            )
            retiring.start_soon(supervised, discovery.run)
            retiring.start_soon(supervised, partial(self._fetch_all, server, retiring))
            try:
                with anyio.open_signal_receiver(signal.SIGHUP) as signals:
                    await anyio.to_thread.run_sync(server.lock.says_reloads)
                    self.listening.set()
                    async for _ in signals:
                        if self._on_terminal and not sys.stderr.isatty():
                            os.kill(os.getpid(), signal.SIGTERM)  # the terminal was closed
                        else:
                            await self._reload(server, retiring)
            finally:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)  # else one at the end would kill

    async def _fetch_all(self, server: ReloadTarget, retiring: TaskGroup) -> None:
        """Download the files of models while the server runs, and offer each model once it is here."""
        self._downloads.running = True
        while True:
            fetch, told = await self._downloads.next()
            reason = ""
            with self._local.file_downloading(fetch.model):
                try:
                    await in_daemon_thread(partial(fetch.file, told))
                except ModelFileError as error:
                    reason = str(error)
                except Exception as error:  # noqa: BLE001 - one download's defect ends no other
                    report_error(Incident.TASK_FAILED, error)
                    reason = "The download met an error of the server; its log has the place."
            try:
                if not reason:
                    async with self._one_by_one:
                        await self._apply(self._settings, server, retiring)
            finally:
                self._downloads.ended(fetch.model, reason)
            if not reason:
                await self._local.embedded.warm_up()

    async def _reload(self, server: ReloadTarget, retiring: TaskGroup) -> None:
        """Read and apply the configuration; an invalid one changes nothing."""
        async with self._one_by_one:
            await anyio.to_thread.run_sync(server.lock.says_begun)
            unchanged = await self._read_and_apply(server, retiring)
            stale = tables_of(unchanged or ())
            ended = partial(server.lock.says_ended, refused=unchanged is None, stale=stale)
            await anyio.to_thread.run_sync(ended)
        if unchanged is not None:
            await server.platform.characters.look()

    async def _read_and_apply(
        self, server: ReloadTarget, retiring: TaskGroup
    ) -> tuple[str, ...] | None:
        """Read the configuration and apply it; return which settings need a restart; None: it is refused."""
        try:
            settings, unchanged, origin = await anyio.to_thread.run_sync(self._read_new)
            await self._apply(settings, server, retiring)
            self._origin = origin
            server.platform.configuration = shown_settings(settings, origin)
        except ConfigurationError as error:
            _refuse("invalid", *error.faults)
        except Exception as error:  # noqa: BLE001 - no configuration may end the server
            _refuse("defect", f"{type(error).__name__}, a defect of ours")
        else:
            for name in unchanged:
                log.warning(
                    "configuration: %s needs a restart to change; the old value stays", name
                )
            _warn_of_missing_keys(settings)
            log.warning("configuration: reloaded")
            return unchanged
        return None

    def _read_new(self) -> tuple[Settings, tuple[str, ...], Origin]:
        """Return the new settings, the names of those that need a restart, and the origins; blocking."""
        loaded, before = self._read({}), self._origin
        settings, unchanged = merged(self._settings, loaded.settings)
        if faults := (*missing_secrets(settings), *contradictions(settings)):
            raise ConfigurationError(*faults)

        kept = {path: before(path) for path in values(settings) if dotted(path) in unchanged}

        def origin(path: KeyPath) -> str:
            return kept.get(path) or loaded.origin(path)

        return settings, unchanged, origin

    async def _open(self, settings: Settings) -> tuple[AsyncExitStack, Adapters]:
        async with AsyncExitStack() as stack:
            adapters = await stack.enter_async_context(
                opened_adapters(settings, self._local, self._templates)
            )
            return stack.pop_all(), with_enclaves(adapters, self._shared.enclaves, settings)

    async def _apply(self, settings: Settings, server: ReloadTarget, retiring: TaskGroup) -> None:
        rules = Rules.of(settings)
        opened, adapters = await self._open(settings)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(opened.aclose)
            use_cases = self._shared.use_cases(settings, adapters)
            end_children = await self._local.follow(settings, adapters.catalogue)
            end_enclaves = await follow(self._shared.enclaves.values(), settings)
            undo.pop_all()
        # From here on nothing is awaited: no request sees one half of each configuration.
        server.platform.adopt(use_cases)
        server.platform.operators = frozenset(settings.server.operators)
        self._shared.limits.reconfigure(use_cases.tiers)
        self._shared.reachability.follow(adapters.looks)
        guarded = settings.limits
        server.platform.failure_throttle.reconfigure(
            max_failures=guarded.failures, window_s=guarded.failure_window_s
        )
        server.platform.concurrent_calls.reconfigure(guarded.concurrent_calls)
        server.edge.follow(
            rules.hosts,
            rules.client_addresses,
            cors=rules.cors,
            metrics=rules.metrics,
            error_format=settings.server.error_format,
        )
        before, self._opened, self._settings = self._opened, opened, settings
        ends = (end_children, end_enclaves)
        retiring.start_soon(_retire, before, ends, server.running_tasks())


async def _retire(
    before: AsyncExitStack,
    ends: Iterable[Callable[[], None]],
    calls: set[asyncio.Task[None]],
) -> None:
    """Close replaced adapters, once the last call that uses them has ended."""
    try:
        if calls:
            await asyncio.wait(calls)
    finally:
        for end in ends:
            end()
        with anyio.CancelScope(shield=True):
            await before.aclose()


def _warn_of_missing_keys(settings: Settings) -> None:
    for line in missing_keys(settings):
        log.warning("configuration: %s", line)


def _refuse(reason: str, *faults: str) -> None:
    report(Incident.CONFIGURATION_REFUSED, reason=reason, level=logging.ERROR)
    for fault in faults:
        log.error("configuration: refused, the old one stays: %s", fault)
