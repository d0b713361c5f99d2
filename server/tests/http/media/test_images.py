"""Images in a chat: checked, fetched by us alone, and shown to models that see."""

import base64
import gzip
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import anyio
import pytest

from fondaco.domain.models.model import Capabilities
from fondaco.domain.money.money import NANO
from fondaco.domain.money.usage import Usage
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from fondaco.web.files import WebFiles
from fondaco.web.pages import WebPages
from house import TOY, House, house
from pictures import PIXELS, as_url, gif, jpeg, png, said, shown, webp
from toy_model import TOKENS_AN_IMAGE
from web.site import Site, http, site

SEEING = replace(TOY, id="eyes", traits=("default_vision",), capabilities=Capabilities(vision=True))
MANY = replace(SEEING, capabilities=Capabilities(vision=True, many_images=True))
Message = dict[str, object]


@dataclass
class World:
    house: House
    site: Site

    def serve(self, body: bytes, media_type: str = "image/png", **headers: str) -> None:
        self.site.server.answer(http(body, media_type=media_type, **headers), close=True)

    def asked(self) -> list[Message]:
        """Return the messages as the engine got them."""
        messages: list[Message] = self.house.fake.asked[-1].body["messages"]
        return messages


@asynccontextmanager
async def world(model: object = SEEING, **options: object) -> AsyncGenerator[World]:
    async with site() as web:
        files = WebFiles(lambda: web.egress)
        async with house(models=(TOY, model), files=files, **options) as one:  # type: ignore[arg-type]  # any of them
            yield World(one, web)


def user(*parts: object) -> Message:
    return {"role": "user", "content": list(parts)}


async def see(one: House, *parts: object, **fields: object):  # type: ignore[no-untyped-def]  # httpx2's reply
    return await one.chat(model="eyes", messages=[user(*parts)], max_tokens=4, **fields)


async def test_an_image_reaches_the_engine_as_it_was_sent() -> None:
    async with world() as one:
        reply = await see(one.house, said("What is this?"), shown(PIXELS, detail="low"))
        assert reply.status_code == 200
        assert one.asked() == [user(said("What is this?"), shown(PIXELS, detail="low"))]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (png(), "image/png"),
        (jpeg(), "image/jpeg"),
        (jpeg(notes=b"n" * 200_000), "image/jpeg"),
        (jpeg() + b"film" * 30_000, "image/jpeg"),
        (gif(), "image/gif"),
        (webp(), "image/webp"),
    ],
)
async def test_the_content_tells_the_type_whatever_was_declared(
    body: bytes, media_type: str
) -> None:
    async with world() as one:
        reply = await see(one.house, shown(as_url(body, "text/plain")))
        assert reply.status_code == 200
        assert one.asked() == [user(shown(as_url(body, media_type)))]


async def test_a_public_image_is_fetched_by_us_and_shown_as_a_data_url() -> None:
    async with world() as one:
        one.serve(png(), "application/octet-stream")
        reply = await see(one.house, said("And this?"), shown(one.site.url("/a.png")))
        assert reply.status_code == 200
        assert one.asked() == [user(said("And this?"), shown(PIXELS))]
        assert len(one.site.server.heads) == 1


async def test_only_the_last_image_is_shown_and_no_other_is_fetched() -> None:
    async with world() as one:
        one.serve(png())
        messages = [
            user(shown(one.site.url("/1")), said("First.")),
            {"role": "assistant", "content": "A cat."},
            user(shown("data:,nonsense")),
            user(said("Now?"), shown(PIXELS), shown(one.site.url("/2"))),
            user(said("Well?")),
        ]
        reply = await one.house.chat(model="eyes", messages=messages, max_tokens=2)
        assert reply.status_code == 200
        assert one.asked() == [
            user(said("First.")),
            messages[1],
            {"role": "user", "content": ""},
            user(said("Now?"), shown(PIXELS)),
            user(said("Well?")),
        ]
        assert [head.split()[1] for head in one.site.server.heads] == ["/2"]


async def test_a_model_that_takes_many_images_is_shown_all() -> None:
    async with world(MANY) as one:
        one.serve(gif())
        url = as_url(jpeg(), "image/jpeg")
        reply = await see(one.house, shown(url), shown(one.site.url("/x")), shown(PIXELS))
        assert reply.status_code == 200
        assert one.asked() == [user(shown(url), shown(as_url(gif(), "image/gif")), shown(PIXELS))]


