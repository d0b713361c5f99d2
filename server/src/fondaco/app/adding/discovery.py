"""Background discovery: polls engines with `discover` for the models that they serve."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio import to_thread

from fondaco.app.adding.engines import refreshed
from fondaco.configuration import Configuration, added
from fondaco.configuration.added import Trial
from fondaco.configuration.layers import Tree
from fondaco.configuration.schema import KeyPath
from fondaco.domain.errors import FondacoError
from fondaco.environment import ConfigurationError
from fondaco.settings import Settings

Origin: TypeAlias = Callable[[KeyPath], str]
"""Returns the place that the value of a setting comes from."""
Read: TypeAlias = Callable[[Trial], Configuration]
"""Reads the configuration, with some files of `catalogue.d` as they would be."""

log = logging.getLogger("fondaco")


class Discovery:
    """Asks the engines of the configuration in force, and has it reloaded where their models changed."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        read: Read,
        reload: Callable[[], Awaitable[None]],
    ) -> None:
        """Prepare; nothing is asked before `run`.

        Args:
            settings: returns those in force.
            read: reads the configuration as it would be with some files, blocking.
            reload: applies what was read.
        """
        self._settings = settings
        self._read = read
        self._reload = reload

    async def run(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            if await self.round():
                await self._reload()
            await anyio.sleep(self._settings().server.discovery_s)

    async def round(self) -> bool:
        """Ask each engine once; return whether the models of one changed. Failures change nothing."""
        settings, changed = self._settings(), False
        for name, engine in settings.engines.items():
            if not engine.discover:
                continue
            try:
                change = await refreshed(name, engine, settings, self._accepts)
                written = await to_thread.run_sync(
                    added.write, change.path, "engine", change.tables
                )
            except FondacoError as error:
                # Whether it answers at all is told by its health checks.
                log.debug("engine %s was not asked for models: %s", name, type(error).__name__)
            except ConfigurationError as error:
                log.warning(
                    "engine %s: what it serves is left as it was: %s", name, error.faults[0]
                )
            else:
                changed = changed or written
                if written:
                    log.warning(
                        "engine %s: %d models more, %d fewer",
                        name,
                        len(change.new_models),
                        len(change.removed_models),
                    )
        return changed

    def _accepts(self, path: Path, tables: Tree) -> None:
        """Raise a `ConfigurationError` where the configuration cannot be used with a file."""
        self._read({path: tables})
