"""The metrics in the Prometheus text format; imported with the first scrape, as its library takes time to load."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from fondaco.domain.jobs import JobState
from fondaco.serving.metrics import SECONDS, Metrics


@dataclass(frozen=True, slots=True)
class JobFigures:
    """The jobs and their progress."""

    counts: Mapping[tuple[str, JobState], int]
    progress: Mapping[str, float]


def exposition(metrics: Metrics, jobs: JobFigures) -> bytes:
    """Return the metrics as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Families(metrics, jobs))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, metrics: Metrics, jobs: JobFigures) -> None:
        self._metrics = metrics
        self._jobs = jobs

    def collect(self) -> Iterator[Metric]:
        metrics = self._metrics
        replies = CounterMetricFamily(
            "fondaco_replies", "Replies by endpoint and status.", labels=("endpoint", "status")
        )
        for (endpoint, status), count in metrics.replies.items():
            replies.add_metric((endpoint, str(status)), count)
        yield replies
        tokens = CounterMetricFamily(
            "fondaco_tokens", "Tokens by model and kind.", labels=("model", "kind")
        )
        for (model, kind), count in metrics.tokens.items():
            tokens.add_metric((model, kind), count)
        yield tokens
        incidents = CounterMetricFamily(
            "fondaco_incidents",
            "Operational faults by kind.",
            labels=("kind", "engine", "model", "reason"),
        )
        for labels, count in metrics.incidents.items():
            incidents.add_metric(labels, count)
        yield incidents
        yield CounterMetricFamily(
            "fondaco_hangups", "Calls whose client disconnected.", value=metrics.hangups
        )
        yield GaugeMetricFamily("fondaco_running", "Requests under way.", value=metrics.running)
        yield self._durations()
        yield from self._of_jobs()

    def _of_jobs(self) -> Iterator[Metric]:
        counts = GaugeMetricFamily(
            "fondaco_jobs", "JobFigures by model and state.", labels=("model", "state")
        )
        for (model, state), count in self._jobs.counts.items():
            counts.add_metric((model, state.value), count)
        yield counts
        progress = GaugeMetricFamily(
            "fondaco_job_progress",
            "Share that is done of the jobs under way, on average.",
            labels=("model",),
        )
        for model, share in self._jobs.progress.items():
            progress.add_metric((model,), share)
        yield progress
        ended = CounterMetricFamily(
            "fondaco_jobs_ended", "JobFigures by model and outcome.", labels=("model", "outcome")
        )
        for labels, count in self._metrics.jobs.items():
            ended.add_metric(labels, count)
        yield ended

    def _durations(self) -> HistogramMetricFamily:
        family = HistogramMetricFamily(
            "fondaco_reply_seconds", "Time to the end of a reply.", labels=("endpoint",)
        )
        for endpoint, durations in self._metrics.durations.items():
            buckets: list[tuple[str, float]] = []
            cumulative = 0
            bounds = (*(str(bound) for bound in SECONDS), "+Inf")
            for bound, count in zip(bounds, durations.buckets, strict=True):
                cumulative += count
                buckets.append((bound, cumulative))
            family.add_metric((endpoint,), buckets, durations.sum_s)
        return family
