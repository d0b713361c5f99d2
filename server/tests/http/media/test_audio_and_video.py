"""Recordings and films in a chat: handed on to engines that take them."""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from fondaco.domain.models.model import Capabilities
from fondaco.web.files import WebFiles
from house import TOY, House, house
from pictures import PIXELS, said, shown
from web.site import Site, site

ABLE = Capabilities(vision=True, audio_input=True, video_input=True)
KEEN = replace(TOY, id="keen", capabilities=ABLE)
NOISE = base64.b64encode(bytes(6_000)).decode()
FILM = "data:video/mp4;base64,AAAA"
NAMES = {"films.test": [["93.184.215.14"]], "inside.test": [["10.0.0.5"]]}


@asynccontextmanager
async def keen(
    dialect: str = "vllm", second: str = "openai", **options: object
) -> AsyncGenerator[tuple[House, Site]]:
    async with site(NAMES) as web:
        files = WebFiles(lambda: web.egress)
        models = (TOY, replace(KEEN, **options))  # type: ignore[arg-type]  # fields of a model
        async with house(models=models, files=files, dialects=(dialect, second)) as one:
            yield one, web


def sound(content: str = NOISE, **more: str) -> dict[str, object]:
    return {"type": "input_audio", "input_audio": {"data": content, **more}}


def film(url: str) -> dict[str, object]:
    return {"type": "video_url", "video_url": {"url": url}}


async def hear(one: House, *parts: object):  # type: ignore[no-untyped-def]  # httpx2's reply
    messages = [{"role": "user", "content": list(parts)}]
    return await one.chat(model="keen", messages=messages, max_tokens=2)


async def test_recordings_and_films_reach_the_engine_as_they_were_sent() -> None:
    async with keen() as (one, _):
        parts = [said("What is heard?"), sound(format="mp3"), film(FILM), shown(PIXELS)]
        assert (await hear(one, *parts)).status_code == 200
        assert one.fake.asked[0].body["messages"][0]["content"] == parts


async def test_a_recording_without_a_format_is_a_wav() -> None:
    async with keen() as (one, _):
        assert (await hear(one, sound())).status_code == 200
        (part,) = one.fake.asked[0].body["messages"][0]["content"]
        assert part == sound(format="wav")


@pytest.mark.parametrize(
    ("part", "what"), [(sound(), "audio"), (film(FILM), "video"), (shown(PIXELS), "images")]
)
async def test_a_model_that_cannot_is_named_with_those_that_can(
    part: dict[str, object], what: str
) -> None:
    async with keen() as (one, _):
        reply = await one.chat(messages=[{"role": "user", "content": [part]}])
        assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_MODEL")
        assert reply.json()["error"] == (
            f"The model 'toy' does not take {what}. Models that do: keen."
        )


@pytest.mark.parametrize(
    ("dialect", "part", "name"),
    [
        ("openai", film(FILM), "video_url"),
        ("llama-server", film(FILM), "video_url"),
        ("ollama", film(FILM), "video_url"),
        ("ollama", sound(), "input_audio"),
    ],
)
async def test_what_no_engine_of_the_model_takes_is_refused_by_name(
    dialect: str, part: dict[str, object], name: str
) -> None:
    async with keen(dialect, dialect) as (one, _):
        reply = await hear(one, part)
        assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_MODEL")
        assert f"`{name}`" in reply.json()["error"]


async def test_an_engine_that_takes_it_not_leaves_it_to_the_next() -> None:
    async with keen("ollama", "vllm") as (one, _):
        reply = await hear(one, sound())
        assert reply.headers["x-venice-model-router"] == "second"
        assert one.fake.asked == []


@pytest.mark.parametrize("content", ["https://a.test/x.wav", "a b", "AAA"])
async def test_a_recording_that_is_no_base64_is_a_fault_of_its_part(content: str) -> None:
    async with keen() as (one, _):
        reply = await hear(one, sound(content))
        part = reply.json()["details"]["messages"]["0"]["content"]["0"]
        assert reply.status_code == 400
        assert part["input_audio"]["data"]["_errors"]


async def test_an_unknown_format_is_a_fault() -> None:
    async with keen() as (one, _):
        reply = await hear(one, sound(format="midi"))
        part = reply.json()["details"]["messages"]["0"]["content"]["0"]
        assert "format" in part["input_audio"]


async def test_a_public_film_is_left_to_the_engine_to_fetch() -> None:
    async with keen() as (one, web):
        assert (await hear(one, film("https://films.test/a.mp4"))).status_code == 200
        (part,) = one.fake.asked[0].body["messages"][0]["content"]
        assert part == film("https://films.test/a.mp4")
        assert web.sockets.opened == []


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.5/a.mp4", "http://inside.test/a.mp4", "file:///a.mp4", "data:video/mp4,x", "a"],
)
async def test_no_engine_is_sent_where_the_door_does_not_go(url: str) -> None:
    async with keen() as (one, _):
        reply = await hear(one, said("See!"), film(url))
        part = reply.json()["details"]["messages"]["0"]["content"]["1"]
        assert reply.status_code == 400
        assert part["video_url"]["url"]["_errors"]
        assert one.fake.asked == []


@pytest.mark.parametrize("part", [sound(), film(FILM)])
async def test_what_a_recording_or_film_may_count_is_within_the_hold(
    part: dict[str, object],
) -> None:
    async with keen() as (one, _):
        reply = await hear(one, part)
        assert reply.json()["usage"]["prompt_tokens"] == 6 + 85
