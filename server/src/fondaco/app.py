"""The composition root: settings become adapters, adapters a platform, the platform a server."""

import gc
import ipaddress
import logging
import os
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio

from fondaco.configuration import EMBEDDED, catalogue_of, missing_files
from fondaco.domain.account import FIRST_ACCOUNT, KeyType
from fondaco.domain.catalogue import Catalogue
from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.model import Model
from fondaco.domain.money import nano
from fondaco.domain.price import FREE, Charge
from fondaco.domain.usage import Usage
from fondaco.engines.llamacpp.embedded import Embedded
from fondaco.engines.llamacpp.supervisor import Launch
from fondaco.engines.openai_compatible import OpenAICompatible
from fondaco.http.cors import with_cors
from fondaco.http.edge import Edge
from fondaco.http.endpoint import Premises
from fondaco.http.endpoints import ENDPOINTS
from fondaco.http.headers import Stamp
from fondaco.http.hosts import Hosts
from fondaco.http.listener import Listener
from fondaco.http.openapi import Contract
from fondaco.http.protocol import connection_class
from fondaco.http.pulse import Pulse
from fondaco.http.routes import Routes
from fondaco.modelfiles import source_of
from fondaco.ports import ChatEngine, Journal, Keys
from fondaco.serving.chat import Chat
from fondaco.serving.keyring import Keyring
from fondaco.serving.ledger import Ledger
from fondaco.serving.meters import Meters
from fondaco.serving.platform import Platform
from fondaco.serving.readiness import Readiness
from fondaco.serving.repeats import Repeats
from fondaco.serving.unlimited import Unlimited
from fondaco.settings import Engine, Settings, secret
from fondaco.stores.home import Home
from fondaco.stores.sqlite.journal import SqliteJournal
from fondaco.stores.sqlite.keys import SqliteKeys
from fondaco.stores.sqlite.migrate import upgrade
from fondaco.stores.sqlite.people import somebody
from fondaco.system import SystemClock, TimedIds
from fondaco.upstream.client import Upstream
from fondaco.upstream.open import connect

log = logging.getLogger("fondaco")


class AddressError(Exception):
    """The address cannot be listened on; the message is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Started:
    """What the operator is told once requests are taken."""

    url: str
    """Without a path."""
    model: Model | None
    """The default one, if there is any."""
    first_key: str | None
    """The secret of the ADMIN key that a first start makes."""


def serve(settings: Settings, announce: Callable[[Started], None]) -> None:
    """Run the server until it is told to stop.

    `announce` is called once, as soon as requests are taken.

    Raises:
        AddressError: the address is taken, not ours, or not permitted.
        HomeUnusableError: the home folder cannot be written.
        HomeInUseError: another server runs on it.
        DatabaseUnusableError, NewerDatabaseError: its database cannot be used.
        ConfigurationError: a secret that an engine needs is missing.
    """
    _log_to_stderr()
    _expect_permitted(settings)
    home = Home(settings.home)
    with ExitStack() as held:
        held.enter_context(home.lock())
        bound = held.enter_context(_bound(settings.server.host, settings.server.port))
        upgrade(home.database)
        host = settings.server.host
        shown = f"[{host}]" if ":" in host else host
        catalogue = catalogue_here(settings)
        started = Started(
            url=f"http://{shown}:{bound.getsockname()[1]}",
            model=_default(catalogue),
            first_key=_first_key(settings, home),
        )
        anyio.run(
            partial(_serve, settings, home, bound, catalogue, partial(announce, started)),
            backend_options={"use_uvloop": sys.platform != "win32"},
        )


def _settle_runtime() -> None:
    """Spare the collector what lives as long as the process, and look for cycles less often.

    Measured: it took a tenth of a call's CPU, and calls leave no cycles behind.
    """
    # Every generator is closed by whoever iterates it, so the loop need not keep a list of them.
    sys.set_asyncgen_hooks(firstiter=None)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _log_to_stderr() -> None:
    """Write a line an event: what happened to which request, never what was said in it."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    # uvicorn reports tracebacks, whose last line is an exception's arguments: possibly content.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)


