"""Files for engines: fetched by us, or an address that an engine may fetch itself."""

import anyio
import pytest

from fondaco.domain.web import AddressRefusedError, PageError, TooSlowError, UnreachableError
from fondaco.web import files
from fondaco.web.egress import EgressClient
from fondaco.web.files import WebFiles
from idle import all_tasks_blocked
from web.site import http, site
from web.test_egress import HOSTILE, HOSTILE_NAMES

PUBLIC = {"films.test": [["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]]}


@pytest.mark.parametrize("url", [*HOSTILE, *(f"http://{name}/" for name in HOSTILE_NAMES)])
async def test_no_engine_is_sent_to_what_is_not_public(url: str) -> None:
    async with site(HOSTILE_NAMES) as one:
        with pytest.raises(PageError):
            await WebFiles(lambda: EgressClient(lookup=one.names)).expect_public(url)


@pytest.mark.parametrize("url", ["https://films.test/a.mp4", "http://93.184.215.14/a.mp4"])
async def test_a_public_address_is_accepted_without_a_connection(url: str) -> None:
    async with site(PUBLIC) as one:
        await WebFiles(lambda: one.egress).expect_public(url)
        assert one.sockets.opened == []


async def test_a_name_that_leads_nowhere_may_not_be_handed_on() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(UnreachableError):
        await WebFiles(lambda: EgressClient(lookup=nowhere)).expect_public("http://nowhere.test/")


async def test_a_name_that_is_too_long_may_not_be_handed_on() -> None:
    with pytest.raises(UnreachableError):
        await WebFiles(EgressClient).expect_public(f"http://{'a' * 64}.test/")


async def test_a_name_without_addresses_may_not_be_handed_on() -> None:
    async def none(host: str, port: int) -> list[str]:
        return []

    with pytest.raises(AddressRefusedError):
        await WebFiles(lambda: EgressClient(lookup=none)).expect_public("http://empty.test/")


async def test_a_resolver_that_is_silent_is_not_waited_for() -> None:
    async def silent(host: str, port: int) -> list[str]:
        await anyio.sleep_forever()
        return []

    egress = EgressClient(lookup=silent, total_timeout_s=0.05)
    with pytest.raises(TooSlowError):
        await WebFiles(lambda: egress).expect_public("http://slow.test/")


async def test_a_file_is_handed_on_as_it_is() -> None:
    async with site() as one:
        one.server.answer(http(b"\0\1", media_type="image/png"), close=True)
        fetched = await WebFiles(lambda: one.egress).fetch(one.url(), {"image/png"})
        assert fetched == b"\0\1"


async def test_a_fetch_that_finds_no_place_in_time_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "MOST_AT_A_TIME", 1)
    monkeypatch.setattr(files, "QUEUE_TIMEOUT_S", 0.05)
    async with site() as one, anyio.create_task_group() as tasks:
        one.server.silence()
        web = WebFiles(lambda: one.egress)
        tasks.start_soon(web.fetch, one.url(), {"image/png"})
        await all_tasks_blocked()
        with pytest.raises(TooSlowError):
            await web.fetch(one.url(), {"image/png"})
        tasks.cancel_scope.cancel()


async def test_a_door_that_was_never_opened_needs_no_closing() -> None:
    opened: list[EgressClient] = []
    await WebFiles(lambda: opened[0]).aclose()
