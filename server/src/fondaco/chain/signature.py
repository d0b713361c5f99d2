"""Wallet signatures: EIP-191 personal messages, verified by eth-account in a thread.

Source: overview/guides/generating-api-key-agent.md, `wallet.signMessage(token)`.
"""

from typing import Final

from anyio import CapacityLimiter, to_thread

from fondaco.chain.extra import web3
from fondaco.domain.errors import InvalidRequestError, ProofRefusedError, RateLimitExceededError
from fondaco.domain.money.wallet import Proof

_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of the curve secp256k1."""
_MOST: Final = 32
"""Most pending verifications, one running; each takes about ten milliseconds of CPU."""


class EthSignatures:
    """Verifies wallet signatures one at a time, so unauthenticated callers occupy one core at most."""

    def __init__(self) -> None:
        self._request = CapacityLimiter(1)
        self._pending = 0

    async def signer(self, proof: Proof) -> str:
        """Return the address that signed the proof's text, in lower case: the one that it claims.

        Raises:
            InvalidRequestError: the address is in mixed case and its checksum is wrong.
            ProofRefusedError: another wallet signed it or another text, or it is no proper signature.
            RateLimitExceededError: too many proofs wait to be checked.
            WalletKeysNotInstalledError: the extra `web3` is not installed.
        """
        if self._pending >= _MOST:
            raise RateLimitExceededError(
                "Too many wallet signatures are waiting for verification. Please try again.",
                retry_after_s=1,
            )
        signature = _normal(bytes.fromhex(proof.signature.removeprefix("0x")))
        self._pending += 1
        try:
            signer = await to_thread.run_sync(_signer, proof, signature, limiter=self._request)
        finally:
            self._pending -= 1
        if signer != proof.address.lower():
            raise ProofRefusedError(
                "The wallet did not make this signature of the token. Sign the token's text, "
                "exactly as received, as a personal message (EIP-191) with the wallet of `address`."
            )
        return signer


def _normal(signature: bytes) -> bytes:
    """Return a signature with v as 27 or 28.

    Only one of the two output formats that each signature has is taken, the one with the low s, and only the
    recovery ids of personal messages.

    Raises:
        ProofRefusedError: it has another form.
    """
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    parity = {0: 0, 1: 1, 27: 0, 28: 1}.get(signature[64])
    if parity is None:
        raise ProofRefusedError(
            f"The signature ends in v = {signature[64]}; a personal message has 27 or 28."
        )
    if not 0 < r < _ORDER or not 0 < s < _ORDER:
        raise ProofRefusedError("The signature's r or s is not within the order of the curve.")
    if s > _ORDER // 2:
        raise ProofRefusedError("The signature's s is in the upper half of the order (EIP-2).")
    return signature[:64] + bytes([27 + parity])


def _signer(proof: Proof, signature: bytes) -> str:
    with web3():
        from eth_account import Account  # noqa: PLC0415 - an extra: a second of CPU, 12 MB
        from eth_account.messages import encode_defunct  # noqa: PLC0415 - as above
        from eth_keys.exceptions import BadSignature  # noqa: PLC0415 - as above
        from eth_utils.address import to_checksum_address  # noqa: PLC0415 - as above
    digits = proof.address.removeprefix("0x")
    if digits not in (digits.lower(), digits.upper()):
        checked = to_checksum_address(proof.address)
        if proof.address != checked:
            fault = "The EIP-55 checksum (upper and lower case) is wrong. Check the address for typing errors."
            raise InvalidRequestError(faults={"address": (fault,)})
    try:
        message = encode_defunct(text=proof.text)
        signer: str = Account.recover_message(message, signature=signature)
    except BadSignature:
        raise ProofRefusedError("No wallet's key can have made this signature.") from None
    return signer.lower()
