"""POST /api/v1/images/edits."""

from fondaco.domain.errors import (
    CorruptedImageError,
    EditNotSupportedError,
    ImageNotFetchedError,
    InvalidImageFormatError,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import ModelType
from fondaco.http.apis.openai.images.edit_schemas import LISTS, ImageEditRequest
from fondaco.http.apis.openai.images.schemas import ImageList
from fondaco.http.apis.openai.images.writer import image_list
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.images.headers import HEADERS, image_headers
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.forms import JsonOrForm
from fondaco.http.endpoint.responses import Response

_DEFAULT = "default"


async def run(context: RequestContext[ImageEditRequest, None]) -> Response:
    """Edit an image."""
    body, platform, call = context.body, context.platform, context.call()
    request = body.to_domain(_served(platform.catalogue, body.model))
    made = await platform.image_edits.answer(call, request, context.reply_memory)
    context.exchange.quota = made.quota
    url_type = f"image/{body.output_format or 'png'}" if body.response_format == "url" else ""
    return Response(
        await image_list(int(call.opened_at), made.files, url_type),
        lines=image_headers(made, body.ignored()),
    )


def _served(catalogue: Catalogue, name: str | None) -> str:
    """Return a name that routes to a model that edits: of a name that does not, the default one."""
    return name if name and catalogue.serves(name, ModelType.INPAINT) else _DEFAULT


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/images/edits",
    run=run,
    summary="Edit an image, as OpenAI's API does",
    tag="Images",
    body=JsonOrForm(schema=ImageEditRequest, lists=LISTS),
    paid=True,
    responses={200: Content("The images", ImageList, headers=HEADERS)},
    errors=(
        InvalidImageFormatError,
        CorruptedImageError,
        ImageNotFetchedError,
        EditNotSupportedError,
    ),
)
