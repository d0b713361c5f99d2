"""Signatures on both curves, against other libraries and published values."""

from hashlib import sha256
from secrets import token_bytes

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, derive_private_key
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_keys.datatypes import PrivateKey
from hypothesis import given, settings, strategies as st

from fondaco.enclave.identity_key import IdentityKey, statement
from fondaco.enclave.primitives.recovery import Signature
from fondaco.enclave.primitives.signatures import (
    address_of,
    receipt_verifies,
    shown,
    sign_message,
    signer_of_message,
    verifies,
)

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
PAYLOAD = b"a payload"


def compact(private: PrivateKey, payload: bytes) -> bytes:
    """Return r, s and v as eth-keys makes them."""
    return private.sign_msg_hash(sha256(payload).digest()).to_bytes()


@given(st.integers(1, ORDER - 1), st.text(st.characters(codec="utf-8")))
@settings(max_examples=20, deadline=None)
def test_a_wallet_recovers_who_signed_a_message(number: int, text: str) -> None:
    signature = sign_message(derive_private_key(number, SECP256K1()), text)
    wallet = Account.from_key(number.to_bytes(32, "big"))
    assert Account.recover_message(encode_defunct(text=text), signature=signature) == wallet.address
    signer = signer_of_message(text, signature)
    assert signer is not None
    assert shown(address_of(signer)) == wallet.address


def test_a_message_that_a_wallet_signed_is_recovered() -> None:
    wallet = Account.from_key(b"\7" * 32)
    signature = wallet.sign_message(encode_defunct(text="Ahoy")).signature.hex()
    signer = signer_of_message("Ahoy", signature)
    assert signer is not None
    assert shown(address_of(signer)) == wallet.address
    assert signer_of_message("ahoy", signature) != signer


@pytest.mark.parametrize(
    "signature",
    ["", "0x", "zz", "00" * 65, "ff" * 65, "01" * 64, "01" * 66, "00" * 32 + "01" * 33],
)
def test_what_is_no_signature_has_no_signer(signature: str) -> None:
    assert signer_of_message("Ahoy", signature) is None


def test_all_four_recovery_numbers_are_tried_by_their_meaning() -> None:
    private = PrivateKey(token_bytes(32))
    digest = sha256(PAYLOAD).digest()
    made = private.sign_msg_hash(digest)
    signature = Signature(made.r, made.s)
    public = b"\4" + private.public_key.to_bytes()
    assert signature.recovery(digest, public) == made.v
    found = [signature.signer(digest, number) for number in range(4)]
    assert found.index(public) == made.v
    high = Signature(made.r, ORDER - made.s)
    assert high.low == signature == signature.low
    assert high.recovery(digest, public) == made.v ^ 1


def test_a_key_that_did_not_sign_recovers_nothing() -> None:
    digest = sha256(PAYLOAD).digest()
    signature = Signature(int.from_bytes(digest, "big"), 1)
    foreign = b"\4" + PrivateKey(token_bytes(32)).public_key.to_bytes()
    assert signature.signer(digest, signature.recovery(digest, foreign) % 4) != foreign


def test_the_identity_keys_signature_is_checked() -> None:
    identity = IdentityKey.generated()
    public = str(identity.public["public_key"])
    signed = identity.endorse("sha256:00")
    value, payload = str(signed["value"]), statement("aci.keyset.endorsement.v1", "sha256:00")
    assert verifies("ed25519", public, value, payload)
    assert verifies("ed25519", "0x" + public.upper(), value.upper(), payload)
    revocation = statement("aci.keyset.revocation.v1", "sha256:00")
    for changed in [
        ("ed25519", public, value, revocation),
        ("ed25519", public, value[:-2], payload),
        ("ed25519", public[:-2], value, payload),
        ("ed25519", public, "zz" * 64, payload),
        ("ed25519", "key", value, payload),
        ("ecdsa-secp256k1", public, value, payload),
        ("rsa", public, value, payload),
    ]:
        assert not verifies(*changed)


def test_an_identity_key_may_be_of_secp256k1() -> None:
    private = PrivateKey(token_bytes(32))
    public, signature = "04" + private.public_key.to_bytes().hex(), compact(private, PAYLOAD)
    assert verifies("ecdsa-secp256k1", public, signature[:64].hex(), PAYLOAD)
    assert not verifies("ecdsa-secp256k1", public, signature.hex(), PAYLOAD)
    assert not verifies("ecdsa-secp256k1", public, signature[:64].hex(), PAYLOAD + b"!")
    assert not verifies("ecdsa-secp256k1", public, "00" * 64, PAYLOAD)


def test_a_receipts_signature_on_secp256k1_is_recoverable() -> None:
    private = PrivateKey(token_bytes(32))
    public, signature = "04" + private.public_key.to_bytes().hex(), compact(private, PAYLOAD)
    algo = "ecdsa-secp256k1"
    assert receipt_verifies(algo, public, signature.hex(), PAYLOAD)
    legacy = signature[:64] + bytes([signature[64] + 27])
    assert receipt_verifies(algo, public, legacy.hex(), PAYLOAD)
    foreign = "04" + PrivateKey(token_bytes(32)).public_key.to_bytes().hex()
    other = signature[:64] + bytes([signature[64] ^ 1])
    for key, value, payload in [
        (public, signature[:64].hex(), PAYLOAD),
        (public, other.hex(), PAYLOAD),
        (public, (signature[:64] + b"\4").hex(), PAYLOAD),
        (public, (signature[:64] + b"\x1f").hex(), PAYLOAD),
        (public, signature.hex(), PAYLOAD + b"!"),
        (foreign, signature.hex(), PAYLOAD),
        ("04" + "11" * 64, signature.hex(), PAYLOAD),
        (public, "signature", PAYLOAD),
    ]:
        assert not receipt_verifies(algo, key, value, payload)


def test_a_receipts_signature_by_ed25519_is_checked() -> None:
    identity = IdentityKey.generated()
    value = str(identity.endorse("sha256:00")["value"])
    payload = statement("aci.keyset.endorsement.v1", "sha256:00")
    public = str(identity.public["public_key"])
    assert receipt_verifies("ed25519", public, value, payload)
    assert not receipt_verifies("ed25519", public, value, payload + b"!")
