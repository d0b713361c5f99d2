"""Small image files of all formats, made from nothing."""

import base64
import struct
import zlib

SIDE = 64


def png(width: int = SIDE, height: int = SIDE) -> bytes:
    """Return a black image."""
    rows = (b"\0" + bytes((width + 7) // 8)) * min(height, 256)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def jpeg(width: int = SIDE, height: int = SIDE, *, notes: bytes = b"") -> bytes:
    """Return what begins and ends like a JPEG; `notes` stand before its size, in as many segments."""
    parts = [notes[at : at + 60_000] for at in range(0, len(notes), 60_000)]
    told = b"".join(b"\xff\xe1" + struct.pack(">H", 2 + len(part)) + part for part in parts)
    size = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8" + told + size + b"\xff\xda\0\2" + b"\x12" * 40 + b"\xff\xd9"


def gif(width: int = SIDE, height: int = SIDE) -> bytes:
    """Return what begins and ends like a GIF."""
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(20) + b";"


def webp(width: int = SIDE, height: int = SIDE, kind: bytes = b"VP8X") -> bytes:
    """Return what begins like a WEBP of one of its three kinds, and is as long as it says."""
    match kind:
        case b"VP8X":
            size = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        case b"VP8L":
            size = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)
        case _:
            size = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
    content = b"WEBP" + kind + struct.pack("<I", len(size)) + size + bytes(8)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def as_url(body: bytes, media_type: str = "image/png") -> str:
    """Return a file as a data URL."""
    return f"data:{media_type};base64,{base64.b64encode(body).decode()}"


def shown(url: str, **more: str) -> dict[str, object]:
    """Return an image as a part of a message."""
    return {"type": "image_url", "image_url": {"url": url, **more}}


def said(text: str) -> dict[str, object]:
    """Return a text as a part of a message."""
    return {"type": "text", "text": text}


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


PIXELS = as_url(png())
"""A good image as a data URL."""
