"""Octets that are nearly HTTP: rows of the table, put together and damaged at random."""

from collections.abc import Callable
from random import Random

from wire.rows import get, post
from wire.rows_body import BODIES
from wire.rows_head import HEADS

_SEEDS = [row.octets for row in (*HEADS, *BODIES) if len(row.octets) < 1_500]
_WORDS = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b"0",
        b"1",
        b"a",
        b"\x80",
        b"\x0b",
    ),
    *(
        b"chunked",
        b"gzip",
        b"close",
        b"upgrade",
        b"h2c",
        b"HTTP/1.0",
        b"HTTP/1.1",
        b"GET",
        b"/",
        b"#",
    ),
    *(b"\r\n\r\n", b"0\r\n\r\n", b"3\r\nabc\r\n", b"3;a=b\r\nabc\r\n", b"Host: localhost\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(
        b"Connection: close\r\n",
        b"Connection: upgrade\r\nUpgrade: h2c\r\n",
        b"Expect: 100-continue\r\n",
    ),
    *(b"A: b\r\n", b" b\r\n", b"A:\r\n", get(), post(b"Content-Length: 3", body=b"abc")),
)


def _insert(random: Random, octets: bytes) -> bytes:
    at = random.randint(0, len(octets))
    return octets[:at] + random.choice(_WORDS) + octets[at:]


def _replace(random: Random, octets: bytes) -> bytes:
    at = random.randint(0, len(octets))
    return octets[:at] + random.choice(_WORDS) + octets[at + random.randint(1, 4) :]


def _exchange_octet(random: Random, octets: bytes) -> bytes:
    at = random.randint(0, len(octets))
    return octets[:at] + bytes([random.randrange(256)]) + octets[at + 1 :]


def _delete(random: Random, octets: bytes) -> bytes:
    at = random.randint(0, len(octets))
    return octets[:at] + octets[at + random.randint(1, 6) :]


def _repeat(random: Random, octets: bytes) -> bytes:
    at = random.randint(0, len(octets))
    end = at + random.randint(1, 60)
    return octets[:end] + octets[at:end] + octets[end:]


def _exchange_lines(random: Random, octets: bytes) -> bytes:
    lines = octets.split(b"\r\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\r\n".join(lines)


_DAMAGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(_insert, _replace, _exchange_octet, _delete, _repeat, _exchange_lines),
)


def mutant(random: Random) -> bytes:
    """Return up to three requests, with up to four damages."""
    octets = b"".join(random.choice(_SEEDS) for _ in range(random.randint(1, 3)))
    for _ in range(random.randint(0, 4)):
        octets = random.choice(_DAMAGES)(random, octets)
    return octets


def cuts(random: Random, octets: bytes) -> list[int]:
    """Return places to cut octets at: a few, or all."""
    if random.random() < 0.2:
        return list(range(len(octets)))
    return [random.randint(0, len(octets)) for _ in range(random.randint(1, 5))]
