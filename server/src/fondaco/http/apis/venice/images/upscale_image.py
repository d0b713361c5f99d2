"""POST /api/v1/image/upscale."""

from fondaco.domain.errors import CorruptedImageError, InvalidImageFormatError, UpscaleFailedError
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.images.headers import HEADERS, image_headers, scale_header
from fondaco.http.apis.venice.images.picture_schemas import UpscaleImageRequest
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.forms import JsonOrForm
from fondaco.http.endpoint.responses import Response


async def run(context: RequestContext[UpscaleImageRequest, None]) -> Response:
    """Upscale an image."""
    body = context.body
    request = body.to_domain()
    made = await context.platform.image_upscales.answer(
        context.call(), request, context.reply_memory
    )
    context.exchange.quota = made.quota
    lines = image_headers(made, body.ignored()) + scale_header(request.scale, made.scale)
    return Response(made.files[0], b"image/png", lines=lines)


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/image/upscale",
    run=run,
    summary="Upscale or enhance an image",
    tag="Images",
    body=JsonOrForm(schema=UpscaleImageRequest),
    paid=True,
    responses={200: Content("The image", media_type="image/png", headers=HEADERS)},
    errors=(InvalidImageFormatError, CorruptedImageError, UpscaleFailedError),
)
