"""POST /v1/messages/count_tokens."""

from fondaco.domain.chat.request import Sampling
from fondaco.domain.errors import PromptNotCountableError
from fondaco.http.apis.anthropic.dialect import ANTHROPIC
from fondaco.http.apis.anthropic.reply.schemas import TokenCount
from fondaco.http.apis.anthropic.request import CountRequest
from fondaco.http.edge.headers import ending, ignored_fields, inference
from fondaco.http.endpoint.bodies import BodySize, Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response


async def run(context: RequestContext[CountRequest, None]) -> Response:
    """Count the tokens of a prompt."""
    body, platform, call = context.body, context.platform, context.call()
    parameters = body.take_suffix(platform.catalogue)
    request = body.conversation(parameters, str(call.account_id), sampling=Sampling(), stream=False)
    counted = await platform.chat.count(call, request)
    context.exchange.quota = counted.quota
    response = json_response({"input_tokens": counted.input_tokens})
    response.lines = inference(counted.model, counted.engine) + ignored_fields(body.ignored)
    if counted.notice is not None:
        response.lines += ending(counted.notice)
    return response


ENDPOINT = Endpoint(
    dialect=ANTHROPIC,
    method="POST",
    path="/v1/messages/count_tokens",
    run=run,
    summary="Count the tokens of a message's prompt, free of charge",
    tag="Anthropic",
    body=Json(schema=CountRequest, size=BodySize.MEDIA),
    limited=True,
    responses={
        200: Content("The number of tokens that the prompt would be charged as", TokenCount)
    },
    errors=(PromptNotCountableError,),
)
