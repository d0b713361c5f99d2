"""Fields that clients of both protocols encrypt, by their texts alone, and what is answered to them."""

import re

import pytest
from hypothesis import given, settings, strategies as st

from fondaco.domain.errors.confidential import SealedRequestError
from fondaco.enclave.evidence.software import SoftwareEvidence
from fondaco.enclave.identity_key import IdentityKey
from fondaco.enclave.keyring import EnclaveKeys
from hand_clock import HandClock
from protocol_clients import ORIGINAL, SECP256K1, X25519, AciClient, OriginalClient

KEYS = EnclaveKeys(IdentityKey.generated(), HandClock(), 3600, SoftwareEvidence())
SUITES = pytest.mark.parametrize("algo", [X25519, SECP256K1])


def refused(reason: str) -> "pytest.RaisesExc[SealedRequestError]":
    return pytest.RaisesExc(SealedRequestError, check=lambda error: error.reason == reason)


def original(keys: EnclaveKeys) -> OriginalClient:
    listed = keys.keyset["e2ee_public_keys"]
    return OriginalClient(next(one["public_key"] for one in listed if one["algo"] == ORIGINAL))


@SUITES
def test_a_request_in_acis_format_opens_and_its_response_is_readable(
    keys: EnclaveKeys, algo: str
) -> None:
    client = AciClient(keys.keyset, algo)
    opener = keys.opener(client.call(), client.model)
    assert opener.open(client.seal("Ahoy, Grüße 🌊"), "messages.0.content") == "Ahoy, Grüße 🌊"
    assert opener.open(client.seal("", "messages.1.content"), "messages.1.content") == ""
    sealer = opener.sealer("chatcmpl-1")
    assert client.open(sealer.seal("Moin", "choices.0.delta.content")) == "Moin"
    assert sealer.headers == {
        "x-e2ee-applied": "true",
        "x-e2ee-version": "2",
        "x-e2ee-algo": algo,
    }


def test_a_request_in_the_originals_format_opens_and_its_response_is_readable(
    keys: EnclaveKeys,
) -> None:
    client = original(keys)
    opener = keys.opener(client.call(), "e2ee-llama")
    assert opener.open(client.seal("Ahoy"), "messages.0.content") == "Ahoy"
    sealer = opener.sealer("chatcmpl-1")
    assert client.open(sealer.seal("Moin", "choices.0.delta.content")) == "Moin"
    assert sealer.headers == {"x-venice-tee": "true"}


@SUITES
def test_every_field_of_a_response_has_its_own_ephemeral_key_and_nonce(
    keys: EnclaveKeys, algo: str
) -> None:
    client = AciClient(keys.keyset, algo)
    sealer = keys.opener(client.call(), client.model).sealer("chatcmpl-1")
    packets = [sealer.seal("same", "choices.0.delta.content") for _ in range(8)]
    length = 2 * (32 if algo == X25519 else 65)
    assert len({packet[:length] for packet in packets}) == 8
    assert len({packet[length : length + 24] for packet in packets}) == 8
    assert all(re.fullmatch("[0-9a-f]+", packet) for packet in packets)


@SUITES
@pytest.mark.parametrize("path", ["messages.1.content", "messages.0.content.0.text", "", "x" * 999])
def test_a_ciphertext_opens_in_its_own_place_alone(keys: EnclaveKeys, algo: str, path: str) -> None:
    client = AciClient(keys.keyset, algo)
    opener = keys.opener(client.call(), client.model)
    with refused("e2ee_decryption_failed"):
        opener.open(client.seal("Ahoy"), path)


@pytest.mark.parametrize(
    "other",
    [
        {"model": "e2ee-Llama"},
        {"nonce": "0" * 32},
        {"timestamp": 1_800_000_001},
        {"algo": SECP256K1},
    ],
)
def test_a_ciphertext_opens_in_its_own_request_alone(
    keys: EnclaveKeys, other: dict[str, str]
) -> None:
    client = AciClient(keys.keyset)
    opener = keys.opener(client.call(), client.model)
    foreign = AciClient(keys.keyset, **{"nonce": client.nonce} | other)  # type: ignore[arg-type]
    with refused("e2ee_decryption_failed"):
        opener.open(foreign.seal("Ahoy"), "messages.0.content")


@SUITES
def test_a_field_of_a_response_is_bound_to_its_choice_and_response(
    keys: EnclaveKeys, algo: str
) -> None:
    client = AciClient(keys.keyset, algo)
    sealer = keys.opener(client.call(), client.model).sealer("chatcmpl-1")
    packet = sealer.seal("Moin", "choices.0.delta.content")
    for path, id_ in [
        ("choices.1.delta.content", "chatcmpl-1"),
        ("choices.0.delta.reasoning_content", "chatcmpl-1"),
        ("choices.0.delta.content", "chatcmpl-2"),
    ]:
        with pytest.raises(ValueError, match="MAC check failed"):
            client.open(packet, path, id_)


