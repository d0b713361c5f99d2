"""Limits and ends of keys: whatever is written is read exactly, and shown so that it reads back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from json import loads

import orjson
import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from fondaco.domain.money.account import ConsumptionLimit, Key, KeyType
from fondaco.domain.money.money import LARGEST, NANO, Funds
from fondaco.http.apis.venice.keys.schemas import KeyChangeRequest, NewKeyRequest
from fondaco.http.apis.venice.keys.writer import key_entry
from fondaco.http.endpoint.strict_json import parse_exactly
from fondaco.http.endpoint.timestamps import timestamp, unix_seconds
from fondaco.ports import KeyReport
from fondaco.serving.access.api_keys import Change

KEY = Key("ab" * 16, 4, KeyType.ADMIN, "tests", "abcdef", created_at=0.0)
LIMITS = ("usd", "diem", "vcu")

amounts = st.integers(0, LARGEST)
maybe_amounts = st.none() | amounts
numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-1, max_value=2 * 10**9)
decimals = amounts.map(lambda nano: Decimal(nano).scaleb(-9))
times = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9999, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def asked(limit: str) -> NewKeyRequest:
    text = f'{{"apiKeyType":"ADMIN","description":"a","consumptionLimit":{limit}}}'
    return NewKeyRequest.model_validate(parse_exactly(text.encode()))


@given(limits=st.tuples(maybe_amounts, maybe_amounts, maybe_amounts))
def test_a_limit_reads_back_as_it_was_kept(limits: tuple[int | None, ...]) -> None:
    kept = ConsumptionLimit(*limits)
    entry = key_entry(KeyReport(replace(KEY, limit=kept), Funds()))
    shown = loads(orjson.dumps(entry), parse_float=Decimal)["consumptionLimits"]
    assert tuple(shown) == LIMITS
    assert [None if v is None else Decimal(v) * NANO for v in shown.values()] == list(limits)
    written = orjson.dumps(entry["consumptionLimits"]).decode()
    again = asked(written).consumptionLimit
    assert again is not None
    assert again.domain == kept


@given(number=numbers | decimals)
def test_a_number_is_kept_exactly_or_refused(number: Decimal) -> None:
    fits = 0 <= number <= LARGEST // NANO and Decimal(number).normalize().as_tuple().exponent >= -9  # type: ignore[operator]  # the number is finite
    try:
        read = asked(f'{{"usd":{number:f}}}').consumptionLimit
    except ValidationError:
        assert not fits
    else:
        assert fits
        assert read is not None
        assert read.usd is not None
        assert Decimal(read.usd).scaleb(-9) == number


@given(text=st.text(alphabet="0123456789-:TZ. +", max_size=26) | times.map(lambda t: f"{t:%F}"))
def test_a_text_is_a_time_that_reads_back_or_is_refused(text: str) -> None:
    try:
        read = unix_seconds(text)
    except ValueError:
        return
    assert timestamp(read).startswith(text.removesuffix("Z"))
    assert unix_seconds(timestamp(read)) == read


@given(at=times)
def test_a_time_is_kept_to_the_millisecond(at: datetime) -> None:
    milliseconds = timedelta(milliseconds=at.microsecond // 1000)
    exact = at.replace(microsecond=0) + milliseconds
    text = exact.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert timestamp(unix_seconds(text)) == text


@given(
    before=st.builds(ConsumptionLimit, maybe_amounts, maybe_amounts, maybe_amounts),
    named=st.dictionaries(st.sampled_from(LIMITS), maybe_amounts),
)
def test_a_change_of_limits_is_of_the_named_ones(
    before: ConsumptionLimit, named: dict[str, int | None]
) -> None:
    written = {name: None if v is None else Decimal(v).scaleb(-9) for name, v in named.items()}
    request = KeyChangeRequest.model_validate({"id": KEY.id, "consumptionLimit": written})
    after = request.change.of(replace(KEY, limit=before)).limit
    assert after == replace(before, **named)


def test_a_request_that_names_nothing_changes_nothing() -> None:
    assert KeyChangeRequest.model_validate({"id": KEY.id}).change == Change()
    assert Change().of(KEY) == KEY


@pytest.mark.parametrize("value", [True, "1", 0.5, [], {}])
def test_an_amount_is_an_exact_number(value: object) -> None:
    with pytest.raises(ValidationError):
        KeyChangeRequest.model_validate({"id": KEY.id, "consumptionLimit": {"usd": value}})
