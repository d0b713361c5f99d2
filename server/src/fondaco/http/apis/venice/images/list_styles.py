"""GET /api/v1/image/styles."""

from fondaco.domain.media.image_styles import STYLES
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.images.schemas import StyleList
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """List the values of `style_preset`."""
    return json_response({"data": [one.name for one in STYLES], "object": "list"})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/image/styles",
    run=run,
    summary="List image styles",
    tag="Images",
    access=Access.ANYBODY,
    responses={200: Content("The names of all styles", StyleList)},
)
