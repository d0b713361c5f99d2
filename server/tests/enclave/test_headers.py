"""The headers of sealed calls: what is stale, replayed, foreign or malformed is refused before any work."""

from hashlib import sha256
from secrets import token_bytes

import pytest
from eth_keys.backends.native.jacobian import fast_multiply
from eth_keys.constants import SECPK1_G

from fondaco.domain.errors import EngineBusyError
from fondaco.domain.errors.confidential import SealedRequestError
from fondaco.enclave.keyring import EnclaveKeys
from fondaco.enclave.replays import ReplayCache
from hand_clock import UNIX, HandClock
from protocol_clients import ORIGINAL, SECP256K1, X25519, AciClient, OriginalClient

SUITES = pytest.mark.parametrize("algo", [X25519, SECP256K1])
ACI_HEADERS = [
    "x-e2ee-version",
    "x-client-pub-key",
    "x-model-pub-key",
    "x-e2ee-nonce",
    "x-e2ee-timestamp",
]
OFF_THE_CURVE = "04" + "11" * 64
LOW_ORDER = [
    "00" * 32,
    "01" + "00" * 31,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]
"""Public keys of X25519 whose shared secret is zero, whoever agrees. Source: RFC 7748, section 6.1."""


def refused(reason: str) -> "pytest.RaisesExc[SealedRequestError]":
    return pytest.RaisesExc(SealedRequestError, check=lambda error: error.reason == reason)


def original(keys: EnclaveKeys) -> OriginalClient:
    listed = keys.keyset["e2ee_public_keys"]
    return OriginalClient(next(one["public_key"] for one in listed if one["algo"] == ORIGINAL))


@pytest.mark.parametrize("name", ACI_HEADERS)
def test_each_header_of_acis_format_is_required(keys: EnclaveKeys, name: str) -> None:
    client = AciClient(keys.keyset)
    with refused("e2ee_header_missing"):
        keys.opener(client.call(headers={name: ""}), client.model)


@pytest.mark.parametrize("name", ["client-pub-key", "model-pub-key", "signing-algo"])
def test_each_header_of_the_originals_format_is_required(keys: EnclaveKeys, name: str) -> None:
    with refused("e2ee_header_missing"):
        keys.opener(original(keys).call(headers={f"x-venice-tee-{name}": ""}), "m")


@pytest.mark.parametrize("version", ["1", "3", "2.0", " 2", "two", "\uff12"])
def test_one_version_alone_is_spoken(keys: EnclaveKeys, version: str) -> None:
    client = AciClient(keys.keyset)
    with refused("e2ee_invalid_version"):
        keys.opener(client.call(headers={"x-e2ee-version": version}), client.model)


def test_the_original_knows_one_algorithm(keys: EnclaveKeys) -> None:
    with refused("e2ee_invalid_version"):
        keys.opener(original(keys).call(headers={"x-venice-tee-signing-algo": "ed25519"}), "m")


@SUITES
def test_keys_may_begin_with_0x_and_have_capital_digits(keys: EnclaveKeys, algo: str) -> None:
    client = AciClient(keys.keyset, algo)
    changed = {
        "x-client-pub-key": "0x" + client.public.hex().upper(),
        "x-model-pub-key": "0x" + client.model_key.upper(),
    }
    opener = keys.opener(client.call(headers=changed), client.model)
    assert opener.open(client.seal("Ahoy"), "messages.0.content") == "Ahoy"
    assert client.open(opener.sealer("chatcmpl-1").seal("Moin", "choices.0.delta.content")) == (
        "Moin"
    )


def test_a_point_without_its_prefix_is_the_same_key(keys: EnclaveKeys) -> None:
    client = AciClient(keys.keyset, SECP256K1)
    changed = {
        "x-client-pub-key": client.public.hex()[2:],
        "x-model-pub-key": client.model_key[2:],
    }
    opener = keys.opener(client.call(headers=changed), client.model)
    assert client.open(opener.sealer("chatcmpl-1").seal("Moin", "choices.0.delta.content")) == (
        "Moin"
    )


@pytest.mark.parametrize(
    "key",
    ["key", "0x", "0xg0", "ab cd", "ab" * 31, "ab" * 33, "ab" * 5_000_000, "ä" * 64, *LOW_ORDER],
    ids=lambda key: f"{key[:12]} ({len(key)})",
)
def test_a_clients_key_that_is_none_of_x25519_is_refused(keys: EnclaveKeys, key: str) -> None:
    client = AciClient(keys.keyset)
    with refused("e2ee_invalid_public_key"):
        keys.opener(client.call(headers={"x-client-pub-key": key}), client.model)


