"""`client.api_keys`: keys from beginning to end, limits, and keys for wallets."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import anyio.to_thread
import pytest

from fondaco.chain.rule import RuleStakes
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO
from house import SECRET, House, house
from upstream.raw_server import RawServer
from venice_ai import (
    APIConnectionError,
    AuthenticationError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    SyncVeniceClient,
    UserMessage,
    VeniceClient,
)
from venice_ai.types.api.api_keys import ConsumptionLimit
from wallet_world import wallet

QUESTION = [UserMessage(content="Count!")]
FINE = Decimal("987654321.123456789")
"""More digits than a float has."""


@pytest.fixture(scope="module")
async def shared() -> AsyncGenerator[House]:
    async with house(keys_a_minute=1000) as one:
        yield one


def client_of(one: House, api_key: str = SECRET) -> VeniceClient:
    return VeniceClient(api_key=api_key, base_url=f"{one.url}/api/v1")


async def test_a_key_that_is_made_opens_the_api(shared: House, client: VeniceClient) -> None:
    made = await client.api_keys.create(description="Build server")
    assert (made.data.api_key_type, made.data.expires_at) == ("INFERENCE", None)
    assert made["data"]["apiKey"] == made.data.api_key
    async with client_of(shared, made.data.api_key) as other:
        assert (await other.characters.list()).data
        with pytest.raises(PermissionDeniedError):
            await other.api_keys.list()


async def test_the_secret_is_not_shown_where_a_key_is_printed(client: VeniceClient) -> None:
    made = await client.api_keys.create(description="Secret")
    assert made.data.api_key not in repr(made)
    assert made.data.api_key not in str(made)


async def test_a_key_is_listed_and_shown_without_its_secret(client: VeniceClient) -> None:
    made = (await client.api_keys.create(description="Seen", api_key_type="ADMIN")).data
    shown = (await client.api_keys.get(made.id)).data
    assert shown in (await client.api_keys.list()).data
    assert (shown.api_key_type, shown.description) == ("ADMIN", "Seen")
    assert shown.last6_chars == made.api_key[-6:]
    assert shown["last6Chars"] == shown.last6_chars
    assert shown.created_at is not None
    assert shown.last_used_at is None
    assert shown.usage is not None
    assert shown.usage.trailing_seven_days.usd == Decimal(0)


@pytest.mark.parametrize(
    ("told", "end"),
    [
        (datetime(2099, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))), (2099, 1, 1, 10)),
        (datetime(2099, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC), (2099, 1, 1, 12, 0, 0, 500_000)),
        (date(2099, 1, 1), (2099, 1, 1)),
        ("2099-01-01", (2099, 1, 1)),
    ],
)
async def test_an_end_is_told_as_a_time_a_date_or_a_text(
    client: VeniceClient, told: date | str, end: tuple[int, int, int]
) -> None:
    made = await client.api_keys.create(description="Ends", expires_at=told)
    assert made.data.expires_at == datetime(*end, tzinfo=UTC)


async def test_an_end_without_a_zone_is_refused_here(client: VeniceClient) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        await client.api_keys.create(description="Ends", expires_at=datetime(2099, 1, 1))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize("amount", [Decimal("0.5"), FINE, Decimal("1E+2"), Decimal(0), 3, 0.25])
async def test_no_digit_of_a_limit_is_lost(client: VeniceClient, amount: Decimal | float) -> None:
    made = await client.api_keys.create(description="Bound", consumption_limit={"usd": amount})
    shown = (await client.api_keys.get(made.data.id)).data.consumption_limits
    for limit in (made.data.consumption_limit, shown):
        assert isinstance(limit.usd, Decimal)
        assert limit.usd == amount
        assert limit.diem is None


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), float("nan")])
async def test_a_limit_that_is_no_number_is_refused_here(
    client: VeniceClient, amount: Decimal | float
) -> None:
    with pytest.raises(ValueError, match=r"not an amount|not JSON compliant"):
        await client.api_keys.create(description="No", consumption_limit={"usd": amount})


async def test_only_what_is_named_changes(client: VeniceClient) -> None:
    limit: ConsumptionLimit = {"usd": Decimal("0.5"), "diem": 2}
    made = (
        await client.api_keys.create(
            description="Before", expires_at=date(2099, 1, 1), consumption_limit=limit
        )
    ).data
    described = (await client.api_keys.update(made.id, description="After")).data
    assert described.description == "After"
    assert described.expires_at == datetime(2099, 1, 1, tzinfo=UTC)
    assert described.consumption_limits.usd == Decimal("0.5")
    less = (await client.api_keys.update(made.id, consumption_limit={"diem": None})).data
    assert (less.consumption_limits.usd, less.consumption_limits.diem) == (Decimal("0.5"), None)
    assert less.description == "After"
    free = await client.api_keys.update(made.id, consumption_limit=None, expires_at=None)
    assert (free.data.consumption_limits.usd, free.data.expires_at) == (None, None)
    later = await client.api_keys.update(made.id, expires_at="2100-01-01")
    assert later.data.expires_at == datetime(2100, 1, 1, tzinfo=UTC)


async def test_a_key_that_is_deleted_is_dead(shared: House, client: VeniceClient) -> None:
    made = (await client.api_keys.create(description="Short")).data
    assert (await client.api_keys.delete(made.id)).success
    with pytest.raises(NotFoundError):
        await client.api_keys.delete(made.id)
    async with client_of(shared, made.api_key) as other:
        with pytest.raises(AuthenticationError):
            await other.characters.list()


async def test_a_key_that_is_not_the_accounts_is_not_found(client: VeniceClient) -> None:
    for id_ in ("0" * 32, "..", "a/b"):
        with pytest.raises(NotFoundError):
            await client.api_keys.get(id_)
    with pytest.raises(NotFoundError):
        await client.api_keys.update("0" * 32, description="Nobody")


async def test_what_is_wrong_with_a_key_is_told_field_by_field(client: VeniceClient) -> None:
    with pytest.raises(InvalidRequestError) as told:
        await client.api_keys.create(description="", expires_at="tomorrow")
    assert "expiresAt" in str(told.value.details)


async def test_a_key_is_not_made_twice_where_the_reply_is_lost(raw: RawServer) -> None:
    raw.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", close=True)
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}") as client:
        with pytest.raises(APIConnectionError):
            await client.api_keys.create(description="Once")
    assert len(raw.bodies) == 1


async def test_the_account_and_its_limits_are_shown(client: VeniceClient) -> None:
    allowance = (await client.api_keys.rate_limits()).data
    assert allowance.access_permitted
    assert (allowance.api_tier.id, allowance.api_tier.is_charged) == ("paid", True)
    assert (allowance.balances.usd, allowance.balances.diem) == (Decimal(10), Decimal(0))
    assert allowance["balances"]["USD"] == Decimal(10)
    assert allowance.next_epoch_begins.timestamp() % 86_400 == 0
    assert allowance.key_expiration is None
    [toy] = allowance.rate_limits
    assert toy.api_model_id == "toy"
    assert [limit.type for limit in toy.rate_limits] == ["RPM", "RPD", "TPM"]


async def test_a_balance_has_all_its_digits() -> None:
    async with house(usd=123_456_789_123_456_789) as one, client_of(one) as client:
        allowance = (await client.api_keys.rate_limits()).data
    assert allowance.balances.usd == Decimal("123456789.123456789")


async def test_what_came_too_fast_is_logged() -> None:
    tiers = {"paid": Tier("paid", {"small": RateLimits(1, 100, 10_000)})}
    async with house(tiers=tiers) as one, client_of(one) as client:
        assert (await client.api_keys.rate_limit_log()).data == []
        once = client.with_options(max_retries=0).chat.completions
        await once.create(model="toy", messages=QUESTION)
        with pytest.raises(RateLimitError):
            await once.create(model="toy", messages=QUESTION)
        [late] = (await client.api_keys.rate_limit_log()).data
    assert (late.model_id, late.rate_limit_tier, late.rate_limit_type) == ("toy", "paid", "RPM")
    assert late.timestamp.tzinfo is not None


@pytest.fixture
async def staked() -> AsyncGenerator[House]:
    async with house(stakes=RuleStakes(allocations={wallet(1).name: 5 * NANO})) as one:
        yield one


async def test_a_wallet_that_signs_gets_a_key(staked: House) -> None:
    ada = wallet(1)
    async with client_of(staked, "none") as client:
        token = (await client.api_keys.web3_challenge()).data.token
        made = await client.api_keys.create_web3_key(
            address=ada.address,
            token=token,
            signature=ada.sign(token),
            description="Agent",
            consumption_limit={"diem": FINE},
        )
    assert made.data.consumption_limit.diem == FINE
    async with client_of(staked, made.data.api_key) as agent:
        assert (await agent.chat.completions.create(model="toy", messages=QUESTION)).choices


async def test_a_wallet_that_did_not_sign_or_has_no_stake_gets_none(staked: House) -> None:
    ada, bob = wallet(1), wallet(2)
    async with client_of(staked) as client:
        token = (await client.api_keys.web3_challenge()).data.token
        with pytest.raises(AuthenticationError):
            await client.api_keys.create_web3_key(
                address=ada.address, token=token, signature=bob.sign(token)
            )
        token = (await client.api_keys.web3_challenge()).data.token
        with pytest.raises(PermissionDeniedError):
            await client.api_keys.create_web3_key(
                address=bob.address, token=token, signature=bob.sign(token)
            )


async def test_the_synchronous_client_makes_changes_and_ends_keys(shared: House) -> None:
    def call() -> tuple[str | None, bool]:
        with SyncVeniceClient(api_key=SECRET, base_url=f"{shared.url}/api/v1") as client:
            made = client.api_keys.create(description="Before").data
            changed = client.api_keys.update(made.id, description="After").data
            assert changed in client.api_keys.list().data
            return changed.description, client.api_keys.delete(made.id).success

    assert await anyio.to_thread.run_sync(call) == ("After", True)


async def test_the_use_of_rate_limits_is_shown_by_class_of_models(client: VeniceClient) -> None:
    before = await client.api_keys.rate_limit_usage()
    await client.chat.completions.create(model="toy", messages=QUESTION)
    after = await client.api_keys.rate_limit_usage()
    assert before.concurrent_calls.running == after.concurrent_calls.running == 0
    [used] = [one for one in after.data if "toy" in one.models]
    by_type = {limit.type: limit for limit in used.limits}
    assert by_type["RPM"].used >= 1
    assert by_type["RPM"].resets_at is not None
    assert by_type["RPM"].amount > 0
