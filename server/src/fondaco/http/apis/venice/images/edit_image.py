"""POST /api/v1/image/edit."""

from fondaco.domain.errors import (
    CorruptedImageError,
    EditNotSupportedError,
    ImageNotFetchedError,
    InvalidImageFormatError,
)
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.images.headers import HEADERS, image_headers
from fondaco.http.apis.venice.images.picture_schemas import EditImageRequest
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.forms import JsonOrForm
from fondaco.http.endpoint.responses import Response

_DEFAULT = "default"
"""The trait of the model that edits: requests name none. Source: POST /image/edit."""


async def run(context: RequestContext[EditImageRequest, None]) -> Response:
    """Edit an image."""
    request = context.body.to_domain(_DEFAULT)
    made = await context.platform.image_edits.answer(context.call(), request, context.reply_memory)
    context.exchange.quota = made.quota
    return Response(made.files[0], b"image/png", lines=image_headers(made))


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/image/edit",
    run=run,
    summary="Edit an image by an instruction",
    tag="Images",
    body=JsonOrForm(schema=EditImageRequest),
    paid=True,
    responses={200: Content("The image", media_type="image/png", headers=HEADERS)},
    errors=(
        InvalidImageFormatError,
        CorruptedImageError,
        ImageNotFetchedError,
        EditNotSupportedError,
    ),
)