@pytest.mark.parametrize(
    "key",
    [
        OFF_THE_CURVE,
        OFF_THE_CURVE[2:],
        "00",
        "04" + "00" * 64,
        "04" + "ff" * 64,
        "02" + f"{fast_multiply(SECPK1_G, 7)[0]:064x}",
        "06" + "".join(f"{n:064x}" for n in fast_multiply(SECPK1_G, 7)),
        "ab" * 32,
    ],
    ids=["off the curve", "likewise", "infinity", "zero", "beyond", "short", "hybrid", "x25519"],
)
def test_a_clients_key_that_is_none_of_secp256k1_is_refused(keys: EnclaveKeys, key: str) -> None:
    client = AciClient(keys.keyset, SECP256K1)
    with refused("e2ee_invalid_public_key"):
        keys.opener(client.call(headers={"x-client-pub-key": key}), client.model)
    with refused("e2ee_invalid_public_key"):
        venice = {"x-venice-tee-client-pub-key": key}
        keys.opener(original(keys).call(headers=venice), "m")


@SUITES
def test_a_key_of_the_wrong_curve_is_refused(keys: EnclaveKeys, algo: str) -> None:
    client = AciClient(keys.keyset, algo)
    other = AciClient(keys.keyset, SECP256K1 if algo == X25519 else X25519)
    with refused("e2ee_invalid_public_key"):
        keys.opener(client.call(headers={"x-client-pub-key": other.public.hex()}), client.model)


@SUITES
def test_a_foreign_model_key_is_refused(keys: EnclaveKeys, algo: str) -> None:
    client = AciClient(keys.keyset, algo)
    foreign = {"x-model-pub-key": AciClient(keys.keyset, algo).public.hex()}
    with refused("e2ee_model_key_mismatch"):
        keys.opener(client.call(headers=foreign), client.model)


def test_keys_of_the_other_protocol_and_of_receipts_are_refused(keys: EnclaveKeys) -> None:
    client, venice = AciClient(keys.keyset), original(keys)
    receipt_key = keys.keyset["receipt_signing_keys"][0]["public_key"]
    for key in (venice.signing_key, receipt_key):
        with refused("e2ee_model_key_mismatch"):
            keys.opener(client.call(headers={"x-model-pub-key": key}), client.model)
    other = {"x-venice-tee-model-pub-key": AciClient(keys.keyset, SECP256K1).model_key}
    with refused("e2ee_model_key_mismatch"):
        keys.opener(venice.call(headers=other), "m")


@pytest.mark.parametrize(
    "nonce",
    ["x" * 15, "x" * 129, "ö" * 16, "x" * 15 + "\0", "x" * 15 + "\n", "one two three four"],
)
def test_a_nonce_is_16_to_128_visible_characters(keys: EnclaveKeys, nonce: str) -> None:
    client = AciClient(keys.keyset, nonce=nonce)
    with refused("e2ee_invalid_nonce"):
        keys.opener(client.call(), client.model)


@SUITES
def test_a_nonce_may_commit_to_the_clients_key(keys: EnclaveKeys, algo: str) -> None:
    client = AciClient(keys.keyset, algo)
    client.nonce = f"{token_bytes(16).hex()}.{sha256(client.public).hexdigest()}"
    opener = keys.opener(client.call(), client.model)
    assert opener.open(client.seal("Ahoy"), "messages.0.content") == "Ahoy"


@SUITES
def test_who_swaps_a_committed_clients_key_is_noticed(keys: EnclaveKeys, algo: str) -> None:
    client, relay = AciClient(keys.keyset, algo), AciClient(keys.keyset, algo)
    client.nonce = f"{token_bytes(16).hex()}.{sha256(client.public).hexdigest()}"
    with refused("e2ee_invalid_nonce"):
        keys.opener(client.call(headers={"x-client-pub-key": relay.public.hex()}), client.model)


@pytest.mark.parametrize("away", [-300, -299, 0, 299, 300])
def test_a_timestamp_may_be_five_minutes_off(
    keys: EnclaveKeys, clock: HandClock, away: int
) -> None:
    client = AciClient(keys.keyset, timestamp=int(UNIX) + away)
    keys.opener(client.call(), client.model)


@pytest.mark.parametrize("away", [-1_800_000_000, -301, 301, 10**11])
def test_a_timestamp_further_off_is_refused(keys: EnclaveKeys, away: int) -> None:
    client = AciClient(keys.keyset, timestamp=int(UNIX) + away)
    with refused("e2ee_invalid_timestamp"):
        keys.opener(client.call(), client.model)


def test_fractions_of_a_second_count(keys: EnclaveKeys, clock: HandClock) -> None:
    clock.at = 300.5
    client = AciClient(keys.keyset, timestamp=int(UNIX))
    with refused("e2ee_invalid_timestamp"):
        keys.opener(client.call(), client.model)


