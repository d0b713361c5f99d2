"""Anthropic's own npm client against the program with the embedded model."""

from node_clients import needs_node, printed
from program import Program


@needs_node
def test_the_npm_client_does_messages_streams_counts_and_errors(served: Program) -> None:
    environ = {"ANTHROPIC_BASE_URL": served.url, "ANTHROPIC_API_KEY": served.api_key}
    seen = printed("messages.mjs", environ)
    assert seen["whole"]
    assert seen["last"]["text"] == seen["streamed"] == seen["whole"]
    assert seen["last"]["stop"] == seen["stop"]
    assert seen["last"]["usage"]["output_tokens"] == seen["usage"]["output_tokens"]
    usage = seen["usage"]
    assert seen["counted"] == usage["input_tokens"] + usage["cache_read_input_tokens"]
    assert (seen["wrongKey"]["kind"], seen["wrongKey"]["status"]) == ("AuthenticationError", 401)
    assert (seen["unknownModel"]["kind"], seen["unknownModel"]["status"]) == ("NotFoundError", 404)
    assert seen["unknownModel"]["id"].startswith("req_")
    assert "temperature: must be at most 1 (got 2)" in seen["tooHot"]["message"]
    assert seen["tooHot"]["type"] == "invalid_request_error"
    assert "prompt is too long" in seen["tooLong"]["message"]
