"""Engines of a running server as rows of a table: a row a process, or an engine elsewhere."""

from collections.abc import Iterator, Mapping, Sequence

from fondaco.cli.output import Row, Table

TABLE = Table(
    "No models are loaded. A model loads at its first call; `fondaco ps --all` lists every engine.",
    optional=("address", "waiting", "reason", "memory"),
    flexible="models",
)
_IS_LOADED = frozenset({"ready", "loaded", "loading"})
"""States of an engine that takes memory, or calls."""
_MEGABYTE = 10**6


def engine_rows(engines: Sequence[Mapping[str, object]], *, every: bool = False) -> list[Row]:
    """Return the rows of engines of `GET /operator/engines`.

    Args:
        engines: as the server lists them.
        every: whether engines and processes are shown that have loaded nothing.
    """
    return [
        _row(engine, part)
        for engine in engines
        for part in _parts(engine)
        if every or part.get("state") in _IS_LOADED
    ]


def _parts(engine: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield the processes of an engine, or the engine where it has none."""
    processes = engine.get("processes")
    found = (
        [one for one in processes if isinstance(one, dict)] if isinstance(processes, list) else []
    )
    if not found:
        yield engine
    yield from found


def _row(engine: Mapping[str, object], part: Mapping[str, object]) -> Row:
    models = [part["model"]] if "model" in part else engine.get("models")
    slots = part.get("slots")
    running = part.get("running", 0)
    return {
        "models": models if isinstance(models, list) else [],
        "engine": engine.get("id"),
        "state": part.get("state"),
        "running": running if slots is None else f"{running}/{slots}",
        "waiting": part.get("waiting", 0),
        "memory": megabytes(part.get("memoryBytes")),
        "address": engine.get("address") or "here",
        "reason": part.get("reason"),
    }


def megabytes(size: object) -> str | None:
    """Return a size for people; None: it is not known."""
    return f"{size / _MEGABYTE:,.0f} MB" if isinstance(size, (int, float)) else None