async def test_more_than_sixteen_images_are_refused() -> None:
    async with world(MANY) as one:
        reply = await see(one.house, *[shown(PIXELS)] * 17)
        assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")
        assert "at most 16" in reply.json()["error"]


NO_FORMAT, NO_IMAGE = "INVALID_IMAGE_FORMAT", "CORRUPTED_IMAGE"
REFUSED = {
    "a side of 63 pixels": (as_url(png(640, 63)), NO_FORMAT, "640 x 63"),
    "too many pixels": (as_url(png(60_000, 60_000)), NO_FORMAT, "more than 50,000,000 pixels"),
    "SVG": (as_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), NO_FORMAT, "not a PNG"),
    "another format": (as_url(b"BM" + bytes(500)), NO_FORMAT, "not a PNG"),
    "a cut PNG": (as_url(png()[:-8]), NO_IMAGE, "end is missing"),
    "a cut JPEG": (as_url(jpeg()[:-2]), NO_IMAGE, "end is missing"),
    "a JPEG cut behind its preview": (
        as_url(jpeg(notes=b"\xff\xd9" * 40_000)[:-2] + bytes(90_000)),
        NO_IMAGE,
        "end is missing",
    ),
    "no size at all": (as_url(b"\x89PNG\r\n\x1a\nabc"), NO_IMAGE, "size cannot be read"),
    "a JPEG that never tells": (as_url(b"\xff\xd8" + b"\xff" * 200_000), NO_IMAGE, "size"),
    "the docs' placeholder": ("data:image/jpeg;base64,...", NO_IMAGE, "not base64"),
    "line breaks": (PIXELS[:60] + "\n" + PIXELS[60:], NO_IMAGE, "not base64"),
    "no padding": (PIXELS.rstrip("=") + "A", NO_IMAGE, "not base64"),
    "no base64": ("data:image/png,%89PNG", NO_IMAGE, "must start with"),
    "no comma": ("data:image/webp;base64", NO_IMAGE, "must start with"),
    "more than 10 MiB": (as_url(png() + bytes(10 * 2**20)), NO_FORMAT, "larger than"),
}


