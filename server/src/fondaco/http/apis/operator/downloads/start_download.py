"""POST /api/v1/operator/downloads."""

from http import HTTPStatus

from fondaco.domain.errors import NotFoundError
from fondaco.http.apis.operator.downloads.schemas import DownloadEntry, DownloadRequest
from fondaco.http.apis.operator.downloads.writer import download_entry
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[DownloadRequest, None]) -> Response:
    """Fetch a known model in the background; it serves as soon as its files are here."""
    download = await context.platform.downloads.begin(context.body.model)
    return json_response(download_entry(download), HTTPStatus.ACCEPTED)


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/operator/downloads",
    run=run,
    summary="Download a known model",
    tag="Operation",
    access=Access.OPERATOR,
    body=Json(schema=DownloadRequest),
    responses={
        202: Content("The download; nothing new begins where the files are here", DownloadEntry)
    },
    errors=(NotFoundError,),
)
