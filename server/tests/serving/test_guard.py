"""The guard: who fails over and over waits, and then begins anew."""

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import TooManyFailuresError
from fondaco.serving.access.failure_throttle import FailureThrottle
from hand_clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def failure_throttle(clock: HandClock) -> FailureThrottle:
    return FailureThrottle(clock, failures=20, window_s=30.0)


def refused(failure_throttle: FailureThrottle, account: int = 1) -> bool:
    try:
        failure_throttle.accounts.check(account)
    except TooManyFailuresError:
        return True
    return False


def fail(failure_throttle: FailureThrottle, times: int, account: int = 1) -> None:
    for _ in range(times):
        failure_throttle.accounts.count(account)


def test_twenty_failures_are_suffered_and_one_more_is_not(
    failure_throttle: FailureThrottle,
) -> None:
    fail(failure_throttle, 20)
    assert not refused(failure_throttle)
    fail(failure_throttle, 1)
    assert refused(failure_throttle)


def test_the_refusal_has_the_documented_text_and_says_when_to_come_back(
    failure_throttle: FailureThrottle, clock: HandClock
) -> None:
    fail(failure_throttle, 21)
    clock.at = 0.5
    with pytest.raises(TooManyFailuresError) as caught:
        failure_throttle.accounts.check(1)
    assert str(caught.value) == TooManyFailuresError.default
    assert (caught.value.retry_after_s, caught.value.scope) == (30, "user")


def test_after_the_wait_all_is_forgiven(
    failure_throttle: FailureThrottle, clock: HandClock
) -> None:
    fail(failure_throttle, 21)
    clock.at = 29.9
    assert refused(failure_throttle)
    clock.at = 30.0
    assert not refused(failure_throttle)
    fail(failure_throttle, 20)
    assert not refused(failure_throttle)


def test_what_was_under_way_during_the_wait_is_not_counted(
    failure_throttle: FailureThrottle, clock: HandClock
) -> None:
    fail(failure_throttle, 41)
    clock.at = 30.0
    fail(failure_throttle, 20)
    assert not refused(failure_throttle)


def test_failures_spread_over_more_than_the_window_are_suffered(
    failure_throttle: FailureThrottle, clock: HandClock
) -> None:
    for _ in range(200):
        clock.at += 1.51
        fail(failure_throttle, 1)
    assert not refused(failure_throttle)


def test_accounts_and_addresses_are_counted_apart(failure_throttle: FailureThrottle) -> None:
    fail(failure_throttle, 21, account=1)
    assert (refused(failure_throttle, 1), refused(failure_throttle, 2)) == (True, False)
    for _ in range(21):
        failure_throttle.client_addresses.count("192.0.2.1")
    failure_throttle.client_addresses.check("192.0.2.2")
    with pytest.raises(TooManyFailuresError) as caught:
        failure_throttle.client_addresses.check("192.0.2.1")
    assert caught.value.scope == "global"


def test_without_a_number_any_number_is_suffered(clock: HandClock) -> None:
    failure_throttle = FailureThrottle(clock, failures=0, window_s=30.0)
    fail(failure_throttle, 1000)
    assert not refused(failure_throttle)


def test_another_number_and_window_are_told(clock: HandClock) -> None:
    failure_throttle = FailureThrottle(clock, failures=2, window_s=1.5)
    fail(failure_throttle, 3)
    with pytest.raises(TooManyFailuresError, match=r"\(> 2\).*wait 1.5s") as caught:
        failure_throttle.accounts.check(1)
    assert caught.value.retry_after_s == 2


def test_no_more_are_remembered_than_fit_in_memory(failure_throttle: FailureThrottle) -> None:
    for number in range(10_000):
        failure_throttle.client_addresses.count(f"192.0.2.{number}")
    assert len(failure_throttle.client_addresses._records._values) == 8_192


@given(st.lists(st.floats(0, 10), max_size=80))
def test_who_is_refused_had_too_many_failures_in_one_window(pauses: list[float]) -> None:
    clock = HandClock()
    failure_throttle = FailureThrottle(clock, failures=3, window_s=30.0)
    failed_at: list[float] = []
    for pause in pauses:
        clock.at += pause
        before = refused(failure_throttle)
        failure_throttle.accounts.count(1)
        if not before:
            failed_at.append(clock.at)
            lately = [at for at in failed_at if clock.at - at <= 30.0]
            assert refused(failure_throttle) == (len(lately) > 3)
            if refused(failure_throttle):
                failed_at.clear()


def test_other_numbers_hold_at_once_and_who_waits_still_waits(
    failure_throttle: FailureThrottle, clock: HandClock
) -> None:
    fail(failure_throttle, 21, account=1)
    fail(failure_throttle, 4, account=2)
    failure_throttle.follow(failures=3, window_s=10.0)
    assert refused(failure_throttle, 1)
    assert not refused(failure_throttle, 2)
    fail(failure_throttle, 1, account=2)
    assert refused(failure_throttle, 2)
    clock.at = 10.0
    assert (refused(failure_throttle, 1), refused(failure_throttle, 2)) == (True, False)
    failure_throttle.follow(failures=0, window_s=10.0)
    fail(failure_throttle, 50, account=2)
    assert not refused(failure_throttle, 2)