def catalogue_here(settings: Settings) -> Catalogue:
    """Return the catalogue as this machine can serve it: models without their file are not installed."""
    return catalogue_of(settings, missing_files(settings))


def contract() -> Contract:
    """Return the API's description, which needs no server."""
    return Contract(ENDPOINTS)


def _first_key(settings: Settings, home: Home) -> str | None:
    """Make the first account and its ADMIN key, where nobody has one yet."""
    if somebody(home.database):
        return None
    from fondaco.stores.sqlite.books import Books  # noqa: PLC0415 - SQLAlchemy, for first starts only

    books = Books(home.database, home.pepper(), SystemClock())
    try:
        books.open_account(
            FIRST_ACCOUNT,
            usd=nano(settings.ledger.first_account_usd),
            diem_allocation=nano(settings.ledger.first_account_diem),
        )
        return books.make_key(FIRST_ACCOUNT, KeyType.ADMIN, "made at the first start").secret
    finally:
        books.close()


async def _serve(
    settings: Settings,
    home: Home,
    bound: socket.socket,
    catalogue: Catalogue,
    announce: Callable[[], None],
) -> None:
    """Open everything, listen, and close everything in the opposite order."""
    async with (
        SqliteJournal.opened(home.database, settings.ledger.durability) as journal,
        _keys(home) as keys,
        _engines(settings, catalogue) as engines,
        anyio.create_task_group() as tasks,
    ):
        platform = _platform(
            settings,
            home.pepper(),
            catalogue=catalogue,
            engines=engines,
            journal=journal,
            keys=keys,
        )
        pulse = Pulse(platform.meters)
        await platform.ledger.recover(partial(_charge, catalogue))
        await platform.repeats.recover()
        tasks.start_soon(platform.ledger.run)
        tasks.start_soon(platform.repeats.run)
        tasks.start_soon(pulse.run)
        _settle_runtime()
        await _listener(settings, platform, pulse, announce).serve(sockets=[bound])
        with anyio.CancelScope(shield=True):
            await platform.ledger.close()
        tasks.cancel_scope.cancel()


def _platform(
    settings: Settings,
    pepper: bytes,
    *,
    catalogue: Catalogue,
    engines: dict[str, ChatEngine],
    journal: Journal,
    keys: Keys,
) -> Platform:
    clock = SystemClock()
    meters = Meters()
    ledger = Ledger(journal, clock)
    limits = Unlimited()
    repeats = Repeats(journal, pepper, clock)
    keyring = Keyring(keys, pepper, clock)
    journal.on_change(lambda _: keyring.forget())
    return Platform(
        catalogue=catalogue,
        chat=Chat(
            catalogue,
            engines,
            ledger=ledger,
            limits=limits,
            repeats=repeats,
            clock=clock,
            meters=meters,
        ),
        ledger=ledger,
        keyring=keyring,
        readiness=Readiness(catalogue, engines, clock, settings.server.ready_cache_s),
        meters=meters,
        clock=clock,
        ids=TimedIds(),
        repeats=repeats,
    )


def _listener(
    settings: Settings, platform: Platform, pulse: Pulse, announce: Callable[[], None]
) -> Listener:
    server = settings.server
    premises = Premises(
        platform,
        contract(),
        pulse,
        body_limit_bytes=server.body_limit_bytes,
        ping_interval_s=server.ping_interval_s,
        write_timeout_s=server.write_timeout_s,
    )
    stamp = Stamp(platform.clock)
    edge = Edge(premises, Routes(ENDPOINTS), Hosts([server.host, *server.allowed_hosts]))
    return Listener(
        with_cors(edge, server.cors_origins, stamp, platform.ids),
        connection_class(
            stamp,
            platform.ids,
            header_limit_bytes=server.header_limit_bytes,
            header_timeout_s=server.header_timeout_s,
            body_timeout_s=server.body_timeout_s,
        ),
        idle_timeout_s=server.idle_timeout_s,
        drain_timeout_s=server.drain_timeout_s,
        started=announce,
        draining=platform.drain,
        stopping=platform.stop,
    )


