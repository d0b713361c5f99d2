"""Engines: one token, or the least that each can make, within a time limit."""

from collections.abc import Iterator
from functools import partial
from shlex import quote

import anyio

from fondaco.app.without_server.probing import probe_local_engines, probe_upstream_engines
from fondaco.cli.upkeep.findings import Diagnosis, error, ok, warning
from fondaco.serving.routing.reachability import Seen
from fondaco.settings import Settings

_CHECK = "engines"


def upstream(settings: Settings, *, longest_s: float) -> Iterator[Diagnosis]:
    """Yield a finding for each engine that is reached over HTTP."""
    reports = anyio.run(partial(probe_upstream_engines, settings, longest_s=longest_s))
    for name, seen in reports.items():
        yield _finding(name, seen, f"fondaco engines test {quote(name)}")
        for model in sorted(seen.names if not seen.fault else ()):
            yield warning(
                _CHECK,
                f"{name} does not list {model!r}, which a model of the catalogue requests from it.",
                why="Calls for that model may fail.",
                fix=f"fondaco engines test {quote(name)}",
            )


def local(settings: Settings, *, longest_s: float) -> Iterator[Diagnosis]:
    """Yield a finding for each engine on this machine that has a model here."""
    reports = anyio.run(partial(probe_local_engines, settings, longest_s=longest_s))
    for name, seen in reports.items():
        yield _finding(name, seen, "fondaco serve --log-level debug")


def _finding(name: str, seen: Seen, fix: str) -> Diagnosis:
    if seen.fault:
        return error(
            _CHECK, f"{name}: {seen.why}", why="Calls for its models fail or wait.", fix=fix
        )
    return ok(_CHECK, f"{name} answers")
