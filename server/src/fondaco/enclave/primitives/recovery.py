"""Recoverable signatures on secp256k1: which public key made a signature.

Only public values pass here; secret ones stay with the library.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

_P: Final = 2**256 - 2**32 - 977
_N: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
_G: Final = (
    0x79BE667E_F9DCBBAC_55A06295_CE870B07_029BFCDB_2DCE28D9_59F2815B_16F81798,
    0x483ADA77_26A3C465_5DA4FBFC_0E1108A8_FD17B448_A6855419_9C47D08F_FB10D4B8,
)
_BYTES: Final = 32
_Affine: TypeAlias = tuple[int, int]
_Jacobian: TypeAlias = tuple[int, int, int]
"""`(x, y, z)` stands for the point `(x / z**2, y / z**3)`; z = 0 for the one at infinity."""
_INFINITY: Final = (1, 1, 0)


@dataclass(frozen=True, slots=True)
class Signature:
    """An ECDSA signature."""

    r: int
    s: int

    @property
    def low(self) -> "Signature":
        """The one of two equivalent signatures that Ethereum's clients accept. Source: EIP-2."""
        return self if self.s <= _N // 2 else Signature(self.r, _N - self.s)

    @property
    def compact(self) -> bytes:
        """The 64 bytes of `r` and `s`."""
        return self.r.to_bytes(_BYTES, "big") + self.s.to_bytes(_BYTES, "big")

    def recovery(self, digest: bytes, public_key: bytes) -> int:
        """Return the recovery id with which `signer` finds the uncompressed public key of this signature."""
        key = (int.from_bytes(public_key[1:33], "big"), int.from_bytes(public_key[33:], "big"))
        inverse = pow(self.s, -1, _N)
        hashed = int.from_bytes(digest, "big")
        nonce = _affine(_sum(hashed * inverse % _N, _G, self.r * inverse % _N, key))
        if nonce is None:
            raise ValueError("The signature is not by this key.")
        return nonce[1] % 2 + (2 if nonce[0] >= _N else 0)

    def signer(self, digest: bytes, recovery: int) -> bytes | None:
        """Return the uncompressed public key that made this signature of a digest; None: there is none.

        Args:
            digest: of 32 bytes.
            recovery: which of the four points that have this `r` was the nonce's: 0 to 3.

        Source: SEC 1, section 4.1.6.
        """
        x = self.r + (_N if recovery & 2 else 0)
        if not (0 < self.r < _N and 0 < self.s < _N and x < _P):
            return None
        square = (pow(x, 3, _P) + 7) % _P
        y = pow(square, (_P + 1) // 4, _P)
        if y * y % _P != square:
            return None
        nonce = (x, y if y % 2 == recovery & 1 else _P - y)
        inverse = pow(self.r, -1, _N)
        hashed = int.from_bytes(digest, "big")
        key = _affine(_sum(-hashed * inverse % _N, _G, self.s * inverse % _N, nonce))
        if key is None:
            return None
        return b"\x04" + key[0].to_bytes(_BYTES, "big") + key[1].to_bytes(_BYTES, "big")


def _sum(m: int, a: _Affine, n: int, b: _Affine) -> _Jacobian:
    """Return `m * a + n * b`, both multiplied at once, bit by bit."""
    both = _affine(_add((*a, 1), b))
    total: _Jacobian = _INFINITY
    for bit in reversed(range(256)):
        total = _double(total)
        match m >> bit & 1, n >> bit & 1:
            case 1, 0:
                total = _add(total, a)
            case 0, 1:
                total = _add(total, b)
            case 1, 1 if both is not None:
                total = _add(total, both)
    return total


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    y2 = y * y % _P
    s = 4 * x * y2 % _P
    m = 3 * x * x % _P
    doubled = (m * m - 2 * s) % _P
    return doubled, (m * (s - doubled) - 8 * y2 * y2) % _P, 2 * y * z % _P


def _add(point: _Jacobian, other: _Affine) -> _Jacobian:
    x, y, z = point
    if z == 0:
        return (*other, 1)
    z2 = z * z % _P
    h = (other[0] * z2 - x) % _P
    r = (other[1] * z2 * z - y) % _P
    if h == 0:
        return _double(point) if r == 0 else _INFINITY
    h2 = h * h % _P
    h3, v = h * h2 % _P, x * h2 % _P
    added = (r * r - h3 - 2 * v) % _P
    return added, (r * (v - added) - y * h3) % _P, z * h % _P


def _affine(point: _Jacobian) -> _Affine | None:
    x, y, z = point
    if z == 0:
        return None
    inverse = pow(z, -1, _P)
    square = inverse * inverse % _P
    return x * square % _P, y * square * inverse % _P
