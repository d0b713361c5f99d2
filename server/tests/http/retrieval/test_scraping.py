"""Pages that a message names: read, put before the model, charged, and missed aloud."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import anyio
import pytest

from fake_upstream import refusing
from fondaco.domain.errors import WebNotInstalledError
from fondaco.domain.money.money import NANO
from fondaco.domain.web import Page
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from fondaco.web.pages import WebPages
from house import CONTEXT_TOKENS, TIERS, TOY, House, house
from web.site import Site, http, site

SCRAPE = {"enable_web_scraping": True}
PAGE_PRICE = NANO // 100
TEXT = "The fondaco opened in 1228."


@dataclass
class World:
    house: House
    site: Site

    def serve(self, *bodies: bytes, media_type: str = "text/plain") -> None:
        for body in bodies:
            self.site.server.answer(http(body, media_type=media_type), close=True)

    def ask(self, *paths: str) -> dict[str, object]:
        urls = " and ".join(self.site.url(path) for path in paths)
        messages = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": f"When did it open? See {urls}."},
        ]
        return {"messages": messages, "max_tokens": 4, "venice_parameters": SCRAPE}

    def told(self) -> str:
        """Return the user message as the model got it."""
        said = self.house.fake.asked[-1].body["messages"][-1]["content"]
        assert isinstance(said, str)
        return said

    def web_charges(self) -> list[tuple[str, int, int]]:
        rows = [(one.sku, one.units, -one.amount) for one in self.house.charges()]
        return [row for row in rows if "-web-" in row[0]]


@asynccontextmanager
async def world(usd: int = 10 * NANO, **options: object) -> AsyncGenerator[World]:
    async with site() as pages:
        web_retrieval = WebRetrieval(WebPages(lambda: pages.egress))
        async with house(usd=usd, web_retrieval=web_retrieval, **options) as one:  # type: ignore[arg-type]  # any of them
            yield World(one, pages)


async def test_a_page_is_put_before_what_the_user_says() -> None:
    async with world() as one:
        one.serve(f"<title>History</title><p>{TEXT}</p>".encode(), media_type="text/html")
        reply = await one.house.chat(**one.ask("/history"))
        assert reply.status_code == 200
        url = one.site.url("/history")
        assert f'<page url="{url}" title="History">\n{TEXT}\n</page>' in one.told()
        assert one.told().endswith(f"\n\nWhen did it open? See {url}.")
        assert one.house.fake.asked[-1].body["messages"][0]["content"] == "Be brief."
        assert "web_notes" not in reply.json()["venice_parameters"]


async def test_each_page_is_charged_beside_the_tokens() -> None:
    async with world() as one:
        one.serve(b"first", b"second")
        await one.house.chat(**one.ask("/1", "/2"))
        assert one.web_charges() == [("toy-web-scrape-call", 2, 2 * PAGE_PRICE)]
        assert len(one.house.charges()) == 3
        spent = sum(-charge.amount for charge in one.house.charges())
        assert (await one.house.balance()).usd == 10 * NANO - spent


async def test_a_page_that_fails_costs_nothing_and_is_named() -> None:
    async with world() as one:
        one.site.server.answer(http(status="404 Not Found"), close=True)
        reply = await one.house.chat(**one.ask("/gone"))
        assert reply.json()["venice_parameters"]["web_notes"] == [
            {
                "code": "PAGE_STATUS",
                "message": "Its server returned the status 404.",
                "url": one.site.url("/gone"),
            }
        ]
        assert one.web_charges() == []
        assert f"({one.site.url('/gone')}): Its server returned the status 404." in one.told()


async def test_three_pages_are_read_and_a_fourth_is_named() -> None:
    async with world() as one:
        one.serve(b"one", b"two", b"three")
        reply = await one.house.chat(**one.ask("/1", "/2", "/3", "/4"))
        (note,) = reply.json()["venice_parameters"]["web_notes"]
        assert (note["code"], note["url"]) == ("PAGE_LEFT_OUT", one.site.url("/4"))
        assert one.web_charges() == [("toy-web-scrape-call", 3, 3 * PAGE_PRICE)]
        assert len(one.site.server.heads) == 3


async def test_an_address_named_twice_is_read_once() -> None:
    async with world() as one:
        one.serve(b"once")
        await one.house.chat(**one.ask("/1", "/1"))
        assert len(one.site.server.heads) == 1


async def test_only_the_latest_user_message_counts() -> None:
    async with world() as one:
        said = one.ask("/1")
        messages = [*said["messages"], {"role": "assistant", "content": "In 1228."}]  # type: ignore[misc]  # a list
        messages.append({"role": "user", "content": "Are you sure?"})
        await one.house.chat(**{**said, "messages": messages})
        assert one.site.server.heads == []
        assert one.told() == "Are you sure?"


async def test_without_the_parameter_nothing_is_fetched() -> None:
    async with world() as one:
        await one.house.chat(**{**one.ask("/1"), "venice_parameters": {}})
        assert one.site.server.heads == []


async def test_a_private_address_is_refused_and_named() -> None:
    async with world() as one:
        said = {"role": "user", "content": "See http://169.254.169.254/latest/meta-data/"}
        reply = await one.house.chat(messages=[said], max_tokens=2, venice_parameters=SCRAPE)
        (note,) = reply.json()["venice_parameters"]["web_notes"]
        assert note["code"] == "PAGE_ADDRESS_REFUSED"
        assert one.site.sockets.opened == []


async def test_a_stream_names_what_failed_in_its_first_event() -> None:
    async with world() as one:
        one.site.server.answer(http(status="500 Oops"), close=True)
        async with one.house.streaming(**one.ask("/broken")) as stream:
            lines = [line async for line in stream.aiter_lines() if line.startswith("data: {")]
        first, second = (json.loads(line.removeprefix("data: ")) for line in lines[:2])
        assert first["venice_parameters"]["web_notes"][0]["code"] == "PAGE_STATUS"
        assert first["choices"][0]["delta"] == {
            "role": "assistant",
            "content": "",
            "reasoning_content": None,
        }
        assert "venice_parameters" not in second
        assert list(second["choices"][0]["delta"]) == ["content", "reasoning_content"]


@pytest.mark.parametrize("dialects", [("openai", "openai"), ("vllm", "openai")])
async def test_a_long_page_is_cut_to_the_context_and_that_is_said(
    dialects: tuple[str, str],
) -> None:
    async with world(dialects=dialects) as one:
        one.serve(b"word " * 19_000)
        reply = await one.house.chat(**one.ask("/long"))
        assert reply.status_code == 200
        (note,) = reply.json()["venice_parameters"]["web_notes"]
        assert note["code"] == "MATERIAL_CUT"
        usage = reply.json()["usage"]
        assert CONTEXT_TOKENS // 4 < usage["prompt_tokens"] <= CONTEXT_TOKENS - 4


async def test_a_page_where_there_is_no_room_at_all_is_left_out() -> None:
    async with world(models=(replace(TOY, context_tokens=64),), dialects=("vllm", "openai")) as one:
        one.serve(b"word " * 1_000)
        reply = await one.house.chat(**one.ask("/long"))
        assert reply.status_code == 200
        assert reply.json()["venice_parameters"]["web_notes"][0]["code"] == "MATERIAL_CUT"
        assert "word" not in one.told()


async def test_who_cannot_pay_the_pages_has_none_fetched() -> None:
    async with world(usd=PAGE_PRICE - 1) as one:
        reply = await one.house.chat(**one.ask("/1"))
        assert (reply.status_code, reply.json()["code"]) == (402, "INSUFFICIENT_BALANCE")
        assert one.site.server.heads == []


async def test_the_hold_covers_the_pages_too() -> None:
    async with world(usd=PAGE_PRICE + 1_000) as one:
        one.serve(b"text")
        reply = await one.house.chat(**one.ask("/1"))
        assert reply.status_code == 402
        assert one.house.charges() == []


async def test_an_account_that_is_not_charged_reads_for_nothing() -> None:
    free = {"paid": replace(TIERS["paid"], charged=False)}
    async with world(usd=1, tiers=free) as one:
        one.serve(b"text")
        assert (await one.house.chat(**one.ask("/1"))).status_code == 200
        assert sum(charge.amount for charge in one.house.charges()) == 0


async def test_who_hangs_up_while_a_page_is_read_ends_that_and_pays_nothing() -> None:
    async with world() as one:
        one.site.server.silence()
        with anyio.move_on_after(0.5):
            await one.house.chat(**one.ask("/slow"))
        with anyio.fail_after(5):
            await one.site.server.left.wait()
        assert one.house.charges() == []
        assert one.house.fake.asked == []


async def test_an_engine_that_fails_leaves_the_pages_charged_alone() -> None:
    async with world() as one:
        one.serve(b"text")
        one.house.fake.always(refusing(503))
        one.house.second.always(refusing(503))
        reply = await one.house.chat(**one.ask("/1"))
        assert reply.status_code == 503
        assert [(row.sku, row.units) for row in one.house.charges()] == [("toy-web-scrape-call", 1)]


class NotInstalled:
    """Pages without the libraries that read them."""

    def expect_ready(self) -> None:
        raise WebNotInstalledError

    async def read(self, url: str) -> Page:
        raise AssertionError(url)


async def test_without_the_libraries_the_call_is_refused_before_anything() -> None:
    async with house(web_retrieval=WebRetrieval(NotInstalled())) as one:
        reply = await one.chat(venice_parameters=SCRAPE)
        assert (reply.status_code, reply.json()["code"]) == (503, "WEB_NOT_INSTALLED")
        assert "pip install './server[web]'" in reply.json()["error"]
        assert one.fake.asked == []


async def test_where_it_is_switched_off_it_is_refused() -> None:
    async with house() as one:
        reply = await one.chat(venice_parameters=SCRAPE)
        assert reply.status_code == 400
        assert "disabled" in reply.json()["error"]
        assert "enable_web_scraping" in reply.json()["details"]["venice_parameters"]
