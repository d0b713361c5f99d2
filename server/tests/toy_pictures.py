"""Pictures as files, as an upstream's images API sends them."""

import base64
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from zlib import crc32

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo


def png(width: int, height: int, colour: str = "#204060", **texts: str) -> bytes:
    """Return a picture of one colour, with text chunks."""
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def reply(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reply to a request: a colour by the prompt and the seed, and the prompt in a chunk."""
    width, height = map(int, body["size"].split("x"))
    colour = crc32(f"{body['prompt']}/{body.get('seed')}".encode()) % 2**24
    return sent(png(width, height, f"#{colour:06x}", parameters=body["prompt"]))


def edited(fields: Mapping[str, bytes]) -> dict[str, object]:
    """Return the reply to an edit: the colours inverted, in the size that was asked for, else in one of its own."""
    size = fields.get("size", b"96x80").decode()
    with Image.open(BytesIO(fields["image"])) as image:
        width, height = map(int, size.split("x"))
        out = BytesIO()
        ImageOps.invert(image.convert("RGB")).resize((width, height)).save(out, "PNG")
    return sent(out.getvalue())


def painted_over(original: bytes, mask: bytes, file: bytes) -> bytes:
    """Return the original, fitted to the file's size, with the file in its place where the mask is white."""
    under, where, over = (Image.open(BytesIO(one)) for one in (original, mask, file))
    fitted, white = under.convert("RGB").resize(over.size), where.convert("L").resize(over.size)
    out = BytesIO()
    Image.composite(over.convert("RGB"), fitted, white).save(out, "PNG")
    return out.getvalue()


def sent(file: bytes) -> dict[str, Any]:
    """Return the reply with a file."""
    return {"created": 1, "data": [{"b64_json": base64.b64encode(file).decode()}]}
