"""The charge log's file: records, torn ends, damage, and writes that the system refuses."""

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from fondaco.domain.money.usage import Usage
from fondaco.stores.charge_log import segments
from fondaco.stores.charge_log.log import ChargeLog
from fondaco.stores.charge_log.record import LoggedCharge, encode, scan

int64 = st.integers(-(2**63), 2**63 - 1)
natural = st.integers(0, 2**63 - 1)
ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@st.composite
def charges(draw: st.DrawFn) -> LoggedCharge:
    """Draw the charges of a call, as a hold settles them."""
    call_id, key_id, usage = (
        draw(ids),
        draw(st.none() | ids),
        Usage(*[draw(int64) for _ in range(4)]),
    )
    account_id, at_ms, execution_ms, epoch = (
        draw(int64),
        draw(st.integers(0, 2**41)),
        draw(int64),
        draw(int64),
    )
    notes = draw(texts)
    entries = [
        Entry(
            account_id=account_id,
            kind=EntryKind.CHARGE,
            currency=draw(st.sampled_from(Currency)),
            amount=-draw(natural),
            at=at_ms / 1000,
            call_id=call_id,
            key_id=key_id,
            sku=draw(texts),
            units=draw(natural),
            unit_price=draw(natural),
            usage=usage,
            execution_ms=execution_ms,
            epoch=epoch,
            notes=notes,
        )
        for _ in range(draw(st.integers(1, 4)))
    ]
    return LoggedCharge(call_id, entries, draw(st.booleans()))


def record(charge: LoggedCharge) -> bytes:
    encoded = encode(charge.entries, charge.call_id if charge.closes else None)
    assert encoded is not None
    return encoded


def call(number: int, **fields: object) -> LoggedCharge:
    usual: dict[str, object] = {
        "account_id": 4,
        "kind": EntryKind.CHARGE,
        "currency": Currency.USD,
        "amount": -5,
        "at": 1.5,
        "call_id": f"{number:032x}",
        "key_id": "5" * 32,
        "sku": "toy-llm-output-mtoken",
        "units": 7,
        "unit_price": 9,
        "usage": Usage(1, 0, 7, 0),
        "epoch": 20_000,
    }
    return LoggedCharge(f"{number:032x}", [Entry(**{**usual, **fields})], closes=False)  # type: ignore[arg-type]


@given(st.lists(charges(), max_size=5))
def test_what_is_encoded_is_read_again(written: list[LoggedCharge]) -> None:
    found = scan(b"".join(map(record, written)))
    assert (list(found.charges), found.torn_bytes, found.gaps) == (written, 0, 0)


@given(charges(), charges())
def test_a_write_that_was_cut_off_at_any_byte_loses_only_itself(
    whole: LoggedCharge, torn: LoggedCharge
) -> None:
    first, second = record(whole), record(torn)
    for cut in range(len(second)):
        found = scan(first + second[:cut])
        assert (list(found.charges), found.torn_bytes, found.gaps) == ([whole], cut, 0)


@given(st.data())
def test_a_byte_that_changed_loses_one_record_and_is_noticed(data: st.DataObject) -> None:
    written = [call(1), call(2), call(3)]
    content = bytearray(b"".join(map(record, written)))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    found = scan(bytes(content))
    lost = at // len(record(written[0]))
    assert list(found.charges) == [one for number, one in enumerate(written) if number != lost]
    assert found.gaps + bool(found.torn_bytes) == 1
    assert found.gaps or lost == 2


