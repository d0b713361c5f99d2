"""API keys and other secrets: refused where HTTP cannot carry them, and never shown."""

import copy
import json
import pickle
import traceback
from collections.abc import Callable, Mapping

import httpx2
import pytest

from upstream.raw_server import RawServer
from venice_ai import APIError, AuthenticationError, SyncVeniceClient, VeniceClient
from venice_ai.types.api.api_keys import NewApiKeyReply

SECRET = "sk-2f7a9c"
UNSENDABLE = [
    (f"{SECRET}\n", "ends with a line break"),
    (f"{SECRET}\r\n", "ends with a line break"),
    (f"{SECRET}\rx", "a line break"),
    (f"x\n{SECRET}", "a line break"),
    (f"{SECRET}\x00", "a control character"),
    (f"{SECRET}\x7f", "a control character"),
    (f"{SECRET}\x85", "not ASCII"),
    (f"{SECRET}é", "not ASCII"),
    (f"{SECRET}\u2028", "not ASCII"),
    (f"{SECRET}\ud800", "not ASCII"),
    (f"“{SECRET}”", "not ASCII"),
    (f" {SECRET}", "starts with a space"),
    (f"{SECRET} ", "ends with a space"),
    (f"\t{SECRET}", "starts with a space"),
]
BLANK_WITHIN = (f"{SECRET} {SECRET}", "contains a space")


def told(act: Callable[[], object]) -> BaseException:
    """Return what an act raises, once it is sure that nothing of it shows the secret."""
    with pytest.raises((ValueError, TypeError, APIError)) as caught:
        act()
    see_that_nothing_shows(caught.value)
    return caught.value


def see_that_nothing_shows(error: BaseException) -> None:
    seen: BaseException | None = error
    while seen is not None:
        shown = [str(seen), repr(seen), pickle.dumps(seen).decode("latin-1"), str(vars(seen))]
        assert not any(SECRET in text for text in shown)
        seen = seen.__cause__ or seen.__context__
    assert SECRET not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(("key", "why"), [*UNSENDABLE, BLANK_WITHIN])
@pytest.mark.parametrize("kind", [VeniceClient, SyncVeniceClient])
def test_a_key_that_cannot_be_sent_is_refused(
    kind: type[VeniceClient | SyncVeniceClient], key: str, why: str
) -> None:
    error = told(lambda: kind(api_key=key))
    assert "api_key" in str(error)
    assert why in str(error)


@pytest.mark.parametrize(("key", "why"), [*UNSENDABLE, BLANK_WITHIN])
def test_a_key_of_the_environment_that_cannot_be_sent_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str, why: str
) -> None:
    if "\x00" in key or "\ud800" in key:
        pytest.skip("an environment cannot hold it")
    monkeypatch.setenv("VENICE_API_KEY", key)
    error = told(VeniceClient)
    assert "VENICE_API_KEY" in str(error)
    assert why in str(error)


def test_a_key_that_is_no_text_is_refused() -> None:
    error = told(lambda: VeniceClient(api_key=SECRET.encode()))  # type: ignore[arg-type]
    assert "api_key is of type bytes. Pass it as a str." in str(error)


@pytest.mark.parametrize(("value", "why"), UNSENDABLE)
def test_a_header_that_cannot_be_sent_is_refused(value: str, why: str) -> None:
    error = told(lambda: VeniceClient(default_headers={"X-Token": value}))
    assert "'x-token' of default_headers" in str(error)
    assert why in str(error)


@pytest.mark.parametrize("name", [f"{SECRET}\n", f"{SECRET}:", f"{SECRET} ", f"{SECRET}é"])
def test_a_header_whose_name_cannot_be_sent_is_refused(name: str) -> None:
    error = told(lambda: VeniceClient(default_headers={"X-Good": "1", name: "x"}))
    assert "header 2 of default_headers" in str(error)


async def test_headers_of_one_call_are_no_exception() -> None:
    async with VeniceClient() as client:
        for headers in ({"X-Token": f"{SECRET}\n"}, {f"{SECRET}\n": "x"}):
            with pytest.raises(ValueError, match="extra_headers") as caught:
                await client.chat.completions.create(model="x", messages=[], extra_headers=headers)
            see_that_nothing_shows(caught.value)


@pytest.mark.parametrize("name", ["Authorization", "X-Token"])
async def test_headers_that_someone_elses_http_client_adds_stay_secret(
    raw: RawServer, name: str
) -> None:
    async def add(request: httpx2.Request) -> None:
        request.headers[name] = f"Bearer {SECRET}\n"

    async with httpx2.AsyncClient(event_hooks={"request": [add]}) as http:
        client = VeniceClient(base_url=f"http://127.0.0.1:{raw.port}", http_client=http)
        with pytest.raises(APIError, match="cannot be sent") as caught:
            await client.models.list()
    see_that_nothing_shows(caught.value)


async def test_a_server_that_repeats_the_key_does_not_spread_it(raw: RawServer) -> None:
    body = json.dumps({"error": f"Incorrect API key: {SECRET}"})
    raw.answer(f"HTTP/1.1 401 X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    async with VeniceClient(api_key=SECRET, base_url=f"http://127.0.0.1:{raw.port}") as client:
        with pytest.raises(AuthenticationError, match="Incorrect API key") as caught:
            await client.models.list()
    see_that_nothing_shows(caught.value)


@pytest.mark.parametrize(
    "url", [f"http://user:{SECRET}@127.0.0.1/api/v1", f"http://{SECRET}@127.0.0.1", f"u:{SECRET}@h"]
)
def test_credentials_have_no_place_in_the_address(url: str) -> None:
    assert "base_url" in str(told(lambda: VeniceClient(base_url=url)))


@pytest.mark.parametrize("kind", [VeniceClient, SyncVeniceClient])
def test_a_client_shows_no_key_and_cannot_be_carried_away_with_it(
    kind: type[VeniceClient | SyncVeniceClient],
) -> None:
    client = kind(api_key=SECRET, default_headers={"X-Token": SECRET})
    assert SECRET not in repr(client)
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds an API key"):
            carry(client)
    if isinstance(client, SyncVeniceClient):
        client.close()


async def test_nothing_within_a_client_shows_the_key() -> None:
    async with VeniceClient(api_key=SECRET, default_headers={"X-Token": SECRET}) as client:
        transport = client._transport
        for part in (transport, transport.options, client.chat, client.models):
            assert SECRET not in repr(part)


def test_a_new_key_is_shown_to_who_asks_for_it_and_to_nobody_else() -> None:
    fields: Mapping[str, object] = {"id": "1", "apiKey": SECRET, "apiKeyType": "ADMIN"}
    made = NewApiKeyReply.model_validate({"data": fields, "success": True})
    assert made.data.api_key == SECRET
    assert SECRET not in f"{made!r} {made}"


async def test_a_reply_that_is_none_is_not_quoted_in_the_error(raw: RawServer) -> None:
    body = json.dumps({"data": {"id": [SECRET], "apiKey": 7}})
    raw.answer(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}") as client:
        with pytest.raises(APIError, match="not a valid NewApiKeyReply") as caught:
            await client.api_keys.create(description="x")
    assert SECRET not in str(caught.value)
    assert SECRET not in str(caught.value.__cause__)
