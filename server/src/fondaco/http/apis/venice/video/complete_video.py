"""POST /api/v1/video/complete."""

from fondaco.domain.errors import MediaNotFoundError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.video.schemas import CompleteVideoRequest, VideoDeletion
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[CompleteVideoRequest, None]) -> Response:
    """Delete a video, once it has been retrieved."""
    body, videos = context.body, context.platform.videos
    job = await videos.find(context.key_holder.account.id, body.model, body.queue_id)
    return json_response({"success": await videos.delete(job.id)})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/video/complete",
    run=run,
    summary="Delete a video",
    tag="Video",
    body=Json(schema=CompleteVideoRequest),
    limited=True,
    responses={200: Content("Whether it was deleted", VideoDeletion)},
    errors=(MediaNotFoundError,),
)
