"""Metrics: counters of the server's work, never any content."""

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fondaco.domain.money.usage import Usage
from fondaco.ports.incidents import Incident, log as incident_log

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the duration buckets; one more bucket takes the rest."""


@dataclass(slots=True)
class Durations:
    """A histogram of reply durations."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    sum_s: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one reply."""
        self.buckets[bisect_left(SECONDS, seconds)] += 1
        self.sum_s += seconds


@dataclass(frozen=True, slots=True)
class EngineFault:
    """The last fault of an engine."""

    at: float
    """Unix seconds."""
    reason: str
    """A code of a closed set."""


@dataclass(slots=True)
class Metrics:
    """Counts since the start; labels come from closed sets (endpoints, statuses, models)."""

    replies: Counter[tuple[str, int]] = field(default_factory=Counter)
    """(endpoint path, status) -> number of replies."""
    durations: dict[str, Durations] = field(default_factory=dict)
    """Endpoint path -> durations of its replies."""
    tokens: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(model id, `input` or `output`) -> tokens of charged and of completed calls."""
    incidents: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """(kind, engine, model id, reason) -> number of incidents."""
    faults: dict[str, EngineFault] = field(default_factory=dict)
    """Engine -> its last fault."""
    jobs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(model id, `done` or why it failed) -> number of jobs that ended."""
    calls: int = 0
    """Calls that were charged or completed."""
    hangups: int = 0
    """Client disconnects before the end of a reply."""
    running: int = 0
    """Requests in progress."""

    def consumed(self, model: str, usage: Usage) -> None:
        """Count the tokens of a call that was charged or completed."""
        self.calls += 1
        self.tokens[model, "input"] += usage.input_tokens
        self.tokens[model, "output"] += usage.output_tokens

    def ended(self, model: str, outcome: str) -> None:
        """Count a job that ended."""
        self.jobs[model, outcome] += 1

    def replied(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a reply."""
        self.replies[endpoint, status] += 1
        durations = self.durations.get(endpoint)
        if durations is None:
            durations = self.durations[endpoint] = Durations()
        durations.add(seconds)

    @contextmanager
    def counting_incidents(self) -> Generator[None]:
        """Count every reported incident until the context is left."""
        handler = _IncidentCounter(self.incidents, self.faults)
        incident_log.addHandler(handler)
        try:
            yield
        finally:
            incident_log.removeHandler(handler)


_FAULTS = frozenset({Incident.ENGINE_FAILED, Incident.ENGINE_STOPPED, Incident.ENGINE_UNREACHABLE})


class _IncidentCounter(logging.Handler):
    """Counts the records of `fondaco.ports.incidents`."""

    def __init__(
        self, counts: Counter[tuple[str, str, str, str]], faults: dict[str, EngineFault]
    ) -> None:
        super().__init__()
        self._counts = counts
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, str] = getattr(record, "fields", {})
        kind: str = getattr(record, "incident", "unknown")
        labels = (fields.get("engine", ""), fields.get("model", ""), fields.get("reason", ""))
        self._counts[str(kind), *labels] += 1
        if kind in _FAULTS and labels[0]:
            self._faults[labels[0]] = EngineFault(record.created, labels[2])
