"""Windows: never more than the limit in any stretch of time, and nothing lost or left behind."""

from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from fondaco.serving.admission.windows import DAY, MINUTE, Bucket, LruMap, Span, Window

LIMIT = 7
SPANS = st.sampled_from([MINUTE, DAY, Span(30, 1), Span(10, 5), Span(4, 4)])
FRACTIONS = st.floats(0, 0.5)
"""Of the span's period."""


@dataclass
class Addition:
    pause: float
    amount: int


ADDITIONS = st.lists(st.builds(Addition, FRACTIONS, st.integers(1, LIMIT)), max_size=60)


@given(SPANS, ADDITIONS, st.floats(0, 1e6))
def test_no_stretch_of_a_period_holds_more_than_the_limit(
    span: Span, additions: list[Addition], start: float
) -> None:
    window, now, admitted = Window(LIMIT, span), start, list[tuple[float, int]]()
    for addition in additions:
        now += addition.pause * span.period_s
        if window.fits(now, addition.amount):
            window.add(now, addition.amount)
            admitted.append((now, addition.amount))
    for begin, _ in admitted:
        inside = [amount for at, amount in admitted if begin <= at <= begin + span.period_s]
        assert sum(inside) <= LIMIT


@given(SPANS, ADDITIONS)
def test_an_amount_is_counted_for_at_most_one_bucket_too_long(
    span: Span, additions: list[Addition]
) -> None:
    window, now, admitted = Window(LIMIT, span), 0.0, list[tuple[float, int]]()
    for addition in additions:
        now += addition.pause * span.period_s
        longest = span.period_s + span.bucket_s
        still = sum(amount for at, amount in admitted if now - at < longest)
        assert window.remaining(now) >= LIMIT - still
        if window.fits(now, addition.amount):
            window.add(now, addition.amount)
            admitted.append((now, addition.amount))


@given(SPANS, ADDITIONS, st.integers(1, LIMIT), FRACTIONS)
def test_what_is_taken_back_was_never_there(
    span: Span, additions: list[Addition], amount: int, later: float
) -> None:
    twins, now = (Window(LIMIT, span), Window(LIMIT, span)), 0.0
    guests: list[Bucket] = []
    for addition in additions:
        now += addition.pause * span.period_s
        for window in twins:
            if window is twins[0]:
                guests.append(window.add(now, amount))
            window.add(now, addition.amount)
    now += later * span.period_s
    for bucket in guests:
        twins[0].adjust(bucket, -amount)
    assert shown(twins[0], now) == shown(twins[1], now)


@given(SPANS, ADDITIONS, st.integers(1, 2 * LIMIT))
def test_looking_changes_nothing(span: Span, additions: list[Addition], amount: int) -> None:
    looked, unseen, now = Window(LIMIT, span), Window(LIMIT, span), 0.0
    for addition in additions:
        now += addition.pause * span.period_s
        looked.fits(now, amount)
        looked.wait(now, amount)
        looked.next_expiry(now)
        looked.remaining(now)
        looked.add(now, addition.amount)
        unseen.add(now, addition.amount)
    assert shown(looked, now) == shown(unseen, now)


@given(SPANS, ADDITIONS, st.integers(1, 2 * LIMIT))
def test_an_amount_fits_after_its_wait_and_not_a_bucket_sooner(
    span: Span, additions: list[Addition], amount: int
) -> None:
    window, now = Window(LIMIT, span), 0.0
    for addition in additions:
        now += addition.pause * span.period_s
        window.add(now, addition.amount)
    wait = window.wait(now, amount)
    assert wait <= span.period_s + span.bucket_s
    assert wait == 0 or not window.fits(now + wait - span.bucket_s / 2, amount)
    assert window.fits(now + wait + 1e-6, amount)


@given(SPANS, ADDITIONS)
def test_buckets_are_no_more_than_the_span_has(span: Span, additions: list[Addition]) -> None:
    window, now = Window(LIMIT, span), 0.0
    for addition in additions:
        now += addition.pause * span.period_s
        window.add(now, addition.amount)
        assert len(window._buckets) <= span.buckets + 1


@pytest.mark.parametrize("span", [MINUTE, DAY])
def test_buckets_are_no_more_than_the_span_has_under_steady_use(span: Span) -> None:
    window = Window(LIMIT, span)
    for bucket in range(3 * span.buckets):
        window.add(bucket * float(span.bucket_s))
    assert len(window._buckets) == span.buckets + 1


def test_an_amount_beyond_the_limit_fits_only_where_nothing_is_counted() -> None:
    window = Window(LIMIT, MINUTE)
    assert window.fits(0.0, 100)
    window.add(0.0, 100)
    assert (window.remaining(1.0), window.fits(1.0)) == (0, False)
    assert window.wait(1.0, 100) == 60.0
    assert window.fits(61.0, 100)


def test_a_correction_counts_in_the_bucket_of_the_addition() -> None:
    window = Window(LIMIT, MINUTE)
    bucket = window.add(0.0, 2)
    window.add(30.0, 1)
    window.adjust(bucket, +3)
    assert window.remaining(30.0) == 1
    assert window.remaining(61.0) == LIMIT - 1


def test_a_correction_of_what_has_left_changes_nothing() -> None:
    window = Window(LIMIT, MINUTE)
    bucket = window.add(0.0, 2)
    assert window.remaining(61.0) == LIMIT
    window.adjust(bucket, +3)
    assert window.remaining(61.0) == LIMIT


def test_the_next_expiry_is_when_the_oldest_amount_leaves() -> None:
    window = Window(LIMIT, MINUTE)
    assert window.next_expiry(0.0) == 0
    emptied = window.add(0.0)
    window.add(10.0)
    window.adjust(emptied, -1)
    assert window.next_expiry(20.0) == 51.0


def test_the_least_recently_used_value_is_evicted_first() -> None:
    recent = LruMap[str, list[str]](lambda key: [key], max_size=2)
    first = recent["a"]
    recent["b"]
    assert recent["a"] is first
    recent["c"]
    assert (recent.peek("a"), recent.peek("b"), recent.peek("c")) == (first, None, ["c"])


def shown(window: Window, now: float) -> tuple[object, ...]:
    waits = [window.wait(now, amount) for amount in range(1, LIMIT + 1)]
    return window.remaining(now), window.total, window.next_expiry(now), waits
