"""Every documented field of a chat call is used, passed on, named as ignored, or discarded as documented.

Each row of the table asks a running house with the field and without it.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

import answer_rows
import field_rows
from field_rows import URL, Row, Seen
from fondaco.app import contract
from fondaco.domain.chat.reasoning import ReasoningProfile, ReasoningSwitch
from fondaco.domain.models.model import Capabilities
from fondaco.domain.web import Citation, Page
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from house import TOY, House, house
from published import ABSENT, SPECIFICATION, document
from toy_speaker import TOY_VOICE, ToySpeaker

Json = dict[str, Any]
ROWS = {**field_rows.ROWS, **answer_rows.ROWS}
ABLE = Capabilities(
    function_calling=True,
    response_schema=True,
    web_search=True,
    log_probs=True,
    vision=True,
    audio_input=True,
    video_input=True,
    reasoning=True,
)
NO_OPTIONS = replace(TOY, capabilities=ABLE, system_prompt=False)
MODELS = (
    NO_OPTIONS,
    TOY_VOICE,
    replace(NO_OPTIONS, id="seer", traits=()),
    replace(NO_OPTIONS, id="told", traits=(), system_prompt=True),
    replace(
        NO_OPTIONS,
        id="thinker",
        traits=(),
        reasoning=ReasoningProfile(switch=ReasoningSwitch.TEMPLATE, efforts=("low", "high")),
    ),
)
CLIENTS = frozenset(
    {"model", "messages", "stream", "frequency_penalty", "max_completion_tokens", "n"}
    | {"presence_penalty", "response_format", "seed", "stop", "temperature", "top_p", "max_temp"}
    | {"min_temp", "min_p", "tools", "tool_choice", "user", "venice_parameters", "reasoning"}
    | {"reasoning_effort", "reasoning.effort", "reasoning.summary", "prompt_cache_key", "store"}
    | {"prompt_cache_retention", "text", "include", "metadata", "logprobs", "top_logprobs"}
    | {
        "modalities",
        "audio",
        "parallel_tool_calls",
        "repetition_penalty",
        "stop_token_ids",
        "top_k",
        "stream_options",
    }
)
"""What `create` of the client takes. Source: the client's `chat.completions.create`."""


@dataclass
class Web:
    """A search engine and the pages that it knows."""

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        return [Citation("The Rialto", URL, "Built by da Ponte.")]

    async def read(self, url: str) -> Page:
        return Page(url, "The Rialto", "A bridge.")

    def expect_ready(self) -> None:
        pass


@dataclass
class Houses:
    own: House
    """Over vLLM and, where that does not take a field, llama-server."""
    hosted: House
    """Over OpenAI's own API."""

    async def see(self, row: Row, asked: Json) -> Seen:
        one = self.hosted if row.hosted else self.own
        engines = {"first": one.fake, "second": one.second}
        for engine in engines.values():
            engine.always(row.says)
        reply = await one.chat(**asked)
        assert reply.status_code == 200, reply.text
        return Seen(reply, engines[reply.headers["x-venice-model-router"]].asked[-1].body)


@pytest.fixture(scope="module")
async def houses() -> AsyncGenerator[Houses]:
    web_retrieval = WebRetrieval(Web(), {"web": Web()})
    async with (
        house(
            models=MODELS,
            dialects=("vllm", "llama-server"),
            system_prompt="Be honest.",
            web_retrieval=web_retrieval,
            speech_engines={"toy-throat": ToySpeaker()},
        ) as own,
        house(models=MODELS) as hosted,
    ):
        yield Houses(own, hosted)


@pytest.mark.parametrize("name", ROWS)
async def test_a_field_does_what_is_documented(houses: Houses, name: str) -> None:
    row = ROWS[name]
    without = await houses.see(row, row.beside)
    seen = await houses.see(row, row.asked)
    assert row.shown(seen)
    if row.treatment == "discarded":
        assert seen.engine == without.engine
    else:
        assert not row.shown(without), "it would be so without the field"
    assert (row.treatment == "named as ignored") == (seen.ignored != [""])


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/api/v1/chat/completions", {"venice_parameters": {"enable_e2ee": True}}),
        ("/api/v1/chat/completions", {"model": "default:enable_e2ee=true"}),
        ("/v1/chat/completions", {"venice_parameters": {"enable_e2ee": True}}),
        ("/v1/responses", {"venice_parameters": {"enable_e2ee": True}, "input": "Hi"}),
        ("/v1/messages", {"model": "default:enable_e2ee=true", "max_tokens": 8}),
    ],
)
async def test_a_plain_call_whose_caller_demands_encryption_is_refused(
    houses: Houses, path: str, asked: Json
) -> None:
    whole = {"model": "default", "messages": [{"role": "user", "content": "Hi"}], **asked}
    if "input" in asked:
        del whole["messages"]
    reply = await houses.own.client.post(path, json=whole)
    assert reply.status_code == 400
    assert "is not encrypted" in reply.text


def test_every_field_that_we_describe_is_in_the_table() -> None:
    described = contract().document
    operation = described["paths"]["/api/v1/chat/completions"]["post"]  # type: ignore[index]  # JSON
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert set(names(body, described)) == ROWS.keys()


@pytest.mark.skipif(not SPECIFICATION.exists(), reason=ABSENT)
def test_every_published_field_is_in_the_table() -> None:
    published = document()
    body = published["components"]["schemas"]["ChatCompletionRequest"]
    assert set(names(body, published)) - ROWS.keys() == set()


def test_every_field_that_clients_send_is_in_the_table() -> None:
    assert CLIENTS - ROWS.keys() == set()


def names(schema: Json, whole: Json, before: str = "") -> Iterator[str]:
    """Yield the paths of all fields of a schema, such as `tools[].function.name`."""
    if "$ref" in schema:
        schema = whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for kind in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(kind, ()):
            yield from names(one, whole, before)
    for name, inner in schema.get("properties", {}).items():
        yield before + name
        yield from names(inner, whole, f"{before}{name}.")
    if isinstance(items := schema.get("items"), dict):
        yield from names(items, whole, f"{before[:-1]}[].")
