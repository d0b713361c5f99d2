"""POST /api/v1/video/queue."""

from fondaco.domain.errors import (
    AudioTooLongError,
    CorruptedAudioError,
    CorruptedImageError,
    ImageNotFetchedError,
    InvalidAudioFormatError,
    InvalidImageFormatError,
)
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.video.schemas import QueuedVideo, QueueVideoRequest
from fondaco.http.edge.headers import ending
from fondaco.http.endpoint.bodies import BodySize, Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[QueueVideoRequest, None]) -> Response:
    """Queue a video; its price is held from now on, and charged once it is complete."""
    ordered = await context.platform.videos.order(context.call(), context.body.to_domain())
    context.exchange.quota = ordered.quota
    response = json_response({"model": ordered.model.id, "queue_id": ordered.queue_id})
    if ordered.notice is not None:
        response.lines = ending(ordered.notice)
    return response


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/video/queue",
    run=run,
    summary="Queue a video",
    tag="Video",
    body=Json(schema=QueueVideoRequest, size=BodySize.MEDIA),
    paid=True,
    responses={
        200: Content(
            "The video is queued",
            QueuedVideo,
            headers={
                "x-venice-model-deprecation-warning": "Absent but where the model that was asked for "
                "will be retired, or was.",
                "x-venice-model-deprecation-date": "When, in UTC.",
            },
        )
    },
    errors=(
        *(InvalidImageFormatError, CorruptedImageError, ImageNotFetchedError),
        *(InvalidAudioFormatError, CorruptedAudioError, AudioTooLongError),
    ),
)
