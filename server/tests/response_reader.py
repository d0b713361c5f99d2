"""Requests for responses, whole and streamed, and an independent reading of a stream.

The reading knows nothing of how the server writes: it folds events into a response as OpenAI documents
them, and refuses any that comes out of order.
"""

import json
from typing import Any

from fake_upstream import saying
from fondaco.http.apis.openai.responses.reply.response_schemas import ResponseReply
from house import House

Json = dict[str, Any]
PATH = "/v1/responses"


def asked(**fields: object) -> Json:
    return {"model": "toy", "input": "Count!", **fields}


def chunk(reason: str | None = None, **delta: object) -> Json:
    """Return a chunk of an upstream's stream."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def called(index: int, name: str = "", arguments: str = "", call_id: str = "") -> Json:
    """Return a piece of a tool call, as upstreams write it."""
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return {"index": index, "function": function, **({"id": call_id} if call_id else {})}


async def whole(home: House, *chunks: Json, **fields: object) -> Json:
    """Return the body of a response; an upstream says `chunks`, if there are any."""
    if chunks:
        home.fake.next(saying(*chunks))
    reply = await home.client.post(PATH, json=asked(**fields))
    assert reply.status_code == 200, reply.text
    ResponseReply.model_validate_json(reply.content)
    body: Json = reply.json()
    return body


async def events(home: House, *chunks: Json, **fields: object) -> list[Json]:
    """Return the events of a streamed response."""
    if chunks:
        home.fake.next(saying(*chunks))
    body = asked(stream=True, **fields)
    async with home.client.stream("POST", PATH, json=body) as reply:
        text = (await reply.aread()).decode()
    assert reply.status_code == 200, text
    return read(text)


def read(text: str) -> list[Json]:
    """Return the events of a stream: each is named, none is `[DONE]`, and they are counted from 0."""
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if not lines:
            continue
        name, data = lines
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    return found


def types(stream: list[Json]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in stream]


def folded(stream: list[Json]) -> Json:
    """Return the response that a stream adds up to, piece by piece."""
    assert types(stream)[:2] == ["created", "in_progress"]
    for event in stream[:2]:
        assert event["response"]["status"] == "in_progress"
        assert event["response"]["output"] == []
    items: list[Json] = []
    for event in stream[2:-1]:
        _fold(items, event)
    last = stream[-1]
    assert last["type"] == f"response.{last['response']['status']}"
    assert all(item.get("status") != "in_progress" for item in items)
    assert last["response"]["output"] == items
    final: Json = last["response"]
    return final


IN_PARTS = {"output_text": "text", "reasoning_text": "text", "refusal": "refusal"}
IN_ITEMS = {"function_call_arguments": "arguments", "custom_tool_call_input": "input"}
"""Family of events -> the member that their pieces make up."""
SEARCH_STEPS = ["in_progress", "searching", "completed"]


def _fold(items: list[Json], event: Json) -> None:
    kind = event["type"].removeprefix("response.")
    if kind == "output_item.added":
        assert event["output_index"] == len(items), "an item begins where the last one is done"
        items.append(event["item"])
        return
    assert event["output_index"] == len(items) - 1, "only the last item is open"
    item = items[-1]
    if kind == "output_item.done":
        items[-1] = done = event["item"]
        late = {name: done[name] for name in ("encrypted_content",) if name in done}
        item.pop("steps", None)
        assert {**done, "status": 0} == {**item, **late, "status": 0}
        return
    assert event["item_id"] == item["id"]
    if kind.startswith("web_search_call."):
        steps = item.setdefault("steps", [])
        steps.append(kind.removeprefix("web_search_call."))
        assert steps == SEARCH_STEPS[: len(steps)]
    elif kind in {"content_part.added", "content_part.done"}:
        _fold_part(item["content"], event)
    else:
        _fold_piece(item, event, *kind.split("."))


def _fold_part(content: list[Json], event: Json) -> None:
    if event["type"] == "response.content_part.added":
        content.append(event["part"])
    assert event["content_index"] == len(content) - 1
    assert content[-1] == event["part"]


def _fold_piece(item: Json, event: Json, family: str, *step: str) -> None:
    holder = item if family in IN_ITEMS else item["content"][event["content_index"]]
    member = IN_ITEMS.get(family) or IN_PARTS[family]
    match step:
        case ("delta",):
            holder[member] += event["delta"]
            holder.get("logprobs", []).extend(event.get("logprobs", []))
        case ("done",):
            assert holder[member] == event[member]
        case ("annotation", "added"):
            assert event["annotation_index"] == len(holder["annotations"])
            holder["annotations"].append(event["annotation"])
        case _:
            raise AssertionError(f"There is no event {event['type']!r}.")