@asynccontextmanager
async def _keys(home: Home) -> AsyncGenerator[Keys]:
    keys = SqliteKeys(home.database)
    try:
        yield keys
    finally:
        keys.close()


@asynccontextmanager
async def _engines(
    settings: Settings, catalogue: Catalogue
) -> AsyncGenerator[dict[str, ChatEngine]]:
    """Open all engines; the default model's child process starts loading at once."""
    upstreams = {name: _connected(name, row) for name, row in settings.engines.items()}
    engines: dict[str, ChatEngine] = {
        name: OpenAICompatible(
            name,
            upstream,
            _names(settings, name, row),
            dialect=row.dialect,
            whole_as_stream=row.whole_as_stream,
        )
        for (name, row), upstream in zip(settings.engines.items(), upstreams.values(), strict=True)
    }
    embedded = _embedded(settings, catalogue)
    engines[EMBEDDED] = embedded
    async with anyio.create_task_group() as tasks:
        await tasks.start(embedded.run)
        tasks.start_soon(embedded.warm_up)
        try:
            yield engines
        finally:
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                for upstream in upstreams.values():
                    await upstream.aclose()


def _embedded(settings: Settings, catalogue: Catalogue) -> Embedded:
    """Return the embedded engine, its default model first."""
    chosen = settings.embedded
    files = {
        model.id: settings.models_folder / file
        for model in catalogue.models()
        if EMBEDDED in model.engines and (file := settings.models[model.id].file)
    }
    default = _default(catalogue)
    launches = {
        model_id: Launch(
            model_file=files[model_id],
            threads=chosen.threads or max(1, (os.cpu_count() or 2) - 1),
            slots=chosen.slots,
            context_tokens=chosen.context_tokens,
            compact_cache=chosen.compact_cache,
            queue=chosen.queue,
            start_timeout_s=chosen.start_timeout_s,
            slot_timeout_s=chosen.first_byte_timeout_s,
            source=source_of(model_id, files[model_id].name),
        )
        for model_id in sorted(files, key=lambda one: default is None or one != default.id)
    }
    return Embedded(
        launches,
        name=EMBEDDED,
        first_byte_timeout_s=chosen.first_byte_timeout_s,
        total_timeout_s=chosen.total_timeout_s,
    )


def _default(catalogue: Catalogue) -> Model | None:
    try:
        return catalogue.route("default").model
    except ModelNotFoundError:
        return None


def _connected(name: str, row: Engine) -> Upstream:
    return connect(
        row.base_url,
        key=secret(row.key) if row.key else "",
        connections=row.connections,
        connect_timeout_s=row.connect_timeout_s,
        first_byte_timeout_s=row.first_byte_timeout_s,
        total_timeout_s=row.total_timeout_s,
    )


def _names(settings: Settings, engine: str, row: Engine) -> dict[str, str]:
    """Return model id -> the engine's name for it; without a mapping, both are the same."""
    return {
        model_id: row.models.get(model_id, model_id)
        for model_id, model in settings.models.items()
        if engine in model.engines
    }


def _charge(catalogue: Catalogue, model_id: str, usage: Usage) -> Charge:
    """Return what a call that a crash cut off has cost; a model that is gone costs nothing."""
    try:
        return catalogue.route(model_id).model.charge(usage)
    except ModelNotFoundError:
        log.warning("model %s left the catalogue with a call open: not charged", model_id)
        return FREE


def _bound(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        AddressError: the address is taken or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
    try:
        bound.bind((host, port))
        bound.listen(2048)
    except OSError as error:
        bound.close()
        raise AddressError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another port with --port."
        ) from error
    return bound


def _expect_permitted(settings: Settings) -> None:
    """Refuse an address that others reach, unless the operator said that this is meant.

    Raises:
        AddressError: it was not said.
    """
    server = settings.server
    try:
        loopback = ipaddress.ip_address(server.host).is_loopback
    except ValueError:
        loopback = server.host == "localhost"
    if not loopback and not server.allow_remote:
        raise AddressError(
            f"{server.host!r} can be reached by other machines, and API keys would travel in the "
            "clear. Put a proxy with TLS in front of it, then say --allow-remote."
        )
