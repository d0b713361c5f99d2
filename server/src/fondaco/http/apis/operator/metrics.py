"""GET /metrics."""

from collections.abc import Mapping

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.jobs import JobState
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response
from fondaco.serving.platform import Platform

_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def run(context: RequestContext[None, None]) -> Response:
    """Send the metrics in the Prometheus text format."""
    from fondaco.http.apis.operator.metric_families import JobFigures, exposition  # noqa: PLC0415 - 0.02 s

    platform = context.platform
    jobs = JobFigures(await _job_counts(platform), platform.job_runner.progress)
    return Response(exposition(platform.metrics, jobs), media_type=_MEDIA_TYPE.encode())


async def _job_counts(platform: Platform) -> Mapping[tuple[str, JobState], int]:
    try:
        return await platform.videos.counts()
    except StorageFailedError:  # other metrics report the failure
        return {}


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
