"""Fondaco as an ASGI 3 application, for uvicorn, hypercorn, granian, and programs that mount it.

`fondaco serve` needs none of this: its own HTTP/1.1 server is the default.
"""

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from fondaco.app.composition import opened_application, prepared
from fondaco.app.listening import front_of
from fondaco.app.logs import log_to_stderr
from fondaco.app.runtime import settle_runtime
from fondaco.configuration import Configuration, ConfigurationError, load, missing_secrets
from fondaco.domain.errors import FondacoError
from fondaco.http.asgi.front import AsgiFront
from fondaco.http.asgi.messages import Receive, Scope, Send
from fondaco.http.edge.loop_errors import reporting_loop_faults
from fondaco.ports.incidents import members
from fondaco.processes import harden
from fondaco.stores.errors import HomeInUseError
from fondaco.stores.home import Home
from fondaco.stores.server_lock import Reloads
from fondaco.system import SystemClock

__all__ = ["AsgiApp", "create_app"]


class AsgiApp:
    """An ASGI 3 application: the whole of Fondaco, but for the connections.

    It opens its home when the server starts its lifespan. Where no lifespan is forwarded, as to
    mounted applications and by `httpx.ASGITransport`, the program around it says when:

        async with app.running():
            ...
    """

    def __init__(self, configuration: Configuration, *, standalone: bool) -> None:
        """Prepare; nothing is opened yet."""
        self._configuration = configuration
        self._standalone = standalone
        self._front: AsgiFront | None = None
        self.first_key: str | None = None
        """The secret of the ADMIN key that a first start on a new home makes, once it runs."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a scope of a server.

        Raises:
            RuntimeError: the application is not running.
            ValueError: the scope is of a type that ASGI 3 did not have.
        """
        match scope["type"]:
            case "http":
                await self._running_front.respond(scope, receive, send)
            case "websocket":
                await self._running_front.refuse_websocket(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)
            case unknown:
                raise ValueError(f"ASGI scopes of type {unknown!r} are not served.")

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["AsgiApp"]:
        """Open the home, serve requests in this context, then drain and close.

        At the end calls get `server.drain_timeout_s`; those that still run are cut off and settled.

        Raises:
            RuntimeError: it runs already.
            HomeInUseError: another process, or application, runs on the home.
            HomeUnusableError, DatabaseUnusableError, NewerDatabaseError: the home cannot be used.
            ConfigurationError: an address or a secret cannot be used.
        """
        if self._front is not None:
            raise RuntimeError("The application is already running: start it only once.")
        settings = self._configuration.settings
        home = Home(settings.home)
        with ExitStack() as held:
            if self._standalone:
                self._own_process(held)
            held.enter_context(home.lock(Reloads.NEVER))
            self.first_key = prepared(home, settings)
            async with opened_application(
                settings,
                home,
                read=lambda _: self._configuration,
                origin=self._configuration.origin,
            ) as opened:
                if self._standalone:
                    held.enter_context(reporting_loop_faults())
                    settle_runtime()
                platform = opened.platform
                front = self._front = front_of(settings, platform, opened.edge)
                try:
                    yield self
                finally:
                    platform.leave()
                    platform.drain()
                    await front.end(settings.server.drain_timeout_s, platform.stop)
                    self._front = None

    @property
    def _running_front(self) -> AsgiFront:
        if self._front is None:
            raise RuntimeError(
                "Fondaco is not running: the ASGI lifespan did not reach it. Servers forward it to the "
                "outermost application alone. In the lifespan of a program that mounts this one, and in "
                "tests over httpx.ASGITransport, wrap what sends requests in: "
                "async with app.running(): ..."
            )
        return self._front

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """Run between the two messages of a lifespan."""
        await receive()
        phase = "startup"
        try:
            async with self.running():
                self._announce()
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
        except HomeInUseError as error:
            await _fail(
                send, phase, f"{error} One process serves a home: start the server with one worker."
            )
        except Exception as error:
            shown = str if phase == "startup" else _without_content
            await _fail(send, phase, "; ".join(map(shown, members(error))))
            raise
        else:
            await send({"type": "lifespan.shutdown.complete"})

    def _own_process(self, held: ExitStack) -> None:
        """Set the process up as `fondaco serve` does."""
        harden()
        server = self._configuration.settings.server
        output = log_to_stderr(
            server.log_level,
            server.log_format,
            access=server.access_log,
            monotonic=SystemClock.monotonic,
        )
        held.callback(output.close)

    def _announce(self) -> None:
        """Print the first key, and on standard error what has no effect."""
        for line in self._configuration.warnings:
            sys.stderr.write(f"fondaco: warning: {line}\n")
        if self.first_key is not None:
            sys.stdout.write(f"Your first API key, shown this once:\n  {self.first_key}\n")
            sys.stdout.flush()


def create_app(
    *,
    home: str | Path | None = None,
    config: str | Path | None = None,
    settings: Mapping[str, object] | None = None,
    standalone: bool = True,
) -> AsgiApp:
    """Return Fondaco as an ASGI 3 application.

    Settings come from `settings`, else from the environment (`FONDACO_SECTION__KEY`), else from the
    TOML file, as for `fondaco serve`. Host, port and limits of connections are the server's.

    Args:
        home: the folder where all state lies; one process at a time runs on it.
        config: the TOML file, instead of `fondaco.toml` in the home folder.
        settings: tables as the TOML file has them: `{"server": {"access_log": True}}`.
        standalone: whether this is all that the process does: then it writes the log, and is hardened
            and tuned as by `fondaco serve`. Say False where a program mounts the application.

    Raises:
        ConfigurationError: with everything that is wrong, a line each.
    """
    loaded = load({"home": home}, config=None if config is None else Path(config), tables=settings)
    if faults := tuple(missing_secrets(loaded.settings)):
        raise ConfigurationError(*faults)
    return AsgiApp(loaded, standalone=standalone)


def _without_content(error: BaseException) -> str:
    """Return an error's message where it is ours; that of another one may quote a request."""
    return str(error) if isinstance(error, FondacoError) else type(error).__name__


async def _fail(send: Send, phase: str, message: str) -> None:
    await send({"type": f"lifespan.{phase}.failed", "message": message})
