import json
from collections.abc import AsyncGenerator

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from fake_node import BASE, TOKEN, FakeNode, fake_node
from fondaco.chain.node import NodeStakes
from fondaco.chain.rule import RuleStakes
from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.domain.errors import ChainUnavailableError
from fondaco.domain.money.money import NANO
from fondaco.ports import Stakes

ADA = "0x" + "ad" * 20
WHOLE = 10**18


@pytest.fixture
async def node() -> AsyncGenerator[FakeNode]:
    async with fake_node() as node:
        yield node


@pytest.fixture
async def upstream(node: FakeNode) -> AsyncGenerator[HttpClient]:
    upstream = connect(node.url + "/v3/a-secret", total_timeout_s=5)
    yield upstream
    await upstream.aclose()


@pytest.fixture
def stakes(upstream: HttpClient) -> Stakes:
    return over(upstream)


def over(
    upstream: HttpClient, *, nano: int = NANO // 10, decimals: int = 18, timeout_s: float = 5
) -> Stakes:
    return NodeStakes(
        upstream,
        token=TOKEN,
        chain_id=BASE,
        nano_diem_per_token=nano,
        decimals=decimals,
        timeout_s=timeout_s,
    )


async def test_a_rule_names_wallets_and_everybody_else() -> None:
    named = RuleStakes({ADA: 5, "*": 1, "0x" + "b0" * 20: 0})
    assert [await named.allocation(w) for w in (ADA, "0x" + "cc" * 20)] == [5, 1]
    assert await named.allocation("0x" + "b0" * 20) is None
    assert await RuleStakes({ADA: 5}).allocation("0x" + "cc" * 20) is None


async def test_a_balance_gives_its_share(node: FakeNode, stakes: Stakes) -> None:
    node.balances[ADA] = 25 * WHOLE
    assert await stakes.allocation(ADA) == 25 * NANO // 10
    assert node.paths == ["/v3/a-secret"] * 2
    assert [asked["method"] for asked in node.asked] == ["eth_chainId", "eth_call"]


async def test_who_has_nothing_gets_nothing(node: FakeNode, stakes: Stakes) -> None:
    assert await stakes.allocation(ADA) is None
    node.balances[ADA] = 9 * 10**9  # less than a nano-unit's worth
    assert await stakes.allocation(ADA) is None


@given(balance=st.integers(0, 10**26), nano=st.integers(1, 10**9), decimals=st.integers(0, 20))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_shares_are_rounded_down_exactly(
    node: FakeNode, upstream: HttpClient, balance: int, nano: int, decimals: int
) -> None:
    node.balances[ADA] = balance
    diem = balance * nano // 10**decimals
    asked = over(upstream, nano=nano, decimals=decimals).allocation(ADA)
    if diem > 10**9 * NANO:
        with pytest.raises(ChainUnavailableError):
            await asked
    else:
        assert await asked == (diem or None)


@pytest.mark.parametrize(
    "result",
    [
        "0x",
        "0x" + "0" * 63,
        "0x" + "0" * 65,
        "0" * 64,
        "0x" + "g" * 64,
        "0x" + "0" * 64 + "\n",
        "0x" + "f" * 64,
        1,
        None,
        ["0x" + "0" * 64],
    ],
    ids=lambda result: str(result)[:12],
)
async def test_what_is_no_balance_is_refused(
    node: FakeNode, stakes: Stakes, result: object
) -> None:
    node.replies += [answer(hex(BASE)), answer(result)]
    with pytest.raises(ChainUnavailableError) as refused:
        await stakes.allocation(ADA)
    assert refused.value.retry_after_s == 60


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"7",
        b"[" * 5_000,
        b"\xff\xfe",
        b'{"jsonrpc":"2.0","id":2,"result":"0x2105"}',
        b'{"id":1,"result":"0x2105"}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"x"}}',
        b'{"jsonrpc":"2.0","id":1,"error":"x","result":"0x2105"}',
        b'{"jsonrpc":"2.0","id":1,"result":"0x1"}',
        b'{"jsonrpc":"2.0","id":1,"result":"8453"}',
        b'{"jsonrpc":"2.0","id":1,"result":"0x02105"}',
        b'{"jsonrpc":"2.0","id":1,"result":""}',
        b" " * 70_000 + b'{"jsonrpc":"2.0","id":1,"result":"0x2105"}',
    ],
    ids=lambda body: str(len(body)),
)
async def test_a_doubtful_node_is_refused(node: FakeNode, stakes: Stakes, body: bytes) -> None:
    node.balances[ADA] = WHOLE
    node.replies.append(body)
    with pytest.raises(ChainUnavailableError):
        await stakes.allocation(ADA)
    assert len(node.asked) == 1
    assert await stakes.allocation(ADA) == NANO // 10


async def test_another_chain_is_refused(
    node: FakeNode, stakes: Stakes, caplog: pytest.LogCaptureFixture
) -> None:
    node.balances[ADA], node.chain_id = WHOLE, 1
    with pytest.raises(ChainUnavailableError):
        await stakes.allocation(ADA)
    assert "the chain 1 instead of 8453" in caplog.text


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_another_status_is_refused(node: FakeNode, stakes: Stakes, status: int) -> None:
    node.balances[ADA], node.status = WHOLE, status
    with pytest.raises(ChainUnavailableError):
        await stakes.allocation(ADA)


async def test_a_silent_node_is_given_up(node: FakeNode, upstream: HttpClient) -> None:
    node.silent = True
    with pytest.raises(ChainUnavailableError) as refused:
        await over(upstream, timeout_s=0.1).allocation(ADA)
    assert refused.value.retry_after_s == 5


async def test_a_node_out_of_reach_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    async with fake_node() as gone:
        url = gone.url
    upstream = connect(url + "/a-secret")
    with pytest.raises(ChainUnavailableError):
        await over(upstream).allocation(ADA)
    await upstream.aclose()
    assert "a-secret" not in caplog.text


def answer(result: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()
