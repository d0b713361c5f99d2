"""Content blocks and usage, in the shapes of the API.

Source: Anthropic's API reference, "Create a message".
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from fondaco.domain.money.usage import Usage
from fondaco.domain.web import RetrievedContext

Json: TypeAlias = dict[str, object]


def usage_report(usage: Usage) -> Json:
    """Return usage in the shape of the API, where input tokens are those that no cache had."""
    report: Json = {
        "input_tokens": usage.input_tokens - usage.cached_input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        report["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.searches:
        report["server_tool_use"] = {"web_search_requests": usage.searches, "web_fetch_requests": 0}
    return report


def search_blocks(message_id: str, web: RetrievedContext | None) -> Iterator[Json]:
    """Yield the blocks of the web search that was made for a message, if there was one."""
    if web is None or not web.query:
        return
    use_id = f"srvtoolu_{message_id[-24:]}"
    yield {
        "type": "server_tool_use",
        "id": use_id,
        "name": "web_search",
        "input": {"query": web.query},
    }
    results: object = [
        {
            "type": "web_search_result",
            "title": one.title,
            "url": one.url,
            "encrypted_content": "",
            "page_age": one.date,
        }
        for one in web.citations
    ]
    if not web.searches:
        results = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    yield {"type": "web_search_tool_result", "tool_use_id": use_id, "content": results}


def message_fields(message_id: str, model: str, content: list[Json]) -> Json:
    """Return the fields that a message has from its start."""
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
    }


def opened_block(kind: Literal["text", "thinking"]) -> Json:
    """Return a block without its text; thinking that its engine has not signed has an empty signature."""
    return {"type": "text"} if kind == "text" else {"type": "thinking", "signature": ""}


def tool_use_block(call_id: str, name: str) -> Json:
    """Return a tool call without its input."""
    return {"type": "tool_use", "id": call_id, "name": name}