@pytest.mark.parametrize(
    "text",
    ["now", "1800000000.0", "+1800000000", "01800000000", "1_800_000_000", "1.8e9", "-1", "\uff11"],
)
def test_a_timestamp_is_written_in_one_way(keys: EnclaveKeys, text: str) -> None:
    client = AciClient(keys.keyset)
    with refused("e2ee_invalid_timestamp"):
        keys.opener(client.call(headers={"x-e2ee-timestamp": text}), client.model)


@pytest.mark.parametrize("model", [None, 7, ["m"], {"m": 1}, "\ud800"])
def test_the_bodys_model_must_be_a_string(keys: EnclaveKeys, model: object) -> None:
    with refused("e2ee_invalid_payload_model"):
        keys.opener(AciClient(keys.keyset).call(), model)
    with refused("e2ee_invalid_payload_model"):
        keys.opener(original(keys).call(), model)


@pytest.mark.parametrize("model", ["", " M\t", "modèle\u0301", '"}', "\0\x1f"])
def test_the_model_is_bound_byte_by_byte(keys: EnclaveKeys, model: str) -> None:
    client = AciClient(keys.keyset, model=model)
    opener = keys.opener(client.call(), model)
    assert opener.open(client.seal("Ahoy"), "messages.0.content") == "Ahoy"


def test_a_request_is_answered_once(keys: EnclaveKeys) -> None:
    client = AciClient(keys.keyset)
    keys.opener(client.call(), client.model)
    with refused("e2ee_replay_detected"):
        keys.opener(client.call(), client.model)
    again = AciClient(keys.keyset, nonce="another nonce".replace(" ", "-") + "-0001")
    keys.opener(again.call(), again.model)


@SUITES
def test_a_replay_under_another_clients_key_or_encoding_is_one(
    keys: EnclaveKeys, algo: str
) -> None:
    client, relay = AciClient(keys.keyset, algo), AciClient(keys.keyset, algo)
    keys.opener(client.call(), client.model)
    for key in (relay.public.hex(), "0x" + client.public.hex(), client.public.hex().upper()):
        with refused("e2ee_replay_detected"):
            keys.opener(client.call(headers={"x-client-pub-key": key}), client.model)


def test_a_replay_is_noticed_for_as_long_as_its_timestamp_is_accepted(
    keys: EnclaveKeys, clock: HandClock
) -> None:
    client = AciClient(keys.keyset, timestamp=int(UNIX) + 300)
    keys.opener(client.call(), client.model)
    for at, reason in [
        (1, "e2ee_replay_detected"),
        (300, "e2ee_replay_detected"),
        (600, "e2ee_replay_detected"),
        (600.5, "e2ee_invalid_timestamp"),
    ]:
        clock.at = at
        with refused(reason):
            keys.opener(client.call(), client.model)


@pytest.mark.parametrize("later", [-299, 1, 299])
def test_a_nonce_serves_once_whatever_the_timestamp(keys: EnclaveKeys, later: int) -> None:
    client = AciClient(keys.keyset)
    keys.opener(client.call(), client.model)
    again = AciClient(keys.keyset, nonce=client.nonce, timestamp=int(UNIX) + later)
    with refused("e2ee_replay_detected"):
        keys.opener(again.call(), again.model)


def test_a_refused_request_is_not_remembered(keys: EnclaveKeys) -> None:
    client = AciClient(keys.keyset)
    with refused("e2ee_invalid_payload_model"):
        keys.opener(client.call(), None)
    keys.opener(client.call(), client.model)


def test_no_refusal_repeats_what_a_header_said(keys: EnclaveKeys) -> None:
    client = AciClient(keys.keyset)
    for name in ACI_HEADERS:
        with pytest.raises(SealedRequestError) as refusal:
            keys.opener(client.call(headers={name: "\x1b[31mcanary"}), client.model)
        assert "canary" not in str(refusal.value)


def test_the_replay_cache_holds_a_bounded_number_and_forgets_none_early() -> None:
    cache = ReplayCache(most=100)
    assert all(cache.is_new(b"key", f"{n}", now=n, until=n + 600) for n in range(100))
    with pytest.raises(EngineBusyError, match="Try again"):
        cache.is_new(b"key", "one more", now=100, until=700)
    assert not any(cache.is_new(b"key", f"{n}", now=600, until=n + 600) for n in range(100))
    assert len(cache) == 100


def test_the_replay_cache_drops_what_is_over() -> None:
    cache = ReplayCache(most=100)
    for n in range(10_000):
        assert cache.is_new(b"key", f"{n}", now=n * 10, until=n * 10 + 600)
    assert len(cache) < 80


def test_the_same_nonce_is_new_for_another_key() -> None:
    cache = ReplayCache()
    assert cache.is_new(b"key", "nonce", now=0, until=600)
    assert cache.is_new(b"another key", "nonce", now=0, until=600)
