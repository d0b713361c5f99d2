"""What tests of wallets share: wallets with fixed keys, and signatures bent in every way."""

import sys
from dataclasses import dataclass

_LIMIT = sys.getrecursionlimit()
from eth_account import Account  # noqa: E402 - it raises the limit for the whole process
from eth_account.messages import encode_defunct  # noqa: E402
from eth_account.signers.local import LocalAccount  # noqa: E402

sys.setrecursionlimit(_LIMIT)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True, slots=True)
class Wallet:
    """A key pair of its own."""

    account: LocalAccount

    @property
    def address(self) -> str:
        """The address as wallets show it, with its checksum."""
        return str(self.account.address)

    @property
    def name(self) -> str:
        """The address as this server writes it."""
        return self.address.lower()

    def sign(self, text: str) -> str:
        """Sign a personal message, as ethers' `signMessage` does."""
        signed = self.account.sign_message(encode_defunct(text=text))
        return f"0x{bytes(signed.signature).hex()}"


def wallet(number: int = 1) -> Wallet:
    """Return the wallet whose private key is this number."""
    return Wallet(Account.from_key(number.to_bytes(32, "big")))


def split(signature: str) -> tuple[int, int, int]:
    """Return r, s and v."""
    text = signature.removeprefix("0x")
    return int(text[:64], 16), int(text[64:128], 16), int(text[128:], 16)


def joined(r: int, s: int, v: int) -> str:
    """Return a signature of these."""
    return f"0x{r:064x}{s:064x}{v:02x}"


def mirrored(signature: str) -> str:
    """Return the other form of the same signature, with the high s."""
    r, s, v = split(signature)
    return joined(r, ORDER - s, 55 - v)