@pytest.mark.parametrize(("url", "code", "message"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_image_that_models_take_is_refused(
    url: str, code: str, message: str
) -> None:
    room = BodyMemory(4 * 2**20, 32 * 2**20, 32 * 2**20, 32 * 2**20)
    async with world(body_memory=room) as one:
        reply = await see(one.house, said("What is it?"), shown(url))
        assert (reply.status_code, reply.json()["code"]) == (400, code)
        assert message in reply.json()["error"]
        part = reply.json()["details"]["messages"]["0"]["content"]["1"]
        assert message in part["image_url"]["url"]["_errors"][0]
        assert url[-12:] not in reply.text
        assert one.house.fake.asked == []
        assert room.budget.taken_bytes == 0


async def test_an_image_of_the_system_is_a_fault() -> None:
    async with world() as one:
        message = {"role": "system", "content": [shown(PIXELS)]}
        reply = await one.house.chat(model="eyes", messages=[message])
        assert reply.status_code == 400
        assert "0" in reply.json()["details"]["messages"]


async def test_the_place_is_the_callers_also_behind_the_platforms_prompt() -> None:
    async with world(system_prompt="Be kind.") as one:
        reply = await see(one.house, said("What is it?"), shown("data:,"))
        assert "1" in reply.json()["details"]["messages"]["0"]["content"]


FETCHES = {
    "404": (http(status="404 Not Found"), "IMAGE_NOT_FETCHED", "PAGE_STATUS"),
    "a page": (http(b"<p>", media_type="text/html"), NO_FORMAT, "does not declare it as PNG"),
    "SVG": (http(b"<svg/>", media_type="image/svg+xml"), NO_FORMAT, "does not declare it as PNG"),
    "SVG that calls itself PNG": (http(b"<svg/>", media_type="image/png"), NO_FORMAT, "not a PNG"),
    "a gzip bomb": (
        http(gzip.compress(bytes(10**6)), media_type="image/png", content_encoding="gzip"),
        "IMAGE_NOT_FETCHED",
        "PAGE_ENCODED",
    ),
    "too large": (
        http(png() + bytes(200_000), media_type="image/png"),
        "IMAGE_NOT_FETCHED",
        "PAGE_TOO_LARGE",
    ),
    "a redirect to a private address": (
        http(status="302 Found", location="http://10.0.0.5/x.png"),
        "IMAGE_NOT_FETCHED",
        "PAGE_ADDRESS_REFUSED",
    ),
    "a redirect to a file": (
        http(status="302 Found", location="file:///etc/passwd"),
        "IMAGE_NOT_FETCHED",
        "PAGE_ADDRESS_REFUSED",
    ),
    "a cut file": (http(png()[:-9], media_type="image/png"), NO_IMAGE, "end is missing"),
}


@pytest.mark.parametrize(("answer", "code", "word"), FETCHES.values(), ids=FETCHES)
async def test_an_address_that_gives_no_image_is_a_fault_of_its_part(
    answer: bytes, code: str, word: str
) -> None:
    async with world() as one:
        one.site.server.answer(answer, close=True)
        reply = await see(one.house, shown(one.site.url("/?token=hush")))
        assert (reply.status_code, reply.json()["code"]) == (400, code)
        part = reply.json()["details"]["messages"]["0"]["content"]["0"]
        assert word in part["image_url"]["url"]["_errors"][0]
        assert "hush" not in reply.text
        assert one.house.fake.asked == []
        assert one.house.charges() == []


@pytest.mark.parametrize(
    "url", ["http://10.0.0.5/a.png", "http://[::1]/a.png", "file:///a.png", "ftp://a.test/", "x"]
)
async def test_addresses_that_are_not_public_are_refused_unasked(url: str) -> None:
    async with world() as one:
        reply = await see(one.house, shown(url))
        assert (reply.status_code, reply.json()["code"]) == (400, "IMAGE_NOT_FETCHED")
        assert one.site.sockets.opened == []


async def test_where_fetching_is_switched_off_data_urls_are_still_taken() -> None:
    async with house(models=(TOY, SEEING)) as one:
        reply = await see(one, shown("https://example.com/a.png"))
        assert (reply.status_code, reply.json()["code"]) == (400, "IMAGE_NOT_FETCHED")
        assert "Send a data URL" in reply.json()["error"]
        assert (await see(one, shown(PIXELS))).status_code == 200


@pytest.mark.parametrize(
    "usd", [10, SEEING.price.ceiling(Usage(1_000, 0, 4))]
)  # enough for the words
async def test_who_cannot_pay_has_nothing_fetched(usd: int) -> None:
    async with world(usd=usd) as one:
        reply = await see(one.house, said("What is this? " * 100), shown(one.site.url("/a")))
        assert reply.status_code == 402
        assert one.site.server.heads == []


async def test_the_most_that_an_image_may_count_is_held_and_what_it_counts_is_charged() -> None:
    async with world(replace(SEEING, image_tokens=2_000)) as one:
        reply = await see(one.house, shown(PIXELS))
        assert reply.json()["usage"]["prompt_tokens"] == 6 + TOKENS_AN_IMAGE
    held = 2_000 * TOY.price.input // 10**6
    async with world(replace(SEEING, image_tokens=2_000), usd=held) as one:
        assert (await see(one.house, shown(PIXELS))).status_code == 402


@pytest.mark.parametrize("dialect", ["vllm", "llama-server"])
async def test_engines_that_count_are_asked_for_the_words_and_images_are_bounded(
    dialect: str,
) -> None:
    async with world(dialects=(dialect, "openai")) as one:
        reply = await see(one.house, said("one two three"), shown(PIXELS))
        assert reply.json()["usage"]["prompt_tokens"] == 9 + TOKENS_AN_IMAGE
        assert one.house.fake.counted[0].body["messages"] == [user(said("one two three"))]


async def test_a_model_that_does_not_see_is_named_with_those_that_do() -> None:
    async with world() as one:
        reply = await one.house.chat(messages=[user(shown("https://example.com/cat.png"))])
        assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_MODEL")
        assert reply.json()["error"] == (
            "The model 'toy' does not take images. Models that do: eyes."
        )
        assert one.site.sockets.opened == []


async def test_where_no_model_sees_that_is_said() -> None:
    async with house() as one:
        reply = await one.chat(messages=[user(shown(PIXELS))])
        assert reply.status_code == 400
        assert "No model on this server does" in reply.json()["error"]


async def test_a_suffix_and_a_trait_lead_to_the_model_that_sees() -> None:
    async with world() as one:
        name = "default_vision:include_venice_system_prompt=false"
        reply = await one.house.chat(model=name, messages=[user(shown(PIXELS))], max_tokens=2)
        assert reply.json()["model"] == "eyes"


async def test_an_image_in_a_stream_is_shown_too() -> None:
    async with world() as one:
        fields = {"model": "eyes", "messages": [user(shown(PIXELS))], "max_tokens": 2}
        async with one.house.streaming(**fields) as stream:
            lines = [line async for line in stream.aiter_lines() if line]
        assert lines[-1] == "data: [DONE]"
        assert one.asked() == [user(shown(PIXELS))]


async def test_a_cache_hint_on_a_part_is_named_as_ignored() -> None:
    async with world() as one:
        hint = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
        reply = await see(one.house, {**said("Long ago"), **hint}, shown(PIXELS))
        assert "cache_control" in reply.headers["x-fondaco-ignored-params"]
        assert one.asked() == [user(said("Long ago"), shown(PIXELS))]


async def test_pages_are_put_before_the_parts_of_a_message() -> None:
    async with site() as web:
        web_retrieval = WebRetrieval(WebPages(lambda: web.egress))
        async with house(models=(SEEING,), web_retrieval=web_retrieval) as one:
            web.server.answer(http(b"The Rialto.", media_type="text/plain"), close=True)
            scrape = {"enable_web_scraping": True}
            words = said(f"Is it like {web.url('/page')}?")
            reply = await see(one, shown(PIXELS), words, venice_parameters=scrape)
            assert reply.status_code == 200
            material, *parts = one.fake.asked[-1].body["messages"][0]["content"]
            assert "The Rialto." in material["text"]
            assert parts == [shown(PIXELS), words]


async def test_who_hangs_up_while_an_image_is_fetched_ends_that_and_pays_nothing() -> None:
    async with world() as one:
        one.site.server.silence()
        with anyio.move_on_after(0.5):
            await see(one.house, shown(one.site.url("/slow")))
        with anyio.fail_after(5):
            await one.site.server.left.wait()
        assert one.house.charges() == []
        assert one.house.fake.asked == []


def large(size: int) -> str:
    """Return a good image of so many bytes."""
    return as_url(png()[:33] + bytes(size) + png()[33:])


async def test_a_body_may_be_larger_for_its_images_and_leaves_room_behind() -> None:
    room = BodyMemory(4_096, 10**6, 10**6, 10**6)
    async with world(body_memory=room, body_limit_bytes=4_096) as one:
        assert (await see(one.house, shown(large(300_000)))).status_code == 200
        assert room.budget.taken_bytes == 0
        reply = await see(one.house, shown(large(900_000)))
        assert (reply.status_code, reply.json()["code"]) == (413, "INVALID_FILE_SIZE")


async def test_where_there_is_no_room_for_large_bodies_small_ones_are_answered() -> None:
    room = BodyMemory(4_096, 10**6, 10**6, 10**6)
    room.budget.share(None).hold(900_000)
    async with world(body_memory=room, body_limit_bytes=4_096) as one:
        reply = await see(one.house, shown(large(300_000)))
        assert (reply.status_code, reply.json()["code"]) == (503, "MODEL_AT_CAPACITY")
        assert int(reply.headers["retry-after"]) > 0
        assert (await see(one.house, shown(PIXELS))).status_code == 200


async def test_a_large_body_that_comes_in_chunks_takes_room_as_well() -> None:
    room = BodyMemory(4_096, 10**6, 10**6, 10**6)
    text = b'{"model":"eyes","messages":[{"role":"user","content":[%b]}],"max_tokens":1}'
    image = b'{"type":"image_url","image_url":{"url":"%b"}}' % large(300_000).encode()

    async def pieces() -> AsyncGenerator[bytes]:
        body = text % image
        for at in range(0, len(body), 50_000):
            yield body[at : at + 50_000]

    async with world(body_memory=room, body_limit_bytes=4_096) as one:
        reply = await one.house.client.post(
            "/api/v1/chat/completions",
            content=pieces(),
            headers={"Content-Type": "application/json"},
        )
        assert reply.status_code == 200
        assert room.budget.taken_bytes == 0


async def test_a_body_that_is_large_by_its_number_of_values_is_refused() -> None:
    async with world(
        body_memory=BodyMemory(4_096, 10**6, 10**6, 10**6), body_limit_bytes=4_096
    ) as one:
        reply = await see(one.house, shown(PIXELS), stop=["a"] * 2_000)
        assert reply.status_code == 413
        assert "too many values" in reply.json()["error"]


async def test_no_image_is_kept_anywhere_in_what_the_server_says_of_it() -> None:
    async with world(usd=10 * NANO) as one:
        secret = base64.b64encode(b"a secret drawing").decode()
        reply = await see(one.house, shown(f"data:image/png;base64,{secret}"))
        assert reply.status_code == 400
        assert secret not in reply.text
