"""The failure throttle of one process, by its contract and by random sequences of failures."""

import pytest
from hypothesis import given, strategies as st

from contracts.throttle import NewThrottle, ThrottleContract, fail, refuses
from fondaco.domain.errors import TooManyFailuresError
from fondaco.serving.access.failure_throttle import FailureThrottle, InProcessThrottle
from hand_clock import HandClock


class TestThrottleInProcess(ThrottleContract):
    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    def new(self, clock: HandClock) -> NewThrottle:
        return lambda failures, window_s: in_process(clock, failures, window_s)


def in_process(clock: HandClock, max_failures: int, window_s: float) -> InProcessThrottle[int]:
    return InProcessThrottle(clock, max_failures, window_s, scope="user")


def test_accounts_and_client_addresses_are_counted_apart() -> None:
    throttle = FailureThrottle.in_process(HandClock(), max_failures=20, window_s=30.0)
    fail(throttle.accounts, 21)
    for _ in range(21):
        throttle.client_addresses.record_failure("192.0.2.1")
    throttle.client_addresses.check("192.0.2.2")
    assert refuses(throttle.accounts)
    with pytest.raises(TooManyFailuresError) as caught:
        throttle.client_addresses.check("192.0.2.1")
    assert caught.value.scope == "global"


def test_both_throttles_are_reconfigured_together() -> None:
    throttle = FailureThrottle.in_process(HandClock(), max_failures=20, window_s=30.0)
    throttle.reconfigure(max_failures=1, window_s=30.0)
    fail(throttle.accounts, 2)
    for _ in range(2):
        throttle.client_addresses.record_failure("192.0.2.1")
    assert refuses(throttle.accounts)
    with pytest.raises(TooManyFailuresError):
        throttle.client_addresses.check("192.0.2.1")


def test_memory_is_bounded() -> None:
    throttle = in_process(HandClock(), 20, 30.0)
    for subject in range(10_000):
        throttle.record_failure(subject)
    assert len(throttle) == 8_192


@given(st.lists(st.floats(0, 10), max_size=80))
def test_a_refused_subject_had_too_many_failures_in_one_window(pauses: list[float]) -> None:
    clock = HandClock()
    throttle = in_process(clock, 3, 30.0)
    failed_at: list[float] = []
    for pause in pauses:
        clock.at += pause
        before = refuses(throttle)
        throttle.record_failure(1)
        if not before:
            failed_at.append(clock.at)
            recent = [at for at in failed_at if clock.at - at <= 30.0]
            assert refuses(throttle) == (len(recent) > 3)
            if refuses(throttle):
                failed_at.clear()