@SUITES
def test_a_response_does_not_pass_for_a_request(keys: EnclaveKeys, algo: str) -> None:
    client = AciClient(keys.keyset, algo)
    opener = keys.opener(client.call(), client.model)
    packet = opener.sealer("chatcmpl-1").seal("Moin", "messages.0.content")
    with refused("e2ee_decryption_failed"):
        opener.open(packet, "messages.0.content")


@SUITES
def test_any_changed_bit_is_noticed(keys: EnclaveKeys, algo: str) -> None:
    client = AciClient(keys.keyset, algo)
    opener = keys.opener(client.call(), client.model)
    packet = bytes.fromhex(client.seal("Ahoy"))
    for place in range(0, len(packet), 3):
        changed = bytearray(packet)
        changed[place] ^= 0x40
        with refused("e2ee_decryption_failed"):
            opener.open(changed.hex(), "messages.0.content")


def hostile(packet: str, length: int) -> dict[str, str]:
    rest = packet[2 * length :]
    off_the_curve = "04" + "11" * 64
    return {
        "nothing": "",
        "plain text": "Tell me a story.",
        "no hexadecimal": "g" * 200,
        "half a byte": packet + "0",
        "blanks between": packet[:10] + " " + packet[10:],
        "a prefix": "0x" + packet,
        "full-width digits": "\uff10" * len(packet),
        "a line's end": packet + "\n",
        "too short for a tag": packet[: 2 * (length + 12 + 15)],
        "a key alone": packet[: 2 * length],
        "cut off": packet[:-2],
        "longer": packet + "00",
        "off the curve": off_the_curve[: 2 * length] + rest,
        "zeros": "00" * length + rest,
        "one": "01" + "00" * (length - 1) + rest,
        "all ones": "ff" * length + rest,
        "the point at infinity": "00" + packet[2 * length - 2 :],
        "a compressed key": "02" + packet[2:66] + rest,
        "a hybrid key": "06" + packet[2 : 2 * length] + rest,
        "beyond the field": "04" + "ff" * (length - 1) + rest,
    }


@SUITES
@pytest.mark.parametrize("case", hostile("00" * 200, 32))
def test_what_is_no_ciphertext_is_refused(keys: EnclaveKeys, algo: str, case: str) -> None:
    client = AciClient(keys.keyset, algo)
    opener = keys.opener(client.call(), client.model)
    packet = hostile(client.seal("Ahoy"), 32 if algo == X25519 else 65)[case]
    with refused("e2ee_decryption_failed"):
        opener.open(packet, "messages.0.content")


@pytest.mark.parametrize("case", hostile("00" * 200, 65))
def test_what_is_no_ciphertext_of_the_originals_format_is_refused(
    keys: EnclaveKeys, case: str
) -> None:
    client = original(keys)
    opener = keys.opener(client.call(), "e2ee-llama")
    with refused("e2ee_decryption_failed"):
        opener.open(hostile(client.seal("Ahoy"), 65)[case], "messages.0.content")


def test_a_ciphertext_may_have_capital_digits(keys: EnclaveKeys) -> None:
    client = AciClient(keys.keyset)
    opener = keys.opener(client.call(), client.model)
    assert opener.open(client.seal("Ahoy").upper(), "messages.0.content") == "Ahoy"


@given(st.text(st.characters(codec="utf-8")))
@settings(max_examples=30, deadline=None)
def test_every_text_survives_both_ways(text: str) -> None:
    client = AciClient(KEYS.keyset)
    opener = KEYS.opener(client.call(), client.model)
    assert opener.open(client.seal(text), "messages.0.content") == text
    sealed = opener.sealer("chatcmpl-1").seal(text, "choices.0.delta.content")
    assert client.open(sealed) == text


def test_bytes_that_are_no_text_are_refused_and_in_no_exception(keys: EnclaveKeys) -> None:
    client = AciClient(keys.keyset)
    opener = keys.opener(client.call(), client.model)
    secret = b"canary \xff\xfe"
    with pytest.raises(SealedRequestError) as refusal:
        opener.open(client.seal(secret), "messages.0.content")
    chain: BaseException | None = refusal.value
    while chain is not None:
        assert "canary" not in repr(chain)
        chain = chain.__cause__ or chain.__context__


@SUITES
def test_nothing_shows_a_secret(keys: EnclaveKeys, algo: str) -> None:
    client = AciClient(keys.keyset, algo)
    opener = keys.opener(client.call(body=b"canary"), client.model)
    epoch = opener.epoch
    shown = repr([keys, opener, opener.sealer("chatcmpl-1"), epoch, epoch.receipts, epoch.x25519])
    private = epoch.x25519.private.private_bytes_raw().hex()
    number = f"{epoch.original.private.private_numbers().private_value:064x}"
    for secret in ("canary", private, number, "PrivateKey"):
        assert secret not in shown
