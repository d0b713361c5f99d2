"""GET /characters and /characters/{slug}, and chats in which a character answers."""

import shutil
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from fondaco.configuration import built_in_characters
from fondaco.domain.money.money import NANO
from fondaco.http.apis.venice.characters.schemas import CharacterList, CharacterReply
from house import TOY, House, house

CHARACTERS = "/api/v1/characters"
BUILT_IN = sorted(character.slug for character in built_in_characters())
WATTS = next(one for one in built_in_characters() if one.slug == "alan-watts")
OTHER = replace(TOY, id="other", name="Other", traits=("other_trait",))


def write(folder: Path, slug: str, **fields: str) -> None:
    """Write a character's file, its values in TOML."""
    said = {"name": f'"{slug.title()}"', "instructions": f'"Be {slug}."', **fields}
    folder.mkdir(exist_ok=True)
    lines = [f"{key} = {value}\n" for key, value in said.items()]
    (folder / f"{slug}.toml").write_text("".join(lines), encoding="utf-8")


async def get(one: House, **query: object) -> httpx2.Response:
    reply = await one.client.get(CHARACTERS, params={k: str(v) for k, v in query.items()})
    assert reply.status_code == 200, reply.text
    return reply


async def listed(one: House, **query: object) -> list[str]:
    page = CharacterList.model_validate_json((await get(one, **query)).content)
    return [entry.slug for entry in page.data]


async def shown(one: House, slug: str) -> CharacterReply:
    return CharacterReply.model_validate_json(
        (await one.client.get(f"{CHARACTERS}/{slug}")).content
    )


def character(slug: str) -> dict[str, object]:
    return {"venice_parameters": {"character_slug": slug}}


async def test_the_ten_built_in_characters_are_listed_the_featured_ones_first(
    shared: House,
) -> None:
    slugs = await listed(shared)
    assert sorted(slugs) == BUILT_IN
    assert len(slugs) == 10
    featured = {one.slug for one in built_in_characters() if one.featured}
    assert set(slugs[: len(featured)]) == featured
    assert slugs[0] == "alan-watts"


async def test_a_character_is_shown_without_its_instructions(shared: House) -> None:
    reply = await shared.client.get(f"{CHARACTERS}/alan-watts")
    entry = CharacterReply.model_validate_json(reply.content).data
    assert (entry.name, entry.adult, entry.webEnabled) == ("Alan Watts", False, True)
    assert (entry.modelId, entry.photoUrl, entry.shareUrl) == ("toy", "", None)
    assert entry.createdAt == entry.updatedAt == "2026-11-22T00:00:00.000Z"
    assert WATTS.instructions[:20] not in reply.text
    assert WATTS.instructions[:20] not in (await get(shared)).text


async def test_characters_need_a_key_of_any_kind(shared: House) -> None:
    for path in (CHARACTERS, f"{CHARACTERS}/alan-watts"):
        reply = await shared.client.get(path, headers={"Authorization": ""})
        assert reply.status_code == 401


async def test_an_unknown_slug_is_404_with_the_nearest_one(shared: House) -> None:
    reply = await shared.client.get(f"{CHARACTERS}/alan-wats")
    assert (reply.status_code, reply.json()["code"]) == (404, "CHARACTER_NOT_FOUND")
    assert "Did you mean 'alan-watts'?" in reply.json()["error"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"categories": "cooking,maths"}, ["harbour-cook"]),
        ({"categories": "Fiction", "tags": "noir"}, ["noir-detective"]),
        ({"tags": "zen,game"}, ["alan-watts", "dungeon-keeper"]),
        ({"search": "DEFECT"}, ["bug-whisperer"]),
        ({"search": "#game"}, ["dungeon-keeper"]),
        ({"search": "mira"}, ["bug-whisperer"]),
        ({"isAdult": "true"}, []),
        ({"isPro": "true"}, []),
        ({"isAdult": "false", "isPro": "false"}, BUILT_IN),
        ({"modelId": "toy"}, BUILT_IN),
        ({"modelId": "other"}, []),
        ({"isWebEnabled": "true"}, ["alan-watts", "bug-whisperer", "devils-advocate"]),
    ],
)
async def test_a_list_can_be_narrowed_down(
    shared: House, query: dict[str, str], expected: list[str]
) -> None:
    assert sorted(await listed(shared, **query)) == expected


