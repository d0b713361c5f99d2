"""GET /api/v1/operator/downloads."""

from fondaco.http.apis.operator.downloads.schemas import DownloadList
from fondaco.http.apis.operator.downloads.writer import download_entry
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[None, None]) -> Response:
    """List the models that can be fetched, and how their downloads get on."""
    downloads = await context.platform.downloads.all()
    return json_response({"data": [download_entry(one) for one in downloads]})


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/operator/downloads",
    run=run,
    summary="List the models that can be downloaded",
    tag="Operation",
    access=Access.OPERATOR,
    responses={200: Content("Known models with their downloads", DownloadList)},
)
