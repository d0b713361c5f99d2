"""Keccak-256, the hash of Ethereum's addresses; Python's SHA3-256 uses another padding."""

from itertools import product

_RATE = 136
_LANES = 25
_MASK = 2**64 - 1


def keccak256(content: bytes) -> bytes:
    """Return the digest, 32 bytes.

    Source:
        The Keccak reference, version 3.0, with the padding of the original submission.

    >>> keccak256(b"").hex()[:16]
    'c5d2460186f7233c'
    """
    padding = bytearray(_RATE - len(content) % _RATE)
    padding[0] |= 0x01
    padding[-1] |= 0x80
    padded = content + padding
    state = [0] * _LANES
    for start in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            at = start + 8 * lane
            state[lane] ^= int.from_bytes(padded[at : at + 8], "little")
        state = _permuted(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def address(public_key: bytes) -> str:
    """Return the Ethereum address of a secp256k1 key, in lower case.

    Args:
        public_key: Uncompressed, 65 bytes.
    """
    return f"0x{keccak256(public_key[1:])[-20:].hex()}"


def _permuted(state: list[int]) -> list[int]:
    """Return Keccak-f[1600] of 25 lanes; lane (x, y) is at x + 5 y."""
    for constant in _CONSTANTS:
        columns = [
            state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]
            for x in range(5)
        ]
        mixed = [columns[x - 1] ^ _turned(columns[(x + 1) % 5], 1) for x in range(5)]
        moved = [0] * _LANES
        for x, y in product(range(5), range(5)):
            moved[y + 5 * ((2 * x + 3 * y) % 5)] = _turned(
                state[x + 5 * y] ^ mixed[x], _TURNS[x + 5 * y]
            )
        state = [
            moved[x + 5 * y] ^ (~moved[(x + 1) % 5 + 5 * y] & _MASK & moved[(x + 2) % 5 + 5 * y])
            for y, x in product(range(5), range(5))
        ]
        state[0] ^= constant
    return state


def _turned(lane: int, bits: int) -> int:
    return (lane << bits | lane >> (64 - bits)) & _MASK


def _turns() -> list[int]:
    turns = [0] * _LANES
    x, y = 1, 0
    for step in range(24):
        turns[x + 5 * y] = (step + 1) * (step + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return turns


def _constants() -> list[int]:
    """Return the 24 rounds' constants: bits of a linear feedback shift register."""
    constants: list[int] = []
    register = 1
    for _ in range(24):
        constant = 0
        for bit in range(7):
            if register & 1:
                constant |= 1 << ((1 << bit) - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return constants


_TURNS = _turns()
_CONSTANTS = _constants()
