"""GET /metrics."""

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

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.jobs import JobState
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response
from fondaco.serving.metrics import SECONDS, Metrics
from fondaco.serving.platform import Platform

_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def run(context: RequestContext[None, None]) -> Response:
    """Send the metrics in the Prometheus text format."""
    registry = CollectorRegistry()
    platform = context.platform
    registry.register(_Families(platform.metrics, await _jobs(platform)))
    return Response(generate_latest(registry), media_type=_MEDIA_TYPE.encode())


@dataclass(frozen=True, slots=True)
class _Jobs:
    """The jobs and their progress."""

    counts: Mapping[tuple[str, JobState], int]
    progress: Mapping[str, float]


async def _jobs(platform: Platform) -> _Jobs:
    try:
        counts = await platform.videos.counts()
    except StorageFailedError:  # other metrics report the failure
        counts = {}
    return _Jobs(counts, platform.job_runner.progress)


class _Families(Collector):
    def __init__(self, metrics: Metrics, jobs: _Jobs) -> None:
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
            "fondaco_jobs", "Jobs by model and state.", labels=("model", "state")
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
            "fondaco_jobs_ended", "Jobs by model and outcome.", labels=("model", "outcome")
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


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/metrics",
    run=run,
    summary="Get metrics for Prometheus",
    tag="Operation",
    access=Access.METRICS,
    always_open=True,
    responses={200: Content("The metrics", media_type="text/plain")},
)
