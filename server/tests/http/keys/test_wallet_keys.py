import json
import sys
from collections.abc import AsyncGenerator

import anyio
import anyio.lowlevel
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from fondaco.chain.rule import RuleStakes
from fondaco.domain.errors import ChainUnavailableError
from fondaco.domain.money.money import NANO
from house import House, house
from wallet_world import ORDER, Wallet, joined, mirrored, split, wallet

PATH = "/api/v1/api_keys/generate_web3_key"
ADA, BOB, NOBODY = wallet(1), wallet(2), wallet(3)


class Brokers:
    """Stakes that may fail, and of which a test may change everything."""

    def __init__(self) -> None:
        self.allocations = {ADA.name: 5 * NANO, BOB.name: 2 * NANO}
        self.broken = False
        self.asked = 0

    async def allocation(self, name: str) -> int | None:
        await anyio.lowlevel.checkpoint()
        self.asked += 1
        if self.broken:
            raise ChainUnavailableError(retry_after_s=7)
        return self.allocations.get(name)


@pytest.fixture
async def stakes() -> Brokers:
    return Brokers()


@pytest.fixture
async def here(stakes: Brokers) -> AsyncGenerator[House]:
    async with house(stakes=stakes) as here:
        yield here


async def token(here: House) -> str:
    reply = await here.client.get(PATH, headers={"Authorization": ""})
    assert reply.json().keys() == {"data", "success"}
    text = reply.json()["data"]["token"]
    assert isinstance(text, str)
    return text


async def ask(here: House, signing: Wallet = ADA, **fields: object) -> httpx2.Response:
    text = await token(here) if "token" not in fields else str(fields["token"])
    body: dict[str, object] = {"apiKeyType": "INFERENCE", "address": signing.address, "token": text}
    body |= {"signature": signing.sign(text), **fields}
    return await here.client.post(PATH, json=body)


async def test_a_wallet_makes_itself_a_key_that_works(here: House) -> None:
    reply = await ask(
        here, apiKeyType="ADMIN", consumptionLimit={"diem": 1}, expiresAt="2100-01-01"
    )
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    made = reply.json()["data"]
    assert made.pop("apiKey").startswith("fondaco_a_")
    assert len(made.pop("id")) == 32
    assert reply.json()["success"] is True
    assert made == {
        "apiKeyType": "ADMIN",
        "consumptionLimit": {"usd": None, "diem": 1, "vcu": None},
        "description": "Web3 API Key",
        "expiresAt": "2100-01-01T00:00:00.000Z",
    }
    headers = {"Authorization": f"Bearer {reply.json()['data']['apiKey']}"}
    body = {"model": "toy", "messages": [{"role": "user", "content": "Count!"}]}
    chat = await here.client.post("/api/v1/chat/completions", json=body, headers=headers)
    assert chat.status_code == 200
    assert chat.headers["x-venice-balance-diem"] == "5"


async def test_each_key_of_a_wallet_belongs_to_one_account(here: House) -> None:
    secrets = [(await ask(here)).json()["data"]["apiKey"] for _ in range(2)]
    accounts = {(await here.platform.key_ring.authenticate(s))[1].name for s in secrets}
    other = (await ask(here, BOB)).json()["data"]["apiKey"]
    assert accounts == {f"wallet:{ADA.name}"}
    assert (await here.platform.key_ring.authenticate(other))[1].diem_allocation == 2 * NANO


async def test_the_documented_script_works_without_a_content_type(here: House) -> None:
    """A bare `fetch` sends its text as text/plain; curl's example sends an empty bearer token."""
    host, port = here.address
    for headers in ("Content-Type: text/plain;charset=UTF-8\r\n", "Authorization: Bearer \r\n"):
        text = await token(here)
        body = json.dumps(
            {
                "address": ADA.address,
                "signature": ADA.sign(text),
                "token": text,
                "apiKeyType": "ADMIN",
            }
        )
        request = (
            f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {len(body)}\r\n"
        )
        async with await anyio.connect_tcp(host, port) as stream:
            await stream.send(f"{request}Connection: close\r\n\r\n{body}".encode())
            reply = b"".join([piece async for piece in stream])
        assert reply.startswith(b"HTTP/1.1 200"), reply


async def test_other_types_of_content_are_refused(here: House) -> None:
    reply = await here.client.post(PATH, content=b"{}", headers={"Content-Type": "text/html"})
    assert reply.status_code == 415
    chat = await here.client.post(
        "/api/v1/chat/completions", content=b"{}", headers={"Content-Type": "text/plain"}
    )
    assert chat.status_code == 415


async def test_a_token_is_good_for_one_key(here: House) -> None:
    text = await token(here)
    assert (await ask(here, token=text)).status_code == 200
    for signing in (ADA, BOB):
        again = await ask(here, signing, token=text)
        assert again.status_code == 401
        assert "used before" in again.json()["error"]


async def test_of_two_at_once_one_gets_the_key(here: House) -> None:
    text, statuses = await token(here), []

    async def one() -> None:
        statuses.append((await ask(here, token=text)).status_code)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(one)
    assert sorted(statuses) == [200, 401, 401, 401, 401]


