"""`client.models`: lists, and the choice among them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import anyio
import anyio.to_thread
import httpx2
import pytest

from fondaco.domain.models.model import (
    AnyModel,
    Capabilities,
    Deprecation,
    Model as ServedModel,
    ModelType,
    Privacy,
)
from fondaco.domain.money.money import nano
from fondaco.domain.money.price import ImagePrice
from hand_clock import HandClock
from house import SECRET, TOY, House, house
from venice_ai import NotFoundError, SyncVeniceClient, VeniceClient
from venice_ai.resources.models import RECENT_S, Models

PAINTER = AnyModel(
    id="painter",
    name="Painter",
    type=ModelType.IMAGE,
    price=ImagePrice(nano("0.01"), nano("0.02"), nano("0.08"), nano("0.04")),
    traits=("highest_quality",),
)


def model(id: str, *traits: str, context: int = 4096, **able: bool) -> ServedModel:  # noqa: A002 - what it is called everywhere
    capabilities = Capabilities(**able)  # type: ignore[arg-type]  # all but one are flags
    return replace(
        TOY, id=id, name=id, traits=traits, context_tokens=context, capabilities=capabilities
    )


@asynccontextmanager
async def serving(*models: AnyModel) -> AsyncGenerator[VeniceClient]:
    async with house(models=models) as one, client_of(one) as client:
        yield client


def client_of(one: House) -> VeniceClient:
    return VeniceClient(api_key=SECRET, base_url=f"{one.url}/api/v1")


async def test_models_are_listed_with_what_they_can_do_and_cost(client: VeniceClient) -> None:
    listed = await client.models.list()
    [toy] = listed.data
    assert (listed.type, toy.id, toy.type) == ("text", "toy", "text")
    spec = toy.model_spec
    assert spec.available_context_tokens == 4096
    assert spec.capabilities.supports_log_probs
    assert not spec.capabilities.supports_vision
    assert spec.pricing is not None
    assert spec.pricing.output is not None
    assert spec.pricing.output.usd == Decimal("0.9")
    assert spec.traits == ["default"]


async def test_items_are_found_by_their_names_on_the_wire(client: VeniceClient) -> None:
    listed = await client.models.list()
    spec = listed["data"][0]["model_spec"]
    assert spec["availableContextTokens"] == spec.available_context_tokens
    assert spec["capabilities"]["supportsLogProbs"] is True
    assert spec["pricing"]["input"]["usd"] == Decimal("0.2")


async def test_a_type_lists_its_models_alone() -> None:
    async with serving(TOY, PAINTER) as client:
        images = await client.models.list(type="image")
        every = await client.models.list(type="all")
        assert [one.id for one in images.data] == ["painter"]
        assert [one.id for one in every.data] == ["toy", "painter"]
        pricing = images.data[0].model_spec.pricing
        assert pricing is not None
        assert pricing.upscale is not None
        assert pricing.upscale.fourfold is not None
        assert pricing.upscale.fourfold.usd == Decimal("0.08")
        assert pricing["upscale"]["2x"]["usd"] == Decimal("0.02")


async def test_traits_and_the_names_of_others_lead_to_models(client: VeniceClient) -> None:
    assert (await client.models.traits()).data == {"default": "toy"}
    assert (await client.models.compatibility_mapping()).data == {"gpt-4o": "toy"}


async def test_the_head_of_a_list_is_there_too(client: VeniceClient) -> None:
    assert (await client.models.list()).meta.request_id


async def test_no_key_is_needed(shared: House) -> None:
    async with VeniceClient(api_key="", base_url=f"{shared.url}/api/v1") as client:
        assert await client.models.resolve_chat() == "toy"


async def test_who_wishes_for_nothing_chats_with_the_default() -> None:
    async with serving(model("first"), model("second", "default")) as client:
        assert await client.models.resolve_chat() == "second"


async def test_who_wishes_for_something_chats_with_the_model_meant_for_it() -> None:
    async with serving(
        model("all", "default", vision=True, optimized_for_code=True),
        model("eye", "default_vision", vision=True),
        model("coder", "default_code", optimized_for_code=True),
    ) as client:
        assert await client.models.resolve_chat(vision=True) == "eye"
        assert await client.models.resolve_chat(code=True) == "coder"
        assert await client.models.resolve_chat(vision=True, code=True) == "all"


async def test_a_trait_does_not_count_where_the_model_cannot_do_it() -> None:
    async with serving(
        model("blind", "default", "default_vision"), model("eye", vision=True)
    ) as client:
        assert await client.models.resolve_chat(vision=True) == "eye"
        assert await client.models.resolve_chat(trait="default_vision") == "blind"


async def test_a_trait_that_nothing_has_leads_to_what_fits_otherwise() -> None:
    async with serving(model("quick", "fastest"), model("usual", "default")) as client:
        assert await client.models.resolve_chat(trait="fastest") == "quick"
        assert await client.models.resolve_chat(trait="most_uncensored") == "usual"


async def test_each_wish_is_a_capability() -> None:
    wishes = {
        "vision": "vision",
        "reasoning": "reasoning",
        "code": "optimized_for_code",
        "tools": "function_calling",
        "structured": "response_schema",
        "web_search": "web_search",
        "log_probs": "log_probs",
    }
    able = [model(wish, **{capability: True}) for wish, capability in wishes.items()]
    async with serving(model("plain", "default"), *able) as client:
        resolve = client.models.resolve_chat
        chosen = [await resolve(**{wish: True}) for wish in wishes]  # type: ignore[arg-type]  # all of these are flags
    assert chosen == [*wishes]


async def test_the_context_has_to_hold_what_is_asked_for() -> None:
    async with serving(model("small", "default"), model("large", context=100_000)) as client:
        assert await client.models.resolve_chat(context_tokens=4096) == "small"
        assert await client.models.resolve_chat(context_tokens=4097) == "large"


async def test_who_wants_privacy_gets_a_model_that_gives_it() -> None:
    seen = replace(model("seen", "default"), privacy=Privacy.ANONYMIZED)
    async with serving(seen, model("unseen")) as client:
        assert await client.models.resolve_chat() == "seen"
        assert await client.models.resolve_chat(private=True) == "unseen"


async def test_a_model_that_is_offline_is_not_chosen() -> None:
    async with serving(
        replace(model("away", vision=True), offline=True), model("here", vision=True)
    ) as client:
        assert await client.models.resolve_chat(vision=True) == "here"


async def test_what_lasts_is_chosen_before_what_does_not() -> None:
    ending = Deprecation(date(2025, 1, 1), date(2099, 1, 1))
    ends = replace(model("ends"), deprecation=ending)
    async with serving(ends, replace(model("beta"), beta=True), model("lasting")) as client:
        assert await client.models.resolve_chat() == "lasting"
        deprecation = (await client.models.list()).data[0].model_spec.deprecation
        assert deprecation is not None
        assert deprecation.date == datetime(2099, 1, 1, tzinfo=UTC)
    async with serving(ends, replace(model("beta"), beta=True)) as client:
        assert await client.models.resolve_chat() == "beta"


async def test_where_nothing_fits_the_error_says_what_each_model_lacks() -> None:
    async with serving(
        replace(model("away", vision=True), offline=True), model("small", reasoning=True)
    ) as client:
        with pytest.raises(NotFoundError) as told:
            await client.models.resolve_chat(vision=True, reasoning=True, context_tokens=9999)
    assert str(told.value) == (
        "No model fits all requirements: 'small' lacks vision, a context of 9999 tokens; "
        "'away' lacks reasoning, being online, a context of 9999 tokens. Require less."
    )


async def test_where_there_is_no_model_the_error_says_so() -> None:
    async with serving(PAINTER) as client:
        with pytest.raises(NotFoundError, match="there is none"):
            await client.models.resolve_chat()


async def test_a_trait_leads_to_its_model_and_falls_back_to_others() -> None:
    async with serving(model("usual", "default"), model("quick", "fastest"), PAINTER) as client:
        assert await client.models.resolve_trait() == "usual"
        assert await client.models.resolve_trait("fastest") == "quick"
        assert await client.models.resolve_trait("eliza-default", "fastest") == "quick"
        assert await client.models.resolve_trait("highest_quality", type="image") == "painter"


async def test_a_trait_that_no_model_has_is_an_error_that_names_those_that_are(
    client: VeniceClient,
) -> None:
    with pytest.raises(NotFoundError) as told:
        await client.models.resolve_trait("fastest", "default_code")
    assert str(told.value) == (
        "No model of type 'text' has the trait 'fastest' or 'default_code'. There are: default."
    )


async def test_a_model_is_found_by_its_id_and_by_its_traits(client: VeniceClient) -> None:
    by_id, by_trait = await client.models.find("toy"), await client.models.find("default")
    assert by_id is not None
    assert by_id == by_trait
    assert await client.models.find("nobody") is None


async def test_many_choices_ask_the_server_once(shared: House) -> None:
    asked: list[str] = []

    async def note(request: httpx2.Request) -> None:
        asked.append(request.url.path)

    async with (
        httpx2.AsyncClient(event_hooks={"request": [note]}) as http,
        VeniceClient(base_url=f"{shared.url}/api/v1", http_client=http) as client,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(20):
            tasks.start_soon(client.models.resolve_chat)
            tasks.start_soon(client.models.find, "toy")
    assert sorted(asked) == ["/api/v1/models", "/api/v1/models/traits"]


async def test_a_choice_goes_by_a_list_that_is_not_old(shared: House) -> None:
    asked: list[str] = []

    async def note(request: httpx2.Request) -> None:
        asked.append(request.url.path)

    clock = HandClock()
    async with (
        httpx2.AsyncClient(event_hooks={"request": [note]}) as http,
        VeniceClient(base_url=f"{shared.url}/api/v1", http_client=http) as client,
    ):
        models = Models(client, clock.monotonic)
        for after_s, requests in ((0.0, 1), (RECENT_S / 2, 1), (RECENT_S, 2)):
            clock.at = after_s
            await models.resolve_trait("default")
            assert len(asked) == requests


async def test_a_choice_that_failed_can_be_made_again(shared: House) -> None:
    async with VeniceClient(
        base_url=f"{shared.url}/nowhere", default_headers={}, max_retries=0
    ) as client:
        for _ in range(2):
            with pytest.raises(NotFoundError):
                await client.models.resolve_chat()


async def test_two_clients_choose_for_themselves() -> None:
    async with serving(model("one", "default")) as first, serving(model("two", "default")) as other:
        assert await first.models.resolve_chat() == "one"
        assert await other.models.resolve_chat() == "two"


async def test_the_synchronous_client_lists_and_chooses(shared: House) -> None:
    def call() -> tuple[list[str], str]:
        with SyncVeniceClient(base_url=f"{shared.url}/api/v1") as client:
            return [one.id for one in client.models.list().data], client.models.resolve_chat()

    assert await anyio.to_thread.run_sync(call) == (["toy"], "toy")


async def test_a_model_is_shown_by_any_name_that_it_serves(client: VeniceClient) -> None:
    by_id, by_trait = await client.models.get("toy"), await client.models.get("default")
    assert by_id.id == by_trait.id == "toy"
    assert by_id.model_spec.pricing is not None
    assert by_id.meta.request_id
    with pytest.raises(NotFoundError):
        await client.models.get("no/such model")
