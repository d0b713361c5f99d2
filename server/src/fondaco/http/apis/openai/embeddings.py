"""POST /api/v1/embeddings."""

from fondaco.http.apis.openai.embedding_schemas import EmbeddingList, EmbeddingRequest
from fondaco.http.apis.openai.embedding_writer import response_body
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.headers import ending, ignored_fields, inference
from fondaco.http.endpoint.bodies import BodySize, Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response

_BYTES_AN_INPUT = 8 * 2**10
"""Of the reply, before the vectors are known: 384 numbers as JSON."""


async def run(context: RequestContext[EmbeddingRequest, None]) -> Response:
    """Return a vector for each input."""
    body, platform, call = context.body, context.platform, context.call()
    request = body.to_domain(str(call.account_id))
    context.reply_memory.hold(len(request.inputs) * _BYTES_AN_INPUT)
    made = await platform.embedder.answer(call, request)
    context.exchange.quota = made.quota
    headers = inference(made.model, made.engine) + ignored_fields(body.ignored)
    if made.notice is not None:
        headers += ending(made.notice)
    return Response(
        await response_body(
            made.vectors,
            base64=body.encoding_format == "base64",
            model=made.model.id,
            input_tokens=made.usage.input_tokens,
        ),
        lines=headers,
    )


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/embeddings",
    run=run,
    summary="Turn texts into vectors",
    tag="Embeddings",
    body=Json(schema=EmbeddingRequest, size=BodySize.TEXT),
    paid=True,
    responses={
        200: Content(
            "A vector for each input",
            EmbeddingList,
            headers={
                "x-venice-model-deprecation-warning": "Absent but where the model that was asked for "
                "will be retired, or was.",
                "x-venice-model-deprecation-date": "When, in UTC.",
                "x-fondaco-ignored-params": "Fields that mean nothing here. Absent where none does.",
            },
        )
    },
)
