"""Signatures of identity keys and receipt keys."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from venice_ai.tee._crypto.hexadecimal import unhex
from venice_ai.tee._crypto.suites import secp256k1_point, uncompressed
from venice_ai.tee.types import ModelKey

_RECOVERY_IDS = {0, 1, 2, 3, 27, 28, 29, 30}


def is_signed(key: ModelKey, signature: str, content: bytes, *, recoverable: bool = False) -> bool:
    """Whether a key signed this content; False for anything malformed, too.

    Args:
        key: Its algorithm decides, never the signature's own claim.
        signature: In hexadecimal.
        content: The bytes that are signed.
        recoverable: Whether an ECDSA signature has its recovery id, as those of receipts do.

    Source:
        ACI, sections 4.3 and 8.5.
    """
    try:
        raw, public = unhex(signature), unhex(key.public_key)
        match key.algo:
            case "ed25519":
                ed25519.Ed25519PublicKey.from_public_bytes(public).verify(raw, content)
            case "ecdsa-secp256k1":
                _verify_ecdsa(public, raw, content, recoverable=recoverable)
            case _:
                return False
    except (InvalidSignature, ValueError):
        return False
    return True


def _verify_ecdsa(public: bytes, raw: bytes, content: bytes, *, recoverable: bool) -> None:
    if len(raw) != 64 + recoverable or (recoverable and raw[64] not in _RECOVERY_IDS):
        raise ValueError("It has not the length or the recovery id of such a signature.")
    pair = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big")
    secp256k1_point(uncompressed(public)).verify(
        encode_dss_signature(*pair), hashlib.sha256(content).digest(), ec.ECDSA(Prehashed(SHA256()))
    )
