"""Settings that a running server reloads, and those that need a restart."""

from collections.abc import Iterable

from fondaco.configuration.schema import KeyPath, dotted
from fondaco.configuration.writing import values
from fondaco.sections import Section
from fondaco.settings import Settings

APPLIED: tuple[KeyPath, ...] = (
    ("chat",),
    ("limits",),
    ("tiers",),
    ("engines",),
    ("models",),
    ("catalogue",),
    ("aliases",),
    ("web",),
    ("search",),
    ("server", "allowed_hosts"),
    ("server", "cors_origins"),
    ("server", "error_format"),
    ("server", "trusted_proxies"),
    ("server", "metrics"),
    ("server", "metrics_token"),
    ("server", "operators"),
    ("server", "ready_cache_s"),
)
"""Settings that a reload applies to new calls; all others are read at the start only."""


def merged(running: Settings, read: Settings) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings to go on with, and the names of those that need a restart to change."""
    update = _applied(running, read, ())
    settings = running.model_copy(update=update)
    current, new = values(settings), values(read)
    changed = {path for path in current | new if current.get(path) != new.get(path)}
    return settings, tuple(sorted(dotted(path) for path in changed))


def tables_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the tables that settings are in, by the settings' names; a setting in no table by its own.

    >>> tables_of(["painter.queue", "server.port", "painter.enabled"])
    ('painter', 'server')
    """
    return tuple(sorted({name.partition(".")[0] for name in names}))


def _applied(running: Section, read: Section, above: KeyPath) -> dict[str, object]:
    """Return the values of a table that a reload applies, by name."""
    before, update = dict(running), dict[str, object]()
    for name, value in read:
        path, old = (*above, name), before[name]
        if path in APPLIED:
            update[name] = value
        elif isinstance(value, Section) and isinstance(old, Section):
            update[name] = old.model_copy(update=_applied(old, value, path))
    return update
