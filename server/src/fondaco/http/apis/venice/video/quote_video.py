"""POST /api/v1/video/quote."""

from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.money.money import NANO
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.video.schemas import QueueVideoRequest, VideoQuote
from fondaco.http.endpoint.bodies import BodySize, Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[QueueVideoRequest, None]) -> Response:
    """Quote the price of a video."""
    tier = context.key_holder.account.tier
    amount = context.platform.videos.quote(tier, context.body.to_domain())
    # Below 2^53 nano-dollars, the shortest decimal of this quotient is the amount to the last digit.
    return json_response({"quote": amount / NANO})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/video/quote",
    run=run,
    summary="Quote a video",
    tag="Video",
    body=Json(schema=QueueVideoRequest, size=BodySize.MEDIA),
    limited=True,
    responses={200: Content("The price", VideoQuote)},
    errors=(ModelNotFoundError,),
)
