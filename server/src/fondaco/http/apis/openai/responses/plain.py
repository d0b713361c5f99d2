"""The fast path of POST /responses: plain requests, without a task."""

from functools import partial

from fondaco.domain.chat.request import NO_OPTIONS
from fondaco.http.apis.openai.chat.fast.plain_body import plainly_read
from fondaco.http.apis.openai.chat.fast.plain_call import PlainRequest, fast_path_of
from fondaco.http.apis.openai.responses.request.body import ResponsesRequest
from fondaco.http.apis.openai.responses.request.conversation import conversation_of
from fondaco.http.apis.openai.responses.responses import ResponseAnswer

_KNOWN = frozenset(
    {
        "model",
        "input",
        "instructions",
        "max_output_tokens",
        "temperature",
        "top_p",
        "stream",
        "metadata",
        "user",
    }
)


def _plain(cache_scope: str, body: ResponsesRequest) -> PlainRequest | None:
    if ":" in body.model:
        return None
    conversation, tools = conversation_of(body.input), body.tooling
    request = body.to_domain(conversation, tools, cache_scope)
    if request.options is not NO_OPTIONS:
        return None
    answer = ResponseAnswer(body, tools, body.ignored(conversation, tools))
    return PlainRequest(request, body.max_output_tokens, answer)


def _read(text: bytes, cache_scope: str) -> PlainRequest | None:
    return plainly_read(text, _KNOWN, ResponsesRequest, partial(_plain, cache_scope))


FAST_PATH = fast_path_of(_read)
