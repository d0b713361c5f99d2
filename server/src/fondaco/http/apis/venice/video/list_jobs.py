"""GET /api/v1/video/jobs."""

import orjson

from fondaco.domain.jobs import JobState
from fondaco.domain.money.call import CallKind, request_id
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.video.schemas import VideoJobList, VideoJobsQuery
from fondaco.http.edge.headers import amount
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.ports import JobReport
from fondaco.serving.video.outcome import error_of

_STATES = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "running",
    JobState.DONE: "completed",
    JobState.FAILED: "failed",
}


async def run(context: RequestContext[None, VideoJobsQuery]) -> Response:
    """List the account's video jobs, the newest first."""
    account_id = context.key_holder.account.id
    reports = await context.platform.videos.jobs(account_id, context.query.limit)
    return json_response({"data": [_entry(report) for report in reports]})


def _entry(report: JobReport) -> dict[str, object]:
    job, funds = report.job, report.funds
    return {
        "id": request_id(job.id, CallKind.VIDEO),
        "model": job.model,
        "state": _STATES[job.state],
        "progress": round(job.progress, 3),
        "createdAt": timestamp(job.made_at),
        "endedAt": None if job.ended_at is None else timestamp(job.ended_at),
        "usd": orjson.Fragment(amount(funds.usd)),
        "diem": orjson.Fragment(amount(funds.diem)),
        "error": None if job.failure is None else str(error_of(job.failure)),
    }


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/video/jobs",
    run=run,
    summary="List video jobs",
    tag="Video",
    query=VideoJobsQuery,
    responses={200: Content("The account's jobs, the newest first", VideoJobList)},
)
