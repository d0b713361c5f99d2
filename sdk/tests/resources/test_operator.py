"""`client.operator`: accounts, funds, engines and the rest of a server, for its operator."""

from collections.abc import AsyncGenerator
from decimal import Decimal

import anyio.to_thread
import pytest

from fondaco.domain.money.account import Account, Key, KeyType, digest
from house import ACCOUNT, PEPPER, SECRET, House, house
from program import Program
from venice_ai import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    SyncVeniceClient,
    VeniceClient,
)

FINE = Decimal("123456789.123456789")
"""More digits than a float has."""


@pytest.fixture
async def shared() -> AsyncGenerator[House]:
    async with house() as one:
        yield one


async def test_an_account_is_created_changed_granted_funds_and_listed(
    client: VeniceClient,
) -> None:
    made = await client.operator.create_account("research", usd=FINE, diem_allocation=5)
    assert (made.name, made.usd, made.keys) == ("research", FINE, 0)
    assert made.diem_allocation == Decimal(5)
    assert made.created_at.tzinfo is not None
    granted = await client.operator.grant("research", Decimal("0.000000001"), notes="Invoice 17")
    assert granted.usd == FINE + Decimal("0.000000001")
    changed = await client.operator.change_account("research", disabled=True)
    assert changed.disabled
    assert changed.tier == made.tier
    page = await client.operator.accounts()
    assert [one.name for one in page.data] == ["research", "tests"]
    assert page.pagination.total == 2


async def test_pages_of_accounts_are_requested_one_by_one(client: VeniceClient) -> None:
    for name in ("a", "b", "c"):
        await client.operator.create_account(name)
    pages = [
        [one.name for one in page.data] async for page in client.operator.account_pages(limit=3)
    ]
    assert pages == [["a", "b", "c"], ["tests"]]


async def test_a_name_of_any_characters_is_addressed(client: VeniceClient) -> None:
    await client.operator.create_account("a/../b?c=#ü")
    changed = await client.operator.change_account("a/../b?c=#ü", diem_allocation=Decimal("1.5"))
    assert changed.diem_allocation == Decimal("1.5")


async def test_a_grant_is_made_once_for_an_idempotency_key(client: VeniceClient) -> None:
    await client.operator.create_account("research")
    for _ in range(2):
        granted = await client.operator.grant("research", 5, idempotency_key="invoice-17")
    assert granted.usd == 5
    with pytest.raises(ConflictError):
        await client.operator.grant("research", 6, idempotency_key="invoice-17")
    for _ in range(2):
        granted = await client.operator.grant("research", 5)
    assert granted.usd == 15


async def test_an_account_is_handed_over_by_a_key_or_a_link(
    shared: House, client: VeniceClient
) -> None:
    await client.operator.create_account("research", usd=1)
    made = await client.operator.create_key(
        "research", description="Handed over", consumption_limit={"usd": FINE}
    )
    assert made.data.consumption_limit.usd == FINE
    async with VeniceClient(
        api_key=made.data.api_key, base_url=f"{shared.url}/api/v1"
    ) as researcher:
        assert (await researcher.models.list()).data
    link = await client.operator.create_login_link("research")
    assert link.account == "research"
    assert link.url.startswith(f"{shared.url}/?login=")
    assert link.url not in repr(link)


async def test_what_cannot_be_done_is_a_typed_error(client: VeniceClient) -> None:
    with pytest.raises(ConflictError):
        await client.operator.create_account("tests")
    with pytest.raises(InvalidRequestError, match=r"Begin it with a letter or a digit"):
        await client.operator.create_account("..")
    with pytest.raises(InvalidRequestError, match="no tier 'gold'"):
        await client.operator.create_account("research", tier="gold")
    with pytest.raises(NotFoundError):
        await client.operator.grant("nobody", 1)
    with pytest.raises(NotFoundError):
        await client.operator.download("nothing")


async def test_the_server_is_shown(client: VeniceClient) -> None:
    await client.chat.completions.create(
        model="toy", messages=[{"role": "user", "content": "Count!"}]
    )
    assert "paid" in [tier.id for tier in (await client.operator.tiers()).data]
    assert [engine.models for engine in (await client.operator.engines()).data]
    downloads = (await client.operator.downloads()).data
    assert {one.state for one in downloads} == {"available"}
    assert all(one.total_bytes > 0 for one in downloads)
    status = await client.operator.status()
    assert status.charges.today.calls == 1
    assert isinstance(status.charges.today.usd, Decimal)


def test_the_configuration_in_force_is_shown_with_its_origins(served: Program) -> None:
    with SyncVeniceClient(api_key=served.api_key, base_url=f"{served.url}/api/v1") as client:
        settings = {one.setting: one for one in client.operator.configuration().data}
    port, home = settings["server.port"], settings["home"]
    assert (port.value, port.origin, home.value) == (0, "flag --port", str(served.home))
    assert all(one.origin for one in settings.values())
    assert {type(one.value) for one in settings.values()} >= {int, str, bool, list}


async def test_a_key_of_another_account_is_refused(shared: House) -> None:
    other = ACCOUNT + 1
    shared.journal.add_account(other)
    key = Key("ef" * 16, other, KeyType.ADMIN, "", "others", created_at=0.0)
    shared.keys.put(Account(other, "others"), digest(PEPPER, "of_others"), key)
    async with VeniceClient(api_key="of_others", base_url=f"{shared.url}/api/v1") as client:
        with pytest.raises(PermissionDeniedError):
            await client.operator.accounts()


async def test_a_program_without_an_event_loop_uses_the_same_methods(shared: House) -> None:
    def managed() -> list[str]:
        with SyncVeniceClient(api_key=SECRET, base_url=f"{shared.url}/api/v1") as client:
            client.operator.create_account("research")
            return [one.name for page in client.operator.account_pages() for one in page.data]

    assert await anyio.to_thread.run_sync(managed) == ["research", "tests"]
