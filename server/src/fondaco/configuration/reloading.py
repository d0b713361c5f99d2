"""Which settings a running server reloads, and which need a restart."""

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
    ("server", "ready_cache_s"),
)
"""What a reload applies to new calls. Everything else is read at the start alone."""


def merged(running: Settings, read: Settings) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings to go on with, and the names of those that need a restart to change."""
    update = _applied(running, read, ())
    settings = running.model_copy(update=update)
    kept, wanted = values(settings), values(read)
    changed = {path for path in kept | wanted if kept.get(path) != wanted.get(path)}
    return settings, tuple(sorted(dotted(path) for path in changed))


def _applied(running: Section, read: Section, above: KeyPath) -> dict[str, object]:
    """Return by name what a table of the new settings puts in the place of the old one's."""
    before, update = dict(running), dict[str, object]()
    for name, value in read:
        path, old = (*above, name), before[name]
        if path in APPLIED:
            update[name] = value
        elif isinstance(value, Section) and isinstance(old, Section):
            update[name] = old.model_copy(update=_applied(old, value, path))
    return update