async def test_a_failed_request_uses_up_no_token(here: House, stakes: Brokers) -> None:
    text = await token(here)
    assert (await ask(here, BOB, token=text, address=ADA.address)).status_code == 401
    assert (await ask(here, NOBODY, token=text)).status_code == 403
    assert (await ask(here, token=text, expiresAt="2020-02-30")).status_code == 400
    stakes.broken = True
    down = await ask(here, token=text)
    assert (down.status_code, down.json()["code"]) == (503, "CHAIN_UNAVAILABLE")
    assert down.headers["retry-after"] == "7"
    stakes.broken = False
    assert (await ask(here, token=text)).status_code == 200


async def test_a_token_of_another_start_is_refused(here: House, stakes: Brokers) -> None:
    async with house(stakes=stakes) as elsewhere:
        foreign = await token(elsewhere)
    reply = await ask(here, token=foreign)
    assert (reply.status_code, reply.json()["code"]) == (401, "AUTHENTICATION_FAILED")
    assert "Fetch a new one" in reply.json()["error"]
    assert stakes.asked == 0


async def test_the_signature_of_another_wallet_is_refused(here: House, stakes: Brokers) -> None:
    reply = await ask(here, BOB, address=ADA.address)
    assert reply.status_code == 401
    assert "did not make this signature" in reply.json()["error"]
    assert stakes.asked == 0


async def test_the_high_s_and_the_other_v_are_refused(here: House) -> None:
    text = await token(here)
    r, s, v = split(ADA.sign(text))
    bent = [mirrored(ADA.sign(text)), joined(r, s, 55 - v), joined(r, s, 30), joined(0, s, v)]
    bent += [joined(ORDER, s, v), joined(r, 0, v)]
    assert [(await ask(here, token=text, signature=b)).status_code for b in bent] == [401] * 6


async def test_a_mistyped_address_is_named(here: House) -> None:
    address = "0x" + ADA.address[2:].swapcase()
    reply = await ask(here, address=address)
    assert reply.status_code == 400
    assert "EIP-55" in reply.json()["details"]["address"]["_errors"][0]
    assert address not in reply.text


@pytest.mark.parametrize(
    "broken",
    [
        {"address": ADA.address[:-1]},
        {"address": ADA.address[2:]},
        {"address": 7},
        {"signature": "0x" + "ab" * 64},
        {"signature": "ab" * 65},
        {"signature": "0x" + "zz" * 65},
        {"signature": "0x" + "ab" * 65 + "\n"},
        {"token": ""},
        {"token": "x" * 1001},
        {"token": None},
        {"apiKeyType": "ROOT"},
        {"expiresAt": "tomorrow"},
        {"consumptionLimit": {"diem": -1}},
        {"description": 7},
        {"surplus": 1},
    ],
    ids=lambda broken: str(broken)[:40],
)
async def test_what_breaks_the_contract_is_400(here: House, broken: dict[str, object]) -> None:
    body: dict[str, object] = {"apiKeyType": "ADMIN", "address": ADA.address, "token": "a.b.c"}
    body |= {"signature": "0x" + "ab" * 65, **broken}
    reply = await here.client.post(PATH, json=body)
    assert reply.status_code == 400
    assert set(reply.json()["details"]) - {"_errors"} == set(broken)


async def test_a_wallet_without_a_stake_is_refused_by_name(here: House) -> None:
    reply = await ask(here, NOBODY)
    assert (reply.status_code, reply.json()["code"]) == (403, "UNAUTHORIZED")
    assert NOBODY.name in reply.json()["error"]


async def test_without_a_rule_no_key_is_issued() -> None:
    async with house() as here:
        reply = await ask(here)
    assert (reply.status_code, reply.json()["code"]) == (403, "UNAUTHORIZED")
    assert "[chain]" in reply.json()["error"]


@pytest.mark.parametrize("library", ["jwt", "eth_account"])
async def test_without_the_libraries_the_reply_says_how_to_get_them(
    here: House, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    text = await token(here)
    monkeypatch.setitem(sys.modules, library, None)  # as if it were not installed
    replies = [await ask(here, token=text)]
    if library == "jwt":
        replies.append(await here.client.get(PATH))
    for reply in replies:
        assert (reply.status_code, reply.json()["code"]) == (503, "WALLET_KEYS_NOT_INSTALLED")
        assert "pip install './server[web3]'" in reply.json()["error"]
    monkeypatch.undo()
    assert (await ask(here, token=text)).status_code == 200


async def test_one_amount_for_anyone_serves_a_stranger() -> None:
    async with house(stakes=RuleStakes({"*": NANO})) as here:
        assert (await ask(here, NOBODY)).status_code == 200


async def test_a_wallet_makes_no_more_than_twenty_keys_a_minute(here: House) -> None:
    statuses = [(await ask(here)).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    assert (await ask(here, BOB)).status_code == 200


@given(
    body=st.fixed_dictionaries(
        {
            "apiKeyType": st.sampled_from(["ADMIN", "INFERENCE"]),
            "address": st.binary(min_size=20, max_size=20).map(lambda b: f"0x{b.hex()}")
            | st.text(max_size=50),
            "signature": st.binary(min_size=65, max_size=65).map(lambda b: f"0x{b.hex()}")
            | st.text(max_size=140),
            "token": st.just("OURS") | st.text(max_size=200),
        }
    )
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_garbage_is_refused_and_breaks_nothing(here: House, body: dict[str, str]) -> None:
    if body["token"] == "OURS":
        body["token"] = await token(here)
    reply = await here.client.post(PATH, content=json.dumps(body).encode(), headers=AS_JSON)
    assert reply.status_code in (400, 401)


AS_JSON = {"Content-Type": "application/json"}
