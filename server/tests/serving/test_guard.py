"""The guard: who fails over and over waits, and then begins anew."""

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import TooManyFailuresError
from fondaco.serving.guard import Guard
from hand_clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def guard(clock: HandClock) -> Guard:
    return Guard(clock, failures=20, window_s=30.0)


def refused(guard: Guard, account: int = 1) -> bool:
    try:
        guard.accounts.check(account)
    except TooManyFailuresError:
        return True
    return False


def fail(guard: Guard, times: int, account: int = 1) -> None:
    for _ in range(times):
        guard.accounts.count(account)


def test_twenty_failures_are_suffered_and_one_more_is_not(guard: Guard) -> None:
    fail(guard, 20)
    assert not refused(guard)
    fail(guard, 1)
    assert refused(guard)


def test_the_refusal_has_the_documented_text_and_says_when_to_come_back(
    guard: Guard, clock: HandClock
) -> None:
    fail(guard, 21)
    clock.at = 0.5
    with pytest.raises(TooManyFailuresError) as caught:
        guard.accounts.check(1)
    assert str(caught.value) == TooManyFailuresError.default
    assert (caught.value.retry_after_s, caught.value.scope) == (30, "user")


def test_after_the_wait_all_is_forgiven(guard: Guard, clock: HandClock) -> None:
    fail(guard, 21)
    clock.at = 29.9
    assert refused(guard)
    clock.at = 30.0
    assert not refused(guard)
    fail(guard, 20)
    assert not refused(guard)


def test_what_was_under_way_during_the_wait_is_not_counted(guard: Guard, clock: HandClock) -> None:
    fail(guard, 41)
    clock.at = 30.0
    fail(guard, 20)
    assert not refused(guard)


def test_failures_spread_over_more_than_the_window_are_suffered(
    guard: Guard, clock: HandClock
) -> None:
    for _ in range(200):
        clock.at += 1.51
        fail(guard, 1)
    assert not refused(guard)


def test_accounts_and_addresses_are_counted_apart(guard: Guard) -> None:
    fail(guard, 21, account=1)
    assert (refused(guard, 1), refused(guard, 2)) == (True, False)
    for _ in range(21):
        guard.peers.count("192.0.2.1")
    guard.peers.check("192.0.2.2")
    with pytest.raises(TooManyFailuresError) as caught:
        guard.peers.check("192.0.2.1")
    assert caught.value.scope == "global"


def test_without_a_number_any_number_is_suffered(clock: HandClock) -> None:
    guard = Guard(clock, failures=0, window_s=30.0)
    fail(guard, 1000)
    assert not refused(guard)


def test_another_number_and_window_are_told(clock: HandClock) -> None:
    guard = Guard(clock, failures=2, window_s=1.5)
    fail(guard, 3)
    with pytest.raises(TooManyFailuresError, match=r"\(> 2\).*wait 1.5s") as caught:
        guard.accounts.check(1)
    assert caught.value.retry_after_s == 2


def test_no_more_are_remembered_than_fit_in_memory(guard: Guard) -> None:
    for number in range(10_000):
        guard.peers.count(f"192.0.2.{number}")
    assert len(guard.peers._records._values) == 8_192


@given(st.lists(st.floats(0, 10), max_size=80))
def test_who_is_refused_had_too_many_failures_in_one_window(pauses: list[float]) -> None:
    clock = HandClock()
    guard = Guard(clock, failures=3, window_s=30.0)
    failed_at: list[float] = []
    for pause in pauses:
        clock.at += pause
        before = refused(guard)
        guard.accounts.count(1)
        if not before:
            failed_at.append(clock.at)
            lately = [at for at in failed_at if clock.at - at <= 30.0]
            assert refused(guard) == (len(lately) > 3)
            if refused(guard):
                failed_at.clear()


def test_other_numbers_hold_at_once_and_who_waits_still_waits(
    guard: Guard, clock: HandClock
) -> None:
    fail(guard, 21, account=1)
    fail(guard, 4, account=2)
    guard.follow(failures=3, window_s=10.0)
    assert refused(guard, 1)
    assert not refused(guard, 2)
    fail(guard, 1, account=2)
    assert refused(guard, 2)
    clock.at = 10.0
    assert (refused(guard, 1), refused(guard, 2)) == (True, False)
    guard.follow(failures=0, window_s=10.0)
    fail(guard, 50, account=2)
    assert not refused(guard, 2)
