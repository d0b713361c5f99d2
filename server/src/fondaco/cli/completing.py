"""Values that the shell completes: names of accounts, models and engines of the home folder.

A completion never fails: where the configuration or the database cannot be read, nothing is offered.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fondaco.domain.money.account import SYSTEM_ACCOUNTS
from fondaco.environment import ConfigurationError

if TYPE_CHECKING:
    from fondaco.settings import Settings

_ACCOUNTS = "SELECT name FROM account WHERE id > ? ORDER BY name"
_FAULTS = (ConfigurationError, sqlite3.Error, OSError)


def accounts(ctx: Any, incomplete: str) -> list[str]:
    """Return the names of accounts that begin like this."""
    from fondaco.stores.home import Home

    with (
        suppress(*_FAULTS),
        closing(_read_only(Home.database_in(_home(ctx)))) as database,
    ):
        rows = database.execute(_ACCOUNTS, (max(SYSTEM_ACCOUNTS.values()),))
        return _beginning(incomplete, (name for (name,) in rows))
    return []


def models(ctx: Any, incomplete: str) -> list[str]:
    """Return the ids of models that begin like this."""
    with suppress(*_FAULTS):
        return _beginning(incomplete, _settings(ctx).models)
    return []


def text_models(ctx: Any, incomplete: str) -> list[str]:
    """Return the ids of text models that begin like this."""
    with suppress(*_FAULTS):
        rows = _settings(ctx).models.items()
        return _beginning(incomplete, (name for name, row in rows if row.type == "text"))
    return []


def pullable(ctx: Any, incomplete: str) -> list[str]:
    """Return the ids of models that begin like this, and whose files can be downloaded and are not here."""
    from fondaco.modelfiles import KNOWN, ModelFolder

    with suppress(*_FAULTS):
        settings = _settings(ctx)
        folder = ModelFolder(settings.models_folder)
        names = [
            name
            for name, known in KNOWN.items()
            if (name in settings.models or not known.addable)
            and not all(path.is_file() for path in folder.paths(name))
        ]
        return _beginning(incomplete, names)
    return []


def engines(ctx: Any, incomplete: str) -> list[str]:
    """Return the names of upstream engines that begin like this."""
    with suppress(*_FAULTS):
        return _beginning(incomplete, _settings(ctx).engines)
    return []


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _settings(ctx: Any) -> "Settings":
    from fondaco.configuration import load

    return load({"home": ctx.params.get("home")}, config=ctx.params.get("config")).settings


def _home(ctx: Any) -> Path:
    from fondaco.configuration import home_folder

    return home_folder(ctx.params.get("home"), ctx.params.get("config"))


def _read_only(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)
