"""Forms as bodies: what RFC 7578 permits, and what damaged, huge and hostile ones get."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from time import process_time

import httpx2
import pytest
from hypothesis import assume, given, settings, strategies as st

from fondaco.domain.errors import InvalidRequestError
from fondaco.http.endpoint.form_parts import Part, parts_of
from house import House
from picture_house import EDIT, EDITS, UPSCALE, code, picture, world
from raw_http import connected, received, replies_of

FILE = picture()
LINE = b"\r\n"


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with world(body_limit_bytes=2**20, body_timeout_s=0.5) as found:
        yield found


def part(name: str, content: bytes = b"Colorize", *headers: str, more: str = "") -> bytes:
    head = (f'Content-Disposition: form-data; name="{name}"{more}', *headers)
    return LINE.join([*(line.encode() for line in head), b"", content])


IMAGE = part("image", FILE, "Content-Type: image/png", more='; filename="a.png"')
PROMPT = part("prompt")


def form(*parts: bytes, boundary: bytes = b"x", end: bytes = b"--\r\n") -> bytes:
    opening = b"--" + boundary
    body = b"".join(opening + LINE + one + LINE for one in parts)
    return body + opening + end


async def post(
    one: House, body: bytes, content_type: str = "multipart/form-data; boundary=x", path: str = EDIT
) -> httpx2.Response:
    return await one.client.post(path, content=body, headers={"Content-Type": content_type})


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=x", b"x"),
        ("Multipart/Form-Data;BOUNDARY=x;charset=utf-8", b"x"),
        ('multipart/form-data; boundary="x"', b"x"),
        (
            'multipart/form-data; boundary="a b:c=d?e/(f),g_h+i\'j.k-l"',
            b"a b:c=d?e/(f),g_h+i'j.k-l",
        ),
        (f"multipart/form-data; boundary={'-' * 69}9", b"-" * 69 + b"9"),
        ("multipart/form-data; boundary=----WebKitFormBoundary7MA4", b"----WebKitFormBoundary7MA4"),
        ("multipart/form-data; charset=utf-8; boundary=x", b"x"),
    ],
)
async def test_boundaries_are_those_of_the_header(
    one: House, content_type: str, boundary: bytes
) -> None:
    reply = await post(one, form(PROMPT, IMAGE, boundary=boundary), content_type)
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=x\x01",
        f"multipart/form-data; boundary={'x' * 71}",
        'multipart/form-data; boundary="x "',
        "multipart/form-data; boundary=\xe4",
        "multipart/form-data; boundary*=utf-8''x",
    ],
)
async def test_a_header_without_a_valid_boundary_is_refused(one: House, content_type: str) -> None:
    if not content_type.isprintable():
        content_type = content_type.encode("ascii", "replace").decode().replace("\x01", "@")
    reply = await one.client.post(
        EDIT,
        content=form(PROMPT, IMAGE),
        headers=[(b"Content-Type", content_type.encode("latin-1"))],
    )
    assert code(reply) == (400, "INVALID_REQUEST")
    assert "boundary" in reply.json()["error"]


ACCEPTED: dict[str, bytes] = {
    "in any order": form(IMAGE, PROMPT),
    "with an epilogue": form(PROMPT, IMAGE) + b"the end",
    "without a last line end": form(PROMPT, IMAGE, end=b"--"),
    "after an empty line": LINE + form(PROMPT, IMAGE),
    "a text with its type": form(
        part("prompt", "Färbe".encode(), "Content-Type: text/plain; charset=UTF-8"), IMAGE
    ),
    "headers in any case": form(
        PROMPT.replace(b"Content-Disposition", b"cONTENT-dISPOSITION"), IMAGE
    ),
    "a file without a name": form(PROMPT, part("image", FILE, "Content-Type: image/png")),
    "a file without a type": form(PROMPT, part("image", FILE, more='; filename="a"')),
    "a file of a wrong type": form(
        PROMPT, part("image", FILE, "Content-Type: text/html", more='; filename="a.html"')
    ),
    "an odd name of a file": form(
        PROMPT, part("image", FILE, more='; filename="../..\\\\a;\\"b\\".png"')
    ),
    "a content encoding that is none": form(
        part("prompt", b"x", "Content-Transfer-Encoding: 8bit"), IMAGE
    ),
    "an empty file input": form(
        PROMPT,
        IMAGE,
        part("mask", b"", "Content-Type: application/octet-stream", more='; filename=""'),
    ),
    "what looks like a boundary": form(part("prompt", b"a\r\n--y\r\n-x\r\n--"), IMAGE),
}


@pytest.mark.parametrize("case", ACCEPTED)
async def test_what_the_standards_permit_is_read(one: House, case: str) -> None:
    reply = await post(one, ACCEPTED[case])
    assert reply.status_code == 200, reply.text


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is not multipart/form-data"),
    "words": (b"prompt=Colorize", "is not multipart/form-data"),
    "another boundary": (form(PROMPT, IMAGE, boundary=b"y"), "is not multipart/form-data"),
    "half a boundary more": (form(part("prompt", b"a\r\n--xy"), IMAGE), "is not multipart"),
    "a boundary with spaces": (form(PROMPT, IMAGE, end=b" \r\n"), "is not multipart"),
    "no last boundary": (form(PROMPT, IMAGE)[:-5], "ends before its last boundary"),
    "half a part": (form(PROMPT, IMAGE)[:200], "ends before its last boundary"),
    "bare line feeds": (form(PROMPT, IMAGE).replace(LINE, b"\n"), "is not multipart/form-data"),
    "no parts": (form(), "prompt"),
    "no name": (form(b"Content-Disposition: form-data\r\n\r\nx"), "name="),
    "an empty name": (form(part("")), "name="),
    "no disposition": (form(b"Content-Type: text/plain\r\n\r\nx"), "name="),
    "another disposition": (form(PROMPT.replace(b"form-data", b"attachment")), "name="),
    "a header twice": (
        form(part("prompt", b"x", 'Content-Disposition: form-data; name="b"')),
        "repeats a header",
    ),
    "no header": (form(b"\r\nx"), "name="),
    "a header without a colon": (form(b"Content-Disposition\r\n\r\nx"), "is not multipart"),
    "many headers": (form(part("prompt", b"x", *(f"X-{n}: 1" for n in range(8)))), "8 headers"),
    "a huge header": (form(part("prompt", b"x", "X: " + "y" * 5_000)), "4,096 bytes"),
    "a huge name": (form(part("p" * 5_000)), "4,096 bytes"),
    "many parts": (form(*[part(f"a{n}") for n in range(65)]), "64 parts"),
    "base64": (
        form(part("prompt", b"eA==", "Content-Transfer-Encoding: base64"), IMAGE),
        "unencoded",
    ),
    "latin-1": (
        form(part("prompt", b"x", "Content-Type: text/plain; charset=latin-1"), IMAGE),
        "UTF-8",
    ),
    "no utf-8": (form(part("prompt", b"\xff\xfe"), IMAGE), "UTF-8"),
    "a name that is no utf-8": (form(PROMPT.replace(b"prompt", b"\xff")), "UTF-8"),
    "a field twice": (form(PROMPT, PROMPT, IMAGE), "more than once"),
    "a file twice": (form(PROMPT, IMAGE, IMAGE), "more than once"),
    "an unknown field": (form(PROMPT, IMAGE, part("promt")), "prompt"),
    "a file for a text": (
        form(part("prompt", b"x", more='; filename="a.txt"'), IMAGE),
        "prompt: must be a string",
    ),
    "a field of others": (form(PROMPT, IMAGE, part("image[]", FILE)), "image[]"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_damaged_or_meant_otherwise_is_refused(one: House, case: str) -> None:
    body, told = REFUSED[case]
    reply = await post(one, body)
    assert code(reply) == (400, "INVALID_REQUEST")
    assert told in reply.text
    assert not one.charges()


async def test_a_null_is_one_where_a_field_may_be_null(one: House) -> None:
    nulls = [part(name, b"null") for name in ("mask", "model", "size", "n", "output_compression")]
    assert (await post(one, form(PROMPT, IMAGE, *nulls), path=EDITS)).status_code == 200
    reply = await post(one, form(part("prompt", b"null"), IMAGE), path=EDITS)
    assert reply.status_code == 200


async def test_a_damaged_form_is_for_its_sender_to_know(
    one: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    for body, _ in REFUSED.values():
        await post(one, body)
    assert not [record for record in caplog.records if "multipart" in record.name]


async def test_a_long_text_is_no_number(one: House) -> None:
    for zeros, status in ((50, 200), (200, 400)):
        reply = await post(one, form(IMAGE, part("scale", b"2." + b"0" * zeros)), path=UPSCALE)
        assert reply.status_code == status, reply.text
    assert reply.json()["details"]["scale"]["_errors"] == ["Must be a number, not a string"]


async def test_large_parts_arrive_in_pieces(one: House) -> None:
    async def pieces() -> "AsyncGenerator[bytes]":
        photograph = picture(kind="JPEG") + bytes(200_000)
        body = form(PROMPT, part("image", photograph, more='; filename="a"'))
        for at in range(0, len(body), 7_001):
            yield body[at : at + 7_001]

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    reply = await one.client.post(EDIT, content=pieces(), headers=headers)
    assert reply.status_code == 200, reply.text


async def test_compressed_forms_are_refused(one: House) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Encoding": "gzip"}
    reply = await one.client.post(EDIT, content=form(PROMPT, IMAGE), headers=headers)
    assert code(reply) == (415, "INVALID_CONTENT_TYPE")


@pytest.mark.parametrize("missing", [1, 500])
async def test_a_form_that_does_not_arrive_in_time_is_given_up(one: House, missing: int) -> None:
    body = form(PROMPT, IMAGE)
    async with connected(one.address) as stream:
        await stream.send(head(one, len(body)) + body[:-missing])
        (reply,) = replies_of(await received(stream))
    assert reply.status == 408


def head(one: House, length: int) -> bytes:
    return (
        f"POST {EDIT} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {one.client.headers['Authorization']}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


async def test_a_body_larger_than_its_limit_is_refused_before_it_is_read(one: House) -> None:
    body = form(PROMPT, part("image", bytes(2**20), more='; filename="a"'))
    for path in (UPSCALE, EDIT, EDITS):
        reply = await post(one, body, path=path)
        assert code(reply) == (413, "INVALID_FILE_SIZE")


def slices() -> Iterator[bytes]:
    whole = form(PROMPT, IMAGE)
    yield from (whole[:at] for at in range(0, len(whole) - 2, 37))


async def test_a_form_cut_anywhere_is_refused(one: House) -> None:
    for body in slices():
        assert (await post(one, body)).status_code == 400


HEAD = form(PROMPT)[:-7] + b"\r\n--x\r\n" + part("image", b"", more='; filename="a"')
LARGE = 20 * 2**20


@pytest.mark.parametrize(
    "flood",
    [b"\r\n--xy", b"\r\n--x ", b"\r\n--x", b"\r", b"\r\n-", b" ", b"\r\n--x\r\n", b"\0"],
    ids=repr,
)
def test_no_content_is_slow_to_read(flood: bytes) -> None:
    """A second is a hundred times what it takes; stepping byte by byte takes several."""
    body = HEAD + (b"\r\n--x" if flood == b" " else b"") + flood * (LARGE // len(flood))
    begun = process_time()
    for ended in (body, body + b"\r\n--x--\r\n"):
        with suppress(InvalidRequestError):
            parts_of(ended, b"x")
    assert process_time() - begun < 1


@settings(max_examples=30)
@given(
    contents=st.lists(st.binary(max_size=60) | st.text(max_size=20).map(str.encode), max_size=6),
    boundary=st.from_regex(rb"[0-9A-Za-z'()+_,./:=?-]{1,70}", fullmatch=True),
)
def test_what_is_written_is_read(contents: list[bytes], boundary: bytes) -> None:
    assume(not any(b"--" + boundary in b"\r\n" + content for content in contents))
    parts = [part(f"f{n}", content, more='; filename="a"') for n, content in enumerate(contents)]
    expected = [Part(f"f{n}", content, is_file=True) for n, content in enumerate(contents)]
    assert parts_of(form(*parts, boundary=boundary), boundary) == expected


@given(
    st.lists(st.sampled_from([b"--x", b"\r\n", b"--", b": ", b"Content-Disposition", b"a", PROMPT]))
)
def test_pieces_of_forms_are_forms_or_refused(pieces: list[bytes]) -> None:
    with suppress(InvalidRequestError):
        assert all(isinstance(one, Part) for one in parts_of(b"".join(pieces), b"x"))
