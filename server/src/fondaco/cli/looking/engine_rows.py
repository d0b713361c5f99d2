"""Engines of a running server as rows of a table."""

from collections.abc import Mapping

from fondaco.cli.output import Row, Table

IS_LOADED = frozenset({"ready", "loaded", "loading"})
"""States of an engine that takes memory, or calls."""
TABLE = Table(
    "Nothing is loaded. A model is loaded by its first call; `fondaco ps --all` lists every engine.",
    optional=("address", "waiting", "memory", "reason"),
    flexible="models",
)
_MEGABYTE = 10**6


def engine_row(engine: Mapping[str, object]) -> Row:
    """Return the row of an engine of `GET /operator/engines`."""
    models = engine.get("models")
    slots = engine.get("slots")
    running = engine.get("running", 0)
    return {
        "engine": engine.get("id"),
        "models": models if isinstance(models, list) else [],
        "state": engine.get("state"),
        "running": running if slots is None else f"{running}/{slots}",
        "waiting": engine.get("waiting", 0),
        "memory": megabytes(engine.get("memoryBytes")),
        "address": engine.get("address") or "here",
        "reason": engine.get("reason"),
    }


def megabytes(size: object) -> str | None:
    """Return a size for people; None: it is not known."""
    return f"{size / _MEGABYTE:,.0f} MB" if isinstance(size, (int, float)) else None
