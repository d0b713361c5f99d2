"""POST /api/v1/images/generations."""

from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import ModelType
from fondaco.http.apis.openai.images.schemas import ImageGenerationRequest, ImageList
from fondaco.http.apis.openai.images.writer import image_list
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.images.headers import HEADERS, image_headers
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response

_DEFAULT = "default"


async def run(context: RequestContext[ImageGenerationRequest, None]) -> Response:
    """Generate an image."""
    body, platform, call = context.body, context.platform, context.call()
    request = body.to_domain(_served(platform.catalogue, body.model))
    made = await platform.images.answer(call, request, context.reply_memory)
    context.exchange.quota = made.quota
    url_type = f"image/{body.output_format}" if body.response_format == "url" else ""
    return Response(
        await image_list(int(call.opened_at), made.files, url_type),
        lines=image_headers(made, body.ignored(judged=made.blurred is not None)),
    )


def _served(catalogue: Catalogue, name: str | None) -> str:
    """Return a name that routes to an image model: of a name that does not, the default one.

    Source: POST /images/generations, `model`.
    """
    return name if name and catalogue.serves(name, ModelType.IMAGE) else _DEFAULT


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/images/generations",
    run=run,
    summary="Generate an image, as OpenAI's API does",
    tag="Images",
    body=Json(schema=ImageGenerationRequest),
    paid=True,
    responses={200: Content("The image", ImageList, headers=HEADERS)},
)
