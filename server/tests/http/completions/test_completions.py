"""POST /completions over OpenAI-compatible engines: what is asked, what comes back, what it costs."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import httpx2
import pytest

from fake_upstream import Asked, Wire, refusing
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.openai.completions.response_schemas import Completion, CompletionChunk
from house import TOY, House, house

PATH = "/api/v1/completions"
PROMPT = "The capital of France is"


@pytest.fixture
async def home() -> AsyncGenerator[House]:
    async with house(dialects=("vllm", "openai")) as one:
        yield one


async def complete(one: House, **fields: object) -> httpx2.Response:
    return await one.client.post(PATH, json={"model": "toy", "prompt": PROMPT, **fields})


async def told(one: House, **fields: object) -> dict[str, Any]:
    reply = await complete(one, **fields)
    assert reply.status_code == 200, reply.text
    Completion.model_validate(reply.json())
    body: dict[str, Any] = reply.json()
    return body


async def streamed(one: House, **fields: object) -> list[dict[str, Any]]:
    body = {"model": "toy", "prompt": PROMPT, "stream": True, **fields}
    chunks, last = [], ""
    async with one.client.stream("POST", PATH, json=body) as reply:
        assert reply.status_code == 200
        async for line in reply.aiter_lines():
            last = line or last
            if line.startswith("data: {"):
                chunks.append(json.loads(line.removeprefix("data: ")))
                CompletionChunk.model_validate(chunks[-1])
    assert last == "data: [DONE]"
    return chunks


def charged(one: House) -> int:
    return -sum(entry.amount for entry in one.charges())


def price(body: dict[str, Any]) -> int:
    used = body["usage"]
    usage = Usage(input_tokens=used["prompt_tokens"], output_tokens=used["completion_tokens"])
    return TOY.price.charge("toy", usage).amount


async def test_a_prompt_is_sent_as_it_stands(home: House) -> None:
    body = await told(home, max_tokens=3, temperature=0, stop=["zero"], seed=4, user="me")
    (asked,) = home.fake.completed
    assert asked.body["prompt"] == PROMPT
    assert asked.body["max_tokens"] == 3
    assert asked.body["seed"] == 4
    assert "messages" not in asked.body
    assert not home.fake.asked, "no chat was asked for"
    assert body["object"] == "text_completion"
    (choice,) = body["choices"]
    assert len(choice["text"].split()) == 3
    assert choice["finish_reason"] == "length"
    assert choice["logprobs"] is None
    assert body["usage"]["prompt_tokens"] == 5
    assert body["usage"]["completion_tokens"] == 3


async def test_without_a_limit_there_are_16_tokens(home: House) -> None:
    assert (await told(home))["usage"]["completion_tokens"] == 16


async def test_a_stream_says_what_the_whole_response_says(home: House) -> None:
    fields: dict[str, object] = {"temperature": 0, "n": 2, "logprobs": 2, "echo": True}
    fields["prompt"] = "One two"
    whole = await told(home, **fields)
    chunks = await streamed(home, **fields, stream_options={"include_usage": True})
    assert chunks[-1]["usage"] == whole["usage"]
    assert chunks[-1]["choices"] == []
    for choice in whole["choices"]:
        parts = [c for chunk in chunks for c in chunk["choices"] if c["index"] == choice["index"]]
        assert "".join(part["text"] for part in parts) == choice["text"]
        assert parts[-1]["finish_reason"] == choice["finish_reason"]
        for name, values in choice["logprobs"].items():
            told_in_parts = [v for p in parts for v in (p["logprobs"] or {}).get(name, [])]
            assert told_in_parts == values


async def test_a_stream_reports_no_usage_unasked(home: House) -> None:
    assert all("usage" not in chunk for chunk in await streamed(home))


@pytest.mark.parametrize("dialect", ["vllm", "openai", "llama-server"])
async def test_several_prompts_are_one_call_with_one_charge(dialect: str) -> None:
    async with house(dialects=(dialect, dialect)) as one:
        prompts = ["One", "One two", "One two three"]
        body = await told(one, prompt=prompts, n=2, max_tokens=2, temperature=0)
        alone = [await told(one, prompt=p, n=2, max_tokens=2, temperature=0) for p in prompts]
        assert [choice["index"] for choice in body["choices"]] == list(range(6))
        texts = [choice["text"] for other in alone for choice in other["choices"]]
        assert [choice["text"] for choice in body["choices"]] == texts
        assert body["usage"]["completion_tokens"] == 12
        assert body["usage"]["prompt_tokens"] == 1 + 2 + 3
        calls = {entry.call_id for entry in one.charges()}
        assert len(calls) == 4
        assert charged(one) == price(body) + sum(map(price, alone))
        together = dialect != "llama-server"
        assert len(one.fake.completed) == (4 if together else 6)


async def test_token_ids_are_passed_on_and_counted(home: House) -> None:
    body = await told(home, prompt=[[5, 6, 7], [8]], max_tokens=1)
    assert home.fake.completed[0].body["prompt"] == [[5, 6, 7], [8]]
    assert body["usage"]["prompt_tokens"] == 4
    await told(home, prompt=[5, 6, 7], max_tokens=1)
    assert home.fake.completed[1].body["prompt"] == [5, 6, 7]


async def test_an_echo_begins_each_choice_and_is_no_output(home: House) -> None:
    body = await told(home, prompt=["One", "Two"], n=2, max_tokens=1, echo=True)
    starts = [choice["text"][:3] for choice in body["choices"]]
    assert starts == ["One", "One", "Two", "Two"]
    assert body["usage"]["completion_tokens"] == 4
    assert charged(home) == price(body)


async def test_an_echo_is_scored_by_engines_that_do_so(home: House) -> None:
    body = await told(home, prompt=["One two", "Three"], max_tokens=1, echo=True, logprobs=1)
    first, second = body["choices"]
    assert first["text"].startswith("One two")
    lists = first["logprobs"]
    assert lists["tokens"][:2] == ["One", " two"]
    assert lists["token_logprobs"][0] is None
    assert lists["token_logprobs"][1:] == [-0.5, -0.125]
    assert lists["top_logprobs"][0] is None
    assert lists["text_offset"] == [0, 3, 7]
    assert second["text"].startswith("Three")
    assert [asked.body["echo"] for asked in home.fake.completed] == [True, True]
    assert body["usage"]["completion_tokens"] == 2


async def test_only_the_prompt_is_returned_where_no_output_is_wanted(home: House) -> None:
    body = await told(home, prompt="One two", max_tokens=0, echo=True, logprobs=1)
    (choice,) = body["choices"]
    assert choice["text"] == "One two"
    assert len(choice["logprobs"]["tokens"]) == 2
    assert choice["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 1
    assert charged(home) == price(body) > 0
    chunks = await streamed(home, prompt="One two", max_tokens=0, echo=True)
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "One two"
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"


async def test_log_probabilities_have_the_older_shape(home: House) -> None:
    body = await told(home, max_tokens=2, logprobs=2, temperature=0)
    lists = body["choices"][0]["logprobs"]
    assert "".join(lists["tokens"]) == body["choices"][0]["text"]
    assert lists["token_logprobs"] == [-0.125, -0.125]
    assert [len(top) for top in lists["top_logprobs"]] == [2, 2]
    assert lists["text_offset"] == [0, len(lists["tokens"][0])]


async def test_without_alternatives_the_chosen_token_stands_alone(home: House) -> None:
    lists = (await told(home, max_tokens=1, logprobs=0))["choices"][0]["logprobs"]
    assert lists["top_logprobs"] == [{lists["tokens"][0]: -0.125}]


async def test_the_best_of_each_prompt_are_returned_and_all_are_charged(home: House) -> None:
    body = await told(home, prompt=["One", "Two"], n=2, best_of=3, max_tokens=2)
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2, 3]
    assert all(choice["logprobs"] is None for choice in body["choices"])
    assert body["usage"]["completion_tokens"] == 2 * 3 * 2
    assert home.fake.completed[0].body["n"] == 3
    assert charged(home) == price(body)


async def test_the_money_for_all_choices_is_held() -> None:
    usd = 900_000_000 // 1_000_000 * 300  # 300 tokens of output
    async with house(usd=usd, dialects=("vllm", "vllm")) as one:
        few = await complete(one, prompt=["One"] * 2, max_tokens=100)
        many = await complete(one, prompt=["One"] * 4, max_tokens=100)
    assert few.status_code == 200
    assert many.status_code == 402


async def test_an_engine_that_goes_on_is_cut_at_each_choices_limit(home: House) -> None:
    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        while True:
            for index in range(4):
                await wire.event({"choices": [{"index": index, "text": " a"}]})
            await anyio.lowlevel.checkpoint()

    home.fake.complete_next.append(script)
    with anyio.fail_after(20):
        chunks = await streamed(home, prompt=["One", "Two"], n=2, max_tokens=2)
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    for index in range(4):
        own = [choice for choice in choices if choice["index"] == index]
        assert "".join(choice["text"] for choice in own) == " a a"
        assert own[-1]["finish_reason"] == "length"
    rows = {entry.sku: entry.units for entry in home.charges()}
    assert rows["toy-llm-output-mtoken"] == 8


async def test_a_client_that_hangs_up_pays_for_what_was_produced() -> None:
    async with house(dialects=("llama-server", "openai"), token_s=0.05) as one:
        body = {"model": "toy", "prompt": ["One", "Two"], "stream": True}
        async with one.client.stream("POST", PATH, json=body) as reply:
            async for line in reply.aiter_lines():
                if line.startswith("data: {"):
                    break
        with anyio.fail_after(10):
            while not one.charges():  # noqa: ASYNC110 - the journal tells nobody
                await anyio.sleep(0.05)
        rows = {entry.sku: entry.units for entry in one.charges()}
        assert 1 <= rows["toy-llm-output-mtoken"] <= 4
        assert len(one.fake.completed) == 1, "the second prompt was not begun"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["a", 1]}, "prompt"),
        ({"prompt": [[]]}, "prompt"),
        ({"prompt": [-1]}, "prompt"),
        ({"prompt": ["a"] * 129}, "prompt"),
        ({"prompt": ["a"] * 65, "n": 2}, "n"),
        ({"logprobs": 6}, "logprobs"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"n": 2, "best_of": 1}, "best_of"),
        ({"best_of": 2, "stream": True}, "best_of"),
        ({"echo": True, "suffix": "b"}, "echo"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"suffix": "b"}, "suffix"),
    ],
)
async def test_a_field_that_cannot_be_honoured_is_named(
    fields: dict[str, object], named: str
) -> None:
    async with house(dialects=("vllm", "vllm")) as one:
        reply = await complete(one, **fields)
        assert reply.status_code == 400
        assert named in reply.text
        assert not one.charges()


async def test_a_suffix_goes_to_engines_that_take_it() -> None:
    async with house() as one:
        await told(one, suffix=" in Europe.")
        assert one.fake.completed[0].body["suffix"] == " in Europe."


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_an_engine_that_only_chats_is_passed_over(home: House, status: int) -> None:
    home.fake.complete_next.append(refusing(status))
    await told(home)
    assert len(home.second.completed) == 1


async def test_where_all_engines_only_chat_the_response_says_so(home: House) -> None:
    home.fake.complete_next.append(refusing(404))
    home.second.complete_next.append(refusing(404))
    reply = await complete(home)
    assert reply.status_code == 400
    assert "only chats" in reply.text
    assert not home.charges()


async def test_unknown_fields_are_named(home: House) -> None:
    reply = await complete(home, colour="red")
    assert reply.headers["x-fondaco-ignored-params"] == "colour"


async def test_errors_at_v1_are_objects(home: House) -> None:
    reply = await home.client.post("/v1/completions", json={"model": "toy", "prompt": []})
    assert reply.status_code == 400
    assert reply.json()["error"]["message"]
    ok = await home.client.post("/v1/completions", json={"model": "toy", "prompt": "a"})
    assert ok.json()["object"] == "text_completion"
