"""POST /api/v1/video/retrieve."""

from functools import partial

from fondaco.domain.errors import InferenceFailedError, MediaNotFoundError, StorageFailedError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.video.schemas import RetrieveVideoRequest, VideoProgress
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.file_stream import PIECE_BYTES, FileStream, StreamedFile
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.exchange.headers import lines_of
from fondaco.ports.incidents import Incident, report
from fondaco.serving.platform import Platform
from fondaco.serving.video.videos import FinishedVideo, VideoStatus

_MP4 = b"video/mp4"


async def run(context: RequestContext[RetrieveVideoRequest, None]) -> Response | StreamedFile:
    """Return a video once it is complete; before that, its progress."""
    body, platform, exchange = context.body, context.platform, context.exchange
    account_id = context.key_holder.account.id
    memory = platform.videos.memory(account_id)
    exchange.at_end(memory.release)  # a slow client holds the memory until it has read all
    found = await platform.videos.retrieve(account_id, body.model, body.queue_id, memory)
    if isinstance(found, VideoStatus):
        return _progress(found)
    deletes = body.delete_media_on_completion
    return StreamedFile(partial(_sent, platform, found, deletes=deletes), _MP4)


def _progress(status: VideoStatus) -> Response:
    told = {
        "status": "PROCESSING",
        "average_execution_time": status.average_ms,
        "execution_duration": status.execution_ms,
    }
    response = json_response(told)
    waits = b"true" if status.waits else b"false"
    response.lines = lines_of(
        [(b"x-fondaco-progress", b"%.3f" % status.progress), (b"x-fondaco-queued", waits)]
    )
    return response


async def _sent(
    platform: Platform, video: FinishedVideo, stream: FileStream, *, deletes: bool
) -> None:
    """Send a video, and perhaps delete it once all of it was sent; only then does the response end."""
    for start in range(0, len(video.file), PIECE_BYTES):
        await stream.write(video.file[start : start + PIECE_BYTES])
    if deletes:
        try:
            await platform.videos.delete(video.job_id)
        except StorageFailedError as error:  # retention deletes it later
            report(Incident.LEDGER_WRITE_FAILED, reason=error.code, call_id=video.job_id)
    stream.finish()


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/video/retrieve",
    run=run,
    summary="Retrieve a video",
    tag="Video",
    body=Json(schema=RetrieveVideoRequest),
    limited=True,
    responses={
        200: Content(
            "The video; while it is being made, how it gets on",
            VideoProgress,
            files=("video/mp4",),
            headers={
                "x-fondaco-progress": "The share that is done, 0 to 1. Absent with a video.",
                "x-fondaco-queued": "Whether it waits for others. Absent with a video.",
            },
        )
    },
    errors=(MediaNotFoundError, InferenceFailedError),
)
