"""Limits: all of them hold for a call, or it leaves no trace."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import RateLimitExceededError, UnauthorizedError
from fondaco.domain.models.model import Model
from fondaco.domain.money.call import Call
from fondaco.domain.money.limits import DAY_S, MINUTE_S, LimitType, Quota, RateLimits, Tier
from fondaco.domain.money.price import TokenPrice
from fondaco.serving.admission.rate_limits import SlidingWindowLimiter, WindowReservation
from hand_clock import UNIX, HandClock

TIERS = {
    "paid": Tier(
        "paid",
        {
            "small": RateLimits(3, 6, tokens_per_minute=1000),
            "image": RateLimits(2, 100, shared=True),
        },
    ),
    "guests": Tier("guests", {"small": RateLimits(1, 1)}, charged=False),
}
TOY = Model(
    id="toy", name="Toy", price=TokenPrice(input=1, output=1), context_tokens=64, rate_class="small"
)
CALL = Call("c" * 32, account_id=4, key_id="k" * 32, opened_at=0.0)


@dataclass
class World:
    limits: SlidingWindowLimiter
    clock: HandClock

    async def admit(
        self, tokens: int = 10, *, model: Model = TOY, call: Call = CALL
    ) -> WindowReservation:
        return await self.limits.admit(call, model, tokens)

    async def refused(
        self, tokens: int = 10, *, model: Model = TOY, call: Call = CALL
    ) -> RateLimitExceededError:
        with pytest.raises(RateLimitExceededError) as caught:
            await self.limits.admit(call, model, tokens)
        return caught.value

    def quota(self) -> Quota:
        return self.limits.quota(CALL.account_id, CALL.tier, TOY)


@pytest.fixture
def world() -> World:
    clock = HandClock()
    return World(SlidingWindowLimiter(TIERS, clock), clock)


async def test_a_limit_of_requests_per_minute_refuses_and_says_when_to_come_back(
    world: World,
) -> None:
    for _ in range(3):
        await world.admit()
    world.clock.at = 20.5
    error = await world.refused()
    assert str(error) == (
        "Rate limit exceeded: 3 requests per minute (RPM) for the model 'toy' on the tier 'paid'. "
        "Please try again in 41 s."
    )
    assert (error.retry_after_s, error.scope, error.status) == (41, "user", 429)
    assert error.quota == Quota(3, 0, int(UNIX) + 61, 1000, 970, 41)
    world.clock.at = 20.5 + 41
    await world.admit()


async def test_a_limit_of_requests_per_day_holds_through_all_minutes(world: World) -> None:
    for hour in range(6):
        world.clock.at = hour * 3600.0
        await world.admit()
    error = await world.refused()
    assert "6 requests per day (RPD)" in str(error)
    assert error.retry_after_s == DAY_S + 300 - 5 * 3600
    assert error.quota is not None
    assert (error.quota.limit_requests, error.quota.remaining_requests) == (6, 0)
    assert error.quota.reset_requests_at == int(UNIX) + DAY_S + 300


async def test_a_limit_of_tokens_per_minute_counts_estimates(world: World) -> None:
    await world.admit(900)
    error = await world.refused(200)
    assert "1000 tokens per minute (TPM)" in str(error)
    assert error.retry_after_s == 61
    await world.admit(100)


async def test_of_several_limits_the_one_that_holds_longest_is_named(world: World) -> None:
    for minute in (0, 10, 10, 10, 20, 20):
        world.clock.at = minute * 60.0
        await world.admit()
    assert "RPD" in str(await world.refused())


async def test_settling_gives_back_what_was_not_consumed(world: World) -> None:
    reservation = await world.admit(900)
    reservation.settle(100)
    assert reservation.quota.remaining_tokens == 900
    await world.admit(900)


async def test_settling_counts_what_was_consumed_beyond_the_estimate(world: World) -> None:
    reservation = await world.admit(100)
    reservation.settle(1200)
    assert world.quota().remaining_tokens == 0
    assert (await world.refused(1)).retry_after_s == 61


async def test_what_is_settled_counts_from_the_admission_on(world: World) -> None:
    reservation = await world.admit(100)
    world.clock.at = 59.0
    reservation.settle(900)
    assert world.quota().remaining_tokens == 100
    world.clock.at = 61.0
    assert world.quota().remaining_tokens == 1000


async def test_a_call_that_ends_after_its_minute_gives_nothing_back(world: World) -> None:
    reservation = await world.admit(900)
    world.clock.at = 61.0
    await world.admit(500)
    reservation.settle(0)
    assert world.quota().remaining_tokens == 500


async def test_a_withdrawn_call_was_never_there(world: World) -> None:
    before = world.quota()
    reservation = await world.admit(900)
    reservation.withdraw()
    reservation.withdraw()
    reservation.settle(50)
    assert world.quota() == before


async def test_a_call_beyond_the_whole_limit_is_admitted_where_no_tokens_are_counted(
    world: World,
) -> None:
    small = await world.admit(1)
    assert (await world.refused(5000)).retry_after_s == 61
    small.settle(0)
    await world.admit(5000)
    assert (await world.refused(1)).retry_after_s == 61


async def test_accounts_and_models_are_counted_apart(world: World) -> None:
    for _ in range(3):
        await world.admit()
    await world.admit(model=replace(TOY, id="other"))
    await world.admit(call=replace(CALL, account_id=5))
    await world.refused()


async def test_keys_of_an_account_are_counted_together(world: World) -> None:
    for key in ("1", "2", "3"):
        await world.admit(call=replace(CALL, key_id=key))
    await world.refused(call=replace(CALL, key_id="4"))


async def test_models_of_a_shared_class_are_counted_together(world: World) -> None:
    first, second = (replace(TOY, id=name, rate_class="image") for name in ("a", "b"))
    await world.admit(model=first)
    await world.admit(model=second)
    assert "for the model 'b'" in str(await world.refused(model=second))


async def test_where_tokens_have_no_limit_the_quota_says_so(world: World) -> None:
    image = replace(TOY, id="a", rate_class="image")
    reservation = await world.admit(10**9, model=image)
    reservation.settle(3)
    assert reservation.quota == Quota(2, 1, int(UNIX) + 61)


async def test_a_quota_shows_the_day_once_it_binds_before_the_minute(world: World) -> None:
    for minute in range(3):
        world.clock.at = minute * 120.0
        await world.admit()
    quota = world.quota()
    assert (quota.limit_requests, quota.remaining_requests) == (3, 2)
    world.clock.at += 120
    await world.admit()
    quota = world.quota()
    assert (quota.limit_requests, quota.remaining_requests) == (6, 2)


async def test_an_unused_quota_resets_now(world: World) -> None:
    world.clock.at = 7.0
    assert world.quota() == Quota(3, 3, int(UNIX) + 7, 1000, 1000, 0)


async def test_a_permit_says_whether_calls_cost_money(world: World) -> None:
    assert (await world.admit()).charged
    assert not (await world.admit(call=replace(CALL, tier="guests"))).charged


async def test_a_tier_that_is_not_defined_is_refused_with_what_to_do(world: World) -> None:
    with pytest.raises(UnauthorizedError, match=r"'gold' is not defined.*\[tiers.gold\]"):
        await world.admit(call=replace(CALL, tier="gold"))
    with pytest.raises(UnauthorizedError, match="'gold'"):
        world.limits.quota(4, "gold", TOY)


async def test_the_last_fifty_refusals_are_listed_latest_first(world: World) -> None:
    for _ in range(3):
        await world.admit()
    for second in range(60):
        world.clock.at = second / 2
        await world.refused(call=replace(CALL, key_id=str(second)))
    listed = world.limits.exceeded(CALL.account_id)
    assert [one.key_id for one in listed] == [str(n) for n in range(59, 9, -1)]
    latest = listed[0]
    assert (latest.model, latest.tier, latest.type) == ("toy", "paid", LimitType.RPM)
    assert latest.at == UNIX + 29.5
    assert world.limits.exceeded(5) == ()


@dataclass(frozen=True)
class RequestContext:
    pause: float
    tokens: int
    really: int
    withdrawn: bool


ASKS = st.lists(
    st.builds(
        RequestContext, st.floats(0, 90), st.integers(1, 1000), st.integers(0, 1000), st.booleans()
    ),
    max_size=40,
)


@given(ASKS)
def test_in_any_order_of_calls_no_limit_is_passed_and_refusals_leave_no_trace(
    asks: list[RequestContext],
) -> None:
    asyncio.run(play(asks))


async def play(asks: list[RequestContext]) -> None:
    clock = HandClock()
    world = World(SlidingWindowLimiter(TIERS, clock), clock)
    admitted: list[tuple[float, int]] = []
    for ask in asks:
        clock.at += ask.pause
        before = world.quota()
        reservation = await admitted_or_none(world, ask.tokens)
        if reservation is not None and ask.withdrawn:
            reservation.withdraw()
        if reservation is None or ask.withdrawn:
            assert world.quota() == before
        else:
            admitted.append((clock.at, ask.tokens))
            assert most_within(admitted, MINUTE_S) <= 1000
            reservation.settle(min(ask.really, ask.tokens))
            admitted[-1] = clock.at, min(ask.really, ask.tokens)
    ones = [(at, 1) for at, _ in admitted]
    assert most_within(ones, MINUTE_S) <= 3
    assert most_within(ones, DAY_S) <= 6


async def admitted_or_none(world: World, tokens: int) -> WindowReservation | None:
    try:
        return await world.admit(tokens)
    except RateLimitExceededError:
        return None


def most_within(amounts: list[tuple[float, int]], period_s: int) -> int:
    """The largest sum of any closed stretch of time."""
    sums = (sum(n for at, n in amounts if begin <= at <= begin + period_s) for begin, _ in amounts)
    return max(sums, default=0)


async def test_other_tiers_hold_at_once_and_forget_nothing(world: World) -> None:
    running = await world.admit(100)
    await world.admit(100)
    limits = RateLimits(2, 6, tokens_per_minute=500)
    world.limits.reconfigure({"paid": Tier("paid", {"small": limits}, charged=False)})
    assert "2 requests per minute" in str(await world.refused())
    assert world.quota().remaining_tokens == 300
    running.settle(400)
    assert world.quota().remaining_tokens == 0
    assert running.charged is False


async def test_a_limit_of_tokens_that_comes_and_goes_counts_each_call_in_its_own(
    world: World,
) -> None:
    running = await world.admit(100)
    for most in (None, 1000):
        limits = RateLimits(9, 9, tokens_per_minute=most)
        world.limits.reconfigure({"paid": Tier("paid", {"small": limits})})
    running.settle(700)
    assert world.quota().remaining_tokens == 1000


async def test_a_tier_that_is_gone_is_unknown(world: World) -> None:
    await world.admit()
    world.limits.reconfigure({"guests": TIERS["guests"]})
    with pytest.raises(UnauthorizedError, match="is not defined on this server"):
        await world.admit()