@given(st.integers(0, 2), st.data())
def test_a_record_that_is_all_there_and_wrong_is_damage_and_not_a_write_that_was_cut_off(
    lost: int, data: st.DataObject
) -> None:
    written = [record(call(number)) for number in (1, 2, 3)]
    changed = bytearray(written[lost])
    changed[data.draw(st.integers(8, len(changed) - 1))] ^= 1  # behind the marker and the length
    written[lost] = bytes(changed)
    found = scan(b"".join(written))
    assert (len(found.charges), found.torn_bytes, found.gaps) == (2, 0, 1)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_record_are_none(content: bytes) -> None:
    found = scan(content)
    assert (list(found.charges), found.torn_bytes) == ([], len(content))


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": EntryKind.GRANT, "amount": 1},
        {"kind": EntryKind.EXPIRY},
        {"amount": 1},
        {"amount": -(2**63) - 1},
        {"amount": -0.5},
        {"amount": None},
        {"units": -1},
        {"units": 2**63},
        {"unit_price": -1},
        {"currency": "EUR"},
        {"call_id": None},
        {"call_id": "ab"},
        {"call_id": "no id"},
        {"key_id": "no id"},
        {"usage": None},
        {"usage": Usage(output_tokens=2**64)},
        {"epoch": None},
        {"at": float("nan")},
        {"at": float("inf")},
        {"notes": "\ud800"},
        {"notes": "x" * 70_000},
        {"sku": "\udfff"},
    ],
    ids=str,
)
def test_charges_that_a_row_or_record_cannot_have_are_not_logged(fields: dict[str, object]) -> None:
    assert encode(call(1, **fields).entries, None) is None


def test_entries_of_two_calls_are_no_record() -> None:
    assert encode([*call(1).entries, *call(2).entries], None) is None
    assert encode(call(1).entries, f"{2:032x}") is None
    assert encode([], None) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = segments.folder_of(tmp_path / "fondaco.sqlite3")
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def log(folder: Path) -> ChargeLog:
    lock = segments.locked(folder)
    assert lock is not None
    return ChargeLog(folder, lock, full_bytes=400)


def test_only_the_owner_can_read_a_segment(folder: Path, log: ChargeLog) -> None:
    log.append(record(call(1)))
    [segment] = segments.segments(folder)
    assert stat.S_IMODE(segment.stat().st_mode) == 0o600


def test_a_full_segment_is_followed_by_another(folder: Path, log: ChargeLog) -> None:
    full = [log.append(record(call(number))) for number in range(1, 8)]
    done = [path for path in full if path]
    assert len(done) >= 2
    read = [
        one.call_id for path in segments.segments(folder) for one in segments.read(path).charges
    ]
    assert read == [f"{number:032x}" for number in range(1, 8)]
    assert done == list(segments.segments(folder))[: len(done)]


def test_one_process_appends(folder: Path, log: ChargeLog) -> None:
    assert segments.locked(folder) is None
    log.append(record(call(1)))
    log.close(delete=False)
    lock = segments.locked(folder)
    assert lock is not None
    os.close(lock)


def test_a_closed_log_that_is_entered_leaves_nothing(folder: Path, log: ChargeLog) -> None:
    log.append(record(call(1)))
    log.close(delete=True)
    assert not folder.exists()


def test_a_write_that_the_disk_takes_a_part_of_is_taken_back(folder: Path, log: ChargeLog) -> None:
    log.append(record(call(1)))
    size = len(record(call(1)))
    with files_of_at_most(size + 10), pytest.raises(OSError, match=r"No space|too large"):
        log.append(record(call(2)))
    [segment] = segments.segments(folder)
    assert segment.stat().st_size == size
    log.append(record(call(3)))
    assert [one.call_id for one in segments.read(segment).charges] == [f"{n:032x}" for n in (1, 3)]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size; Python ignores the signal that comes with it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_part_that_cannot_be_taken_back_ends_the_log(
    folder: Path, log: ChargeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(record(call(1)))

    def refuse(descriptor: int, size: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched, files_of_at_most(len(record(call(1))) + 10):
        patched.setattr(os, "ftruncate", refuse)
        with pytest.raises(OSError, match=r"No space|too large"):
            log.append(record(call(2)))
    with pytest.raises(OSError, match="Input/output"):
        log.append(record(call(3)))
    [segment] = segments.segments(folder)
    assert [one.call_id for one in segments.read(segment).charges] == [f"{1:032x}"]
    assert segments.read(segment).torn_bytes == 10
