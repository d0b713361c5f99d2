"""Signatures: Ed25519 and ECDSA on secp256k1, made and checked; Ethereum's addresses and messages."""

from hashlib import sha256
from typing import Final

from Crypto.Hash import keccak
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256K1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fondaco.enclave.primitives.hexadecimal import from_hex, key_from_hex
from fondaco.enclave.primitives.recovery import Signature

ED25519: Final = "ed25519"
ECDSA_SECP256K1: Final = "ecdsa-secp256k1"
_COMPACT_BYTES: Final = 64
_RECOVERABLE_BYTES: Final = 65
_ETHEREUM_RECOVERY: Final = 27


def verifies(algo: str, public_key: str, value: str, payload: bytes) -> bool:
    """Return whether an identity key signed a payload.

    Args:
        algo: `ed25519`, or `ecdsa-secp256k1` with 64 bytes of `r` and `s` over the payload's SHA-256.
        public_key: the key, in hexadecimal.
        value: the signature, likewise.
        payload: what was signed.

    Source: ACI, section 4.3.
    """
    key, signature = key_from_hex(public_key), from_hex(value)
    if key is None or signature is None or len(signature) != _COMPACT_BYTES:
        return False
    try:
        if algo == ED25519:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, payload)
        elif algo == ECDSA_SECP256K1:
            _point(key).verify(_der(signature), payload, ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def receipt_verifies(algo: str, public_key: str, value: str, payload: bytes) -> bool:
    """Return whether a receipt key signed a payload.

    As `verifies`, but for `ecdsa-secp256k1`: there the signature has 65 bytes, the last one says which
    key made it.

    Source: ACI, section 8.5.
    """
    if algo != ECDSA_SECP256K1:
        return verifies(algo, public_key, value, payload)
    key, signature = key_from_hex(public_key), from_hex(value)
    if key is None or signature is None:
        return False
    made_by = _signer(signature, sha256(payload).digest())
    try:
        return made_by == _point(key).public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    except ValueError:
        return False


def keccak_256(content: bytes) -> bytes:
    """Return the hash that Ethereum uses, which is older than SHA-3 and differs from it.

    >>> keccak_256(b"").hex()
    'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
    """
    return keccak.new(digest_bits=256, data=content).digest()


def address_of(public_key: bytes) -> bytes:
    """Return the address of an uncompressed public key: the last 20 bytes of its coordinates' hash."""
    return keccak_256(public_key[1:])[-20:]


def shown(address: bytes) -> str:
    """Return an address as text, whose capitals are a checksum.

    >>> shown(bytes.fromhex("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"))
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'

    Source: EIP-55.
    """
    digits = address.hex()
    checksum = keccak_256(digits.encode()).hex()
    capital = (
        digit.upper() if int(check, 16) > 7 else digit  # noqa: PLR2004 - the upper half, as EIP-55 says
        for digit, check in zip(digits, checksum, strict=False)
    )
    return "0x" + "".join(capital)


def sign_message(private: EllipticCurvePrivateKey, text: str) -> str:
    """Return a wallet's signature of a text: `0x` and 65 bytes, recoverable, in hexadecimal.

    Source: EIP-191, version `E`: what `personal_sign` makes and `verifyMessage` checks.
    """
    hashed = _hash_of_message(text)
    public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    der = private.sign(hashed, ECDSA(Prehashed(SHA256()), deterministic_signing=True))
    signature = Signature(*decode_dss_signature(der)).low
    recovery = signature.recovery(hashed, public) + _ETHEREUM_RECOVERY
    return f"0x{signature.compact.hex()}{recovery:02x}"


def signer_of_message(text: str, signature: str) -> bytes | None:
    """Return the uncompressed public key that signed a text as wallets do; None if there is none."""
    value = key_from_hex(signature)
    return None if value is None else _signer(value, _hash_of_message(text))


def _hash_of_message(text: str) -> bytes:
    message = text.encode()
    return keccak_256(b"\x19Ethereum Signed Message:\n%d%b" % (len(message), message))


def _signer(recoverable: bytes, digest: bytes) -> bytes | None:
    """Return the uncompressed public key that made a signature of 65 bytes; None: there is none."""
    if len(recoverable) != _RECOVERABLE_BYTES:
        return None
    last = recoverable[-1]
    recovery = last - _ETHEREUM_RECOVERY if last >= _ETHEREUM_RECOVERY else last
    return _parts(recoverable).signer(digest, recovery) if recovery in range(4) else None


def _parts(signature: bytes) -> Signature:
    r, s = signature[:32], signature[32:_COMPACT_BYTES]
    return Signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def _der(signature: bytes) -> bytes:
    parts = _parts(signature)
    return encode_dss_signature(parts.r, parts.s)


def _point(key: bytes) -> EllipticCurvePublicKey:
    return EllipticCurvePublicKey.from_encoded_point(SECP256K1(), key)