async def test_a_list_may_be_named_more_than_once(shared: House) -> None:
    reply = await shared.client.get(f"{CHARACTERS}?tags=Zen&categories=games&tags=game,x")
    assert [entry["slug"] for entry in reply.json()["data"]] == ["dungeon-keeper"]
    twice = await shared.client.get(f"{CHARACTERS}?limit=1&limit=2")
    assert twice.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"offset": "-1"},
        {"isAdult": "yes"},
        {"sortBy": "highestRating"},
        {"sortOrder": "up"},
        {"search": "x" * 201},
        {"tags": ",".join("a" * 21)},
        {"categories": ""},
        {"category": "games"},
    ],
)
async def test_what_a_list_cannot_be_asked_for_is_400(shared: House, query: dict[str, str]) -> None:
    reply = await shared.client.get(CHARACTERS, params=query)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")
    assert next(iter(query)) in reply.json()["details"]


async def test_pages_say_where_they_stand(shared: House) -> None:
    all_of_them = await listed(shared, sortBy="name")
    reply = await get(shared, sortBy="name", limit=4, offset=8)
    assert [entry["slug"] for entry in reply.json()["data"]] == all_of_them[8:]
    names = ("limit", "page", "total", "total-pages")
    assert [reply.headers[f"x-pagination-{name}"] for name in names] == ["4", "3", "10", "3"]
    assert await listed(shared, offset=10) == []


async def test_names_go_from_a_to_z_and_can_be_turned(shared: House) -> None:
    named = {one.slug: one.name.casefold() for one in built_in_characters()}
    up = await listed(shared, sortBy="name")
    assert up == sorted(up, key=named.__getitem__)
    assert await listed(shared, sortBy="name", sortOrder="desc") == up[::-1]


async def test_times_and_uses_go_from_the_most(tmp_path: Path) -> None:
    for day, slug in ((2, "b"), (3, "c"), (1, "a")):
        write(tmp_path, slug, created=f"2030-01-0{day}", updated=f"2031-01-0{4 - day}")
    async with house(characters=tmp_path) as one:
        assert (await listed(one, sortBy="createdAt"))[:3] == ["c", "b", "a"]
        assert (await listed(one, sortBy="updatedAt"))[:3] == ["a", "b", "c"]
        for slug in ("b", "c", "b"):
            assert (await one.chat(**character(slug))).status_code == 200
        assert (await listed(one, sortBy="imports"))[:2] == ["b", "c"]
        assert (await listed(one, sortBy="imports", sortOrder="asc"))[-2:] == ["c", "b"]
        assert (await shown(one, "b")).data.stats.imports == 2


async def test_a_chat_tells_the_model_first_what_the_character_says(shared: House) -> None:
    plain = (await shared.chat()).json()["usage"]
    shared.fake.asked.clear()
    reply = await shared.chat(**character("alan-watts"))
    first, second = shared.fake.asked[-1].body["messages"]
    assert first == {"role": "system", "content": WATTS.instructions}
    assert second == {"role": "user", "content": "Count!"}
    assert reply.json()["usage"]["prompt_tokens"] > plain["prompt_tokens"]


