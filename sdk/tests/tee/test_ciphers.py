"""Fields, encrypted and decrypted: against an implementation of its own, and with keys that are none."""

import pytest
from hypothesis import given, strategies as st

from sealed_service import protocol
from venice_ai.tee._crypto.keccak import address, keccak256
from venice_ai.tee._crypto.suites import ORIGINAL, SECP256K1, X25519, Suite

SUITES = [X25519, SECP256K1, ORIGINAL]
TEXT = "Grüße"
INFINITY = "00"
OFF_THE_CURVE = "04" + "ab" * 64


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.algo)
@pytest.mark.parametrize("bound_to", [None, b"here"])
def test_both_sides_understand_each_other(suite: Suite, bound_to: bytes | None) -> None:
    theirs = protocol.new_key(suite.algo)
    sealed = suite.seal(TEXT.encode(), protocol.public_of(theirs), bound_to)
    assert protocol.decrypt(suite.algo, sealed, theirs, bound_to) == TEXT
    mine = suite.key()
    field = protocol.encrypt(suite.algo, TEXT, mine.public, bound_to)
    assert suite.open(field, mine, bound_to).decode() == TEXT


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.algo)
def test_no_two_fields_have_a_key_or_a_nonce_in_common(suite: Suite) -> None:
    recipient = suite.key().public
    fields = {suite.seal(b"same", recipient, None) for _ in range(20)}
    assert len({field[: 2 * suite.public_bytes] for field in fields}) == 20
    start = 2 * suite.public_bytes
    assert len({field[start : start + 24] for field in fields}) == 20


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.algo)
@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_no_byte_of_a_field_can_be_changed(suite: Suite, at: int, bit: int) -> None:
    key = suite.key()
    raw = bytearray.fromhex(suite.seal(TEXT.encode(), key.public, b"here"))
    raw[at % len(raw)] ^= 1 << bit
    try:
        opened = suite.open(raw.hex(), key, b"here")
    except ValueError:
        return
    # The top bit of a point on Curve25519 does not count. Source: RFC 7748, section 5.
    assert (suite.algo, at % len(raw), bit) == (X25519.algo, 31, 7)
    assert opened.decode() == TEXT


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.algo)
@pytest.mark.parametrize("field", ["", "zz", "0", "00" * 40, " " * 200, "00" * 200, "Hello"])
def test_what_is_no_field_is_refused(suite: Suite, field: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        suite.open(field, suite.key(), None)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.algo)
def test_a_field_for_another_place_is_refused(suite: Suite) -> None:
    key = suite.key()
    field = suite.seal(b"a", key.public, b"here")
    for bound_to in (b"there", None):
        with pytest.raises(ValueError, match="moved"):
            suite.open(field, key, bound_to)


@pytest.mark.parametrize(
    "key", [INFINITY, OFF_THE_CURVE, "02" + "ff" * 32, "04", "ab" * 64, "", "?"]
)
def test_points_that_are_none_are_refused(key: str) -> None:
    for suite in (SECP256K1, ORIGINAL):
        with pytest.raises(ValueError, match=r"."):
            suite.public_key(key)


def test_a_point_without_a_secret_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        X25519.seal(b"a", bytes(32), None)


def test_keys_are_read_in_each_of_their_forms() -> None:
    public = SECP256K1.key().public
    assert SECP256K1.public_key(public.hex()) == public
    assert SECP256K1.public_key("0x" + public.hex().upper()) == public
    assert SECP256K1.public_key(public[1:].hex()) == public


@given(st.binary(max_size=300))
def test_addresses_are_hashed_as_ethereum_does(content: bytes) -> None:
    from eth_utils.crypto import keccak  # noqa: PLC0415 - another implementation, of this test alone

    assert keccak256(content) == keccak(content)


def test_the_address_of_the_generator_is_the_known_one() -> None:
    generator = bytes.fromhex(
        "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
    )
    assert address(generator) == "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
