"""POST /api/v1/image/generate."""

from base64 import b64encode

import orjson
from anyio import to_thread

from fondaco.domain.money.call import CallKind, request_id
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.images.headers import HEADERS, image_headers
from fondaco.http.apis.venice.images.schemas import GeneratedImages, GenerateImageRequest
from fondaco.http.endpoint.bodies import Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response
from fondaco.serving.images.generate import GenerationResult, ImageTiming


async def run(context: RequestContext[GenerateImageRequest, None]) -> Response:
    """Generate an image, or several variants of one."""
    body, call = context.body, context.call()
    made = await context.platform.images.answer(call, body.to_domain(), context.reply_memory)
    context.exchange.quota = made.quota
    headers = image_headers(made, body.ignored(judged=made.blurred is not None))
    if body.return_binary:
        return Response(made.files[0], f"image/{body.format}".encode(), lines=headers)
    public_id = request_id(call.id, CallKind.IMAGE)
    return Response(await to_thread.run_sync(_json, public_id, made, body), lines=headers)


def _json(public_id: str, made: GenerationResult, body: GenerateImageRequest) -> bytes:
    return orjson.dumps(
        {
            "id": public_id,
            "images": [b64encode(file).decode() for file in made.files],
            "request": body.model_dump(exclude_unset=True),
            "timing": _timing(made.timing),
        }
    )


def _timing(timing: ImageTiming) -> dict[str, float]:
    seconds = {
        "inferenceDuration": timing.inference_s,
        "inferencePreprocessingTime": timing.preprocessing_s,
        "inferenceQueueTime": timing.queue_s,
        "total": timing.total_s,
    }
    return {name: round(one * 1000, 1) for name, one in seconds.items()}


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/image/generate",
    run=run,
    summary="Generate images",
    tag="Images",
    body=Json(schema=GenerateImageRequest),
    paid=True,
    responses={
        200: Content(
            "The images; with `return_binary`, the file itself",
            GeneratedImages,
            files=("image/jpeg", "image/png", "image/webp"),
            headers=HEADERS,
        )
    },
)
