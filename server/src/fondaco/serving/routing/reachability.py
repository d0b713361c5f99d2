"""Reachability: which upstream engines answer at all, looked at now and then in the background."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import anyio

from fondaco.domain.errors import EngineError, EngineUnavailableError
from fondaco.ports import Clock
from fondaco.ports.incidents import Incident, report

log = logging.getLogger("fondaco")

Look: TypeAlias = Callable[[], Awaitable[frozenset[str]]]
"""Returns the names that an engine lists, if any, and raises an `EngineError` where it does not answer."""

_LONGEST_LOOK_S = 10.0


class Reachability:
    """Knows the result of the last probe of each engine; one that was not probed counts as reachable."""

    def __init__(self, every_s: float, clock: Clock) -> None:
        """Look at each engine every so many seconds; 0: never."""
        self._every_s = every_s
        self._clock = clock
        self._looks: dict[str, Look] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._changed = anyio.Event()

    def follow(self, looks: Mapping[str, Look]) -> None:
        """Look at these engines from now on, at once."""
        self._looks = dict(looks)
        self._verdicts = {name: one for name, one in self._verdicts.items() if name in looks}
        self._changed.set()

    def serves(self, engines: Iterable[str]) -> bool:
        """Whether one of a model's engines answers, as far as is known."""
        names = tuple(engines)
        return not names or not all(self._is_down(name) for name in names)

    def verdict(self, name: str) -> "Verdict | None":
        """Return what the last look at an engine found; None: it was not looked at."""
        return self._verdicts.get(name)

    async def run(self) -> None:
        """Look at all engines again and again, until cancelled."""
        while self._every_s:
            self._changed = anyio.Event()
            looks = self._looks
            async with anyio.create_task_group() as tasks:
                for name, look in looks.items():
                    tasks.start_soon(self._look, name, look)
            with anyio.move_on_after(self._every_s):
                await self._changed.wait()

    async def _look(self, name: str, look: Look) -> None:
        seen = await looked(look)
        if self._looks.get(name) is not look:
            return  # the configuration was reloaded meanwhile
        was_down, before = self._is_down(name), self._verdicts.get(name)
        if seen.fault and not was_down:
            report(Incident.ENGINE_UNREACHABLE, reason=seen.fault, engine=name)
        elif not seen.fault and was_down:
            log.warning("engine %s responds again", name)
        same = before is not None and bool(before.fault) == bool(seen.fault)
        since = before.since if before is not None and same else self._clock.now()
        self._verdicts[name] = Verdict(seen.fault, seen.why if seen.fault else "", since)

    def _is_down(self, name: str) -> bool:
        verdict = self._verdicts.get(name)
        return verdict is not None and bool(verdict.fault)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of the last look at an engine."""

    fault: str
    """The kind of error; empty: it answered."""
    why: str
    """The reason as a sentence; empty if it answered."""
    since: float
    """Unix seconds of the first look of those in a row that found the same."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Result of a probe of an engine."""

    fault: str = ""
    """The kind of error that it met; empty: the engine answers."""
    reason: str = ""
    """Further details, as a sentence."""

    @property
    def why(self) -> str:
        """The reason, or at least the kind of error."""
        return self.reason or f"It does not respond: {self.fault}."

    names: frozenset[str] = frozenset()
    """The models that the engine lists; none, where it has no list."""


async def looked(look: Look, *, longest_s: float = _LONGEST_LOOK_S) -> Seen:
    """Look at an engine once, for so many seconds at most."""
    try:
        with anyio.fail_after(longest_s):
            return Seen(names=await look())
    except EngineError as error:
        usual = str(error) == EngineUnavailableError.default
        return Seen(type(error).__name__, "" if usual else str(error))
    except TimeoutError:
        return Seen("TimeoutError", f"It does not respond within {longest_s:.0f} seconds.")
