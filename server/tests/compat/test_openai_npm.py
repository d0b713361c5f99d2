"""OpenAI's own npm client and the AI SDK against the program with the embedded model."""

import pytest

from node_clients import needs_node, printed
from program import MODEL, Program


def environ_of(served: Program, base: str) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"{served.url}{base}", "OPENAI_API_KEY": served.api_key}


@needs_node
def test_the_npm_client_does_chat_stream_choices_models_and_errors(served: Program) -> None:
    seen = printed("chat.mjs", environ_of(served, "/api/v1"))
    assert seen["whole"]
    assert seen["streamed"] == seen["whole"]
    assert seen["usage"]["completion_tokens"] == seen["wholeUsage"]["completion_tokens"]
    assert (seen["choices"], seen["logprobs"]) == (2, 2)
    assert MODEL in seen["models"]
    assert seen["wrongKey"]["status"] == 401
    assert seen["unknownModel"]["status"] == 404
    assert seen["tooLong"]["code"] == "context_length_exceeded"


@needs_node
@pytest.mark.parametrize("base", ["/api/v1", "/v1"])
def test_npm_clients_show_why_a_request_was_refused(served: Program, base: str) -> None:
    seen = printed("errors.mjs", environ_of(served, base))
    assert seen["client"] == "Error: 400 temperature: must be at most 2 (got 5)"
    assert seen["files"].startswith(f"Error: 404 This server does not support '{base}/files'. ")
    assert seen["shown"] == MODEL
    assert seen["generated"] == "AI_APICallError: temperature: must be at most 2 (got 5)"
    for kind in ("streamed", "embedded"):
        assert seen[kind].startswith("AI_APICallError: Specified model not found: 'nobody'.")