async def test_the_callers_own_system_message_comes_after_it(shared: House) -> None:
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Count!"}]
    await shared.chat(messages=asked, **character("alan-watts"))
    messages = shared.fake.asked[-1].body["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[0]["content"] == f"{WATTS.instructions}\n\nBe brief."


async def test_a_character_answers_streams_too(shared: House) -> None:
    before = (await shown(shared, "plain-words")).data.stats.imports
    async with shared.streaming(**character("plain-words")) as reply:
        assert reply.status_code == 200
        assert (await reply.aread()).endswith(b"data: [DONE]\n\n")
    assert shared.fake.asked[-1].body["messages"][0]["role"] == "system"
    assert (await shown(shared, "plain-words")).data.stats.imports == before + 1


async def test_a_suffix_of_the_models_name_asks_for_one_as_well(tmp_path: Path) -> None:
    write(tmp_path, "bound", model='"other"')
    async with house(models=(TOY, OTHER), characters=tmp_path) as one:
        reply = (await one.chat(model="default:character_slug=bound")).json()
        assert reply["model"] == "other"
        assert reply["venice_parameters"]["character_slug"] == "bound"
        assert one.fake.asked[-1].body["messages"][0]["content"] == "Be bound."


async def test_it_stands_before_the_platforms_own_prompt(tmp_path: Path) -> None:
    write(tmp_path, "ann")
    async with house(characters=tmp_path, system_prompt="Be kind.") as one:
        await one.chat(**character("ann"))
        [first, _] = one.fake.asked[-1].body["messages"]
        assert first["content"] == "Be ann.\n\nBe kind."


@pytest.mark.parametrize("stream", [False, True])
async def test_an_unknown_character_is_404_before_anything_runs(
    shared: House, *, stream: bool
) -> None:
    shared.fake.asked.clear()
    already = len(shared.charges())
    reply = await shared.chat(stream=stream, **character("alan-wats"))
    assert (reply.status_code, reply.json()["code"]) == (404, "CHARACTER_NOT_FOUND")
    assert "Did you mean 'alan-watts'?" in reply.json()["error"]
    assert (shared.fake.asked, len(shared.charges())) == ([], already)


async def test_a_call_that_is_refused_counts_no_use() -> None:
    async with house(usd=1000) as poor:
        reply = await poor.chat(max_tokens=1000, **character("alan-watts"))
        assert reply.status_code == 402
        assert (await shown(poor, "alan-watts")).data.stats.imports == 0


@pytest.mark.parametrize(
    ("asked", "ran"), [("default", "other"), ("gpt-4o", "other"), ("toy", "toy"), ("o", "other")]
)
async def test_a_characters_own_model_answers_where_the_caller_leaves_it_open(
    tmp_path: Path, asked: str, ran: str
) -> None:
    write(tmp_path, "bound", model='"other_trait"')
    aliases = {"gpt-4o": "default", "o": "other"}
    async with house(models=(TOY, OTHER), aliases=aliases, characters=tmp_path) as one:
        reply = await one.chat(model=asked, **character("bound"))
        assert (reply.json()["model"], reply.headers["x-venice-model-id"]) == (ran, ran)
        assert (await shown(one, "bound")).data.modelId == "other"
        assert await listed(one, modelId="other") == ["bound"]


async def test_a_model_that_is_not_in_the_catalogue_is_404_where_it_would_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, "bound", model='"gone"')
    async with house(characters=tmp_path) as one:
        await one.platform.characters.look()
        [record] = caplog.records
        assert "character bound: its model 'gone' is not in the cat" in record.getMessage()
        reply = await one.chat(model="default", **character("bound"))
        assert (reply.status_code, reply.json()["code"]) == (404, "MODEL_NOT_FOUND")
        assert (await one.chat(model="toy", **character("bound"))).status_code == 200
        assert (await shown(one, "bound")).data.modelId == "gone"


async def test_one_of_your_own_takes_the_place_of_a_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, "alan-watts", adult="true", pro="true")
    async with house(characters=tmp_path) as one:
        assert await listed(one, isAdult="true", isPro="true") == ["alan-watts"]
        assert len(await listed(one)) == 10
        await one.chat(**character("alan-watts"))
        assert one.fake.asked[-1].body["messages"][0]["content"] == "Be alan-watts."


async def test_a_chat_without_a_character_looks_at_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "characters"
    write(folder, "mine")
    async with house(characters=folder) as one:
        assert (await one.chat()).status_code == 200
        shutil.rmtree(folder)  # before anything has looked
        assert "mine" not in await listed(one)


async def test_a_characters_instructions_cost_as_any_prompt(shared: House) -> None:
    before = await shared.balance()
    usage = (await shared.chat(**character("alan-watts"))).json()["usage"]
    paid = before.usd - (await shared.balance()).usd
    price = TOY.price
    tokens = usage["prompt_tokens"] * price.input + usage["completion_tokens"] * price.output
    assert paid == tokens * NANO // (NANO * 10**6)


def test_built_in_characters_are_distinct() -> None:
    def texts(of: str) -> set[object]:
        return {getattr(one, of) for one in built_in_characters()}

    for of in ("slug", "name", "instructions", "description"):
        assert len(texts(of)) == 10
    assert all(one.tags and one.categories for one in built_in_characters())
