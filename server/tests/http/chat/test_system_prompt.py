"""The platform's own prompt: whom it is put before, and what it costs."""

from dataclasses import replace

import pytest

from house import TOY, House, house

OURS = "Be honest."
ASK = {"role": "user", "content": "Count!"}


async def told(one: House, *messages: object, **fields: object) -> list[dict[str, object]]:
    reply = await one.chat(messages=[*messages, ASK], max_tokens=1, **fields)
    assert reply.status_code == 200
    heard: list[dict[str, object]] = one.fake.asked[-1].body["messages"]
    return heard


async def test_the_system_prompt_precedes_all_messages() -> None:
    async with house(system_prompt=OURS) as one:
        assert await told(one) == [{"role": "system", "content": OURS}, ASK]


@pytest.mark.parametrize("role", ["system", "developer"])
async def test_it_stands_before_what_the_caller_says_in_one_message(role: str) -> None:
    async with house(system_prompt=OURS) as one:
        heard = await told(one, {"role": role, "content": "Be brief."})
        assert heard == [{"role": "system", "content": "Be honest.\n\nBe brief."}, ASK]
        parts = [{"type": "text", "text": "Be "}, {"type": "text", "text": "brief."}]
        heard = await told(one, {"role": role, "content": parts})
        texts = [part["text"] for part in heard[0]["content"]]  # type: ignore[attr-defined]  # JSON
        assert "".join(texts) == "Be honest.\n\nBe brief."
        assert heard[1:] == [ASK]


async def test_a_caller_may_decline_it_in_the_body_and_in_the_name() -> None:
    async with house(system_prompt=OURS) as one:
        no = {"include_venice_system_prompt": False}
        assert await told(one, venice_parameters=no) == [ASK]
        assert await told(one, model="toy:include_venice_system_prompt=false") == [ASK]
        assert len(await told(one, venice_parameters={})) == 2


async def test_a_model_may_go_without_it() -> None:
    async with house(system_prompt=OURS, models=(replace(TOY, system_prompt=False),)) as one:
        assert await told(one) == [ASK]


async def test_an_empty_prompt_is_none() -> None:
    async with house() as one:
        assert await told(one) == [ASK]


async def test_its_tokens_are_counted_and_charged_as_any() -> None:
    async with house(system_prompt=OURS) as one:
        with_it = (await one.chat(max_tokens=1)).json()["usage"]["prompt_tokens"]
        bare = {"include_venice_system_prompt": False}
        without = (await one.chat(max_tokens=1, venice_parameters=bare)).json()["usage"]
        assert with_it == without["prompt_tokens"] + 4 + 3  # the toy's message, and three tokens
        rows = [entry.units for entry in one.charges() if "input" in (entry.sku or "")]
        assert rows == [with_it, without["prompt_tokens"]]
