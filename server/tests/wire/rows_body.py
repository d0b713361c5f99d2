"""Rows about bodies: lengths, transfer codings, chunks, trailers."""

from wire.rows import CHUNKED, HOST, LENGTH, SMUGGLED, Row, chunks, get, head, post, refused

LENGTHS_OF, FRAMING, CODING = "RFC 9110, 8.6", "RFC 9112, 6.3", "RFC 9112, 6.1"
CHUNK, EXTENSION, TRAILER = "RFC 9112, 7.1", "RFC 9112, 7.1.1", "RFC 9112, 7.1.2"


def length(value: bytes, body: bytes = SMUGGLED) -> bytes:
    """Return a POST with this Content-Length."""
    return post(b"Content-Length: " + value, body=body)


def coded(*values: bytes, body: bytes = b"0\r\n\r\n" + SMUGGLED) -> bytes:
    """Return a POST with these Transfer-Encodings; its body ends at once if it is in chunks."""
    return post(*(b"Transfer-Encoding: " + value for value in values), body=body)


def chunked(body: bytes) -> bytes:
    """Return a POST with this body, which is said to be in chunks."""
    return post(CHUNKED, body=body)


LENGTHS = [
    Row(FRAMING, "a length", length(b"3", b"abc"), body=b"abc"),
    Row(FRAMING, "a length of nothing", length(b"0", b"")),
    Row(FRAMING, "no length, and nothing", post()),
    Row(FRAMING, "a request in a body", post(LENGTH, body=SMUGGLED), body=SMUGGLED),
    Row(FRAMING, "a body of GET", get(LENGTH) + SMUGGLED, body=SMUGGLED),
    Row(
        *(FRAMING, "a body of DELETE"),
        head(b"DELETE /x HTTP/1.1", HOST, LENGTH) + SMUGGLED,
        body=SMUGGLED,
    ),
    Row(FRAMING, "a request after a body", length(b"3", b"abc" + get()), (200, 200), body=b"abc"),
    Row(
        *(FRAMING, "a length in HTTP/1.0"),
        post(LENGTH, body=SMUGGLED, version=b"HTTP/1.0"),
        body=SMUGGLED,
        closes=True,
    ),
    Row(LENGTHS_OF, "zeros before it", length(b"0003", b"abc"), body=b"abc"),
    Row(LENGTHS_OF, "blanks around it", length(b" \t3 \t", b"abc"), body=b"abc"),
    Row(LENGTHS_OF, "its name in capitals", post(b"CONTENT-LENGTH: 3", body=b"abc"), body=b"abc"),
    *(
        refused(LENGTHS_OF, f"the length {value!r}", length(value))
        for value in (
            *(
                b"",
                b"abc",
                b"+44",
                b"-44",
                b"4_4",
                b"0x2c",
                b"44.0",
                b"4e1",
                b"4 4",
                b"44;",
                b'"44"',
            ),
            *(b"\xd9\xa3", b"44\x0b", b"44\xa0", b"44 chunked", b"4\x004"),
        )
    ),
    *(
        refused(FRAMING, f"the lengths {value.decode()!r} (equal ones: a choice)", length(value))
        for value in (b"44, 44", b"44,44", b"0, 44", b"44, 0", b"44,")
    ),
    refused(FRAMING, "two equal lines (a choice)", post(LENGTH, LENGTH, body=SMUGGLED)),
    refused(FRAMING, "two different lines", post(b"Content-Length: 0", LENGTH, body=SMUGGLED)),
    refused(
        FRAMING, "two different lines, turned", post(LENGTH, b"Content-Length: 0", body=SMUGGLED)
    ),
    refused(LENGTHS_OF, "a length of 2**64", length(b"18446744073709551616"), 413),
    refused(LENGTHS_OF, "a length of 2**64 + 44", length(b"18446744073709551660"), 413),
    refused(LENGTHS_OF, "a length of 5,000 digits", post(b"Content-Length: " + b"4" * 3_000), 413),
    refused(
        "RFC 9112, 5.1", "a blank after Content-Length", post(b"Content-Length : 44", body=SMUGGLED)
    ),
]

CODINGS = [
    Row(CODING, "chunked", chunked(chunks(b"abc", b"de")), body=b"abcde"),
    Row(CODING, "Chunked", coded(b"Chunked", body=chunks(SMUGGLED)), body=SMUGGLED),
    Row(
        CODING,
        "a tab before it",
        post(b"Transfer-Encoding:\tchunked", body=chunks(b"a")),
        body=b"a",
    ),
    refused(FRAMING, "with a length", post(LENGTH, CHUNKED, body=b"0\r\n\r\n" + SMUGGLED)),
    refused(FRAMING, "before a length", post(CHUNKED, b"Content-Length: 4", body=chunks(SMUGGLED))),
    refused(
        FRAMING, "with a length of 0", post(b"Content-Length: 0", CHUNKED, body=chunks(SMUGGLED))
    ),
    refused(CODING, "in HTTP/1.0", post(CHUNKED, body=chunks(SMUGGLED), version=b"HTTP/1.0")),
    *(
        refused(CODING, f"the coding {value!r}", coded(value), 501)
        for value in (
            b"gzip, chunked",
            b"deflate,chunked",
            b"foo",
            b"foo, chunked",
            b"xchunked",
            b"chunke",
        )
    ),
    *(
        refused(FRAMING, f"the coding {value!r}", coded(value))
        for value in (
            *(b"gzip", b"identity", b"chunked, gzip", b"chunked, identity", b"chunked, chunked"),
            *(
                b"chunked;q=1",
                b"chunked; a",
                b'"chunked"',
                b"chun ked",
                b"chunked\x0b",
                b"\x0bchunked",
            ),
            *(b"chunked\0", b"chunked\x7f", b"chunked gzip"),
        )
    ),
    refused(FRAMING, "no coding (a choice)", coded(b"")),
    refused(FRAMING, "an empty member before it (a choice)", coded(b", chunked")),
    refused(FRAMING, "an empty member after it (a choice)", coded(b"chunked,")),
    refused(FRAMING, "two lines", coded(b"chunked", b"chunked")),
    refused(FRAMING, "identity on a second line", coded(b"chunked", b"identity")),
    refused(CODING, "gzip on a line before", coded(b"gzip", b"chunked"), 501),
    refused(
        "RFC 9112, 5.1",
        "a blank after its name",
        post(b"Transfer-Encoding : chunked", body=SMUGGLED),
    ),
    refused(
        "RFC 9112, 5.2",
        "folded (a choice)",
        post(b"Transfer-Encoding:", b" chunked", body=SMUGGLED),
    ),
    Row(
        *(CODING, "another name that looks like it"),
        post(b"Transfer_Encoding: chunked", body=b"0\r\n\r\n"),
        (200, 400),
    ),
]

CHUNKS = [
    Row(CHUNK, "a request in a chunk", chunked(chunks(SMUGGLED)), body=SMUGGLED),
    Row(
        CHUNK, "a request after the last", chunked(chunks(b"abc") + get()), (200, 200), body=b"abc"
    ),
    Row(CHUNK, "nothing", chunked(chunks())),
    Row(CHUNK, "one octet each", chunked(chunks(*[b"x"] * 100)), body=b"x" * 100),
    Row(
        CHUNK,
        "digits in both cases",
        chunked(b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
        body=b"0123456789" * 2,
    ),
    Row(CHUNK, "zeros before the size", chunked(b"0003\r\nabc\r\n000\r\n\r\n"), body=b"abc"),
    Row(EXTENSION, "an extension", chunked(b"3;a\r\nabc\r\n0;b=c\r\n\r\n"), body=b"abc"),
    Row(EXTENSION, "a quoted extension", chunked(b'3;a="b;c"\r\nabc\r\n0\r\n\r\n'), body=b"abc"),
    Row(
        EXTENSION,
        "blanks before an extension",
        chunked(b"3 \t; a = b\r\nabc\r\n0\r\n\r\n"),
        body=b"abc",
    ),
    *(
        refused(CHUNK, f"the size {size!r}", chunked(size + b"\r\nabc\r\n0\r\n\r\n" + SMUGGLED))
        for size in (
            *(
                b"",
                b" 3",
                b"3 ",
                b"+3",
                b"-3",
                b"0x3",
                b"3_",
                b"g",
                b"3,3",
                b"3 3",
                b"3\t",
                b"\xb3",
            ),
            *(b"0000000000000003", b"10000000000000003", b"3.0", b"\n3", b"3\0"),
        )
    ),
    refused(CHUNK, "LF alone after the size", chunked(b"3\nabc\r\n0\r\n\r\n")),
    refused(CHUNK, "CR alone after the size", chunked(b"3\rabc\r\n0\r\n\r\n")),
    refused(CHUNK, "LF alone after the content", chunked(b"3\r\nabc\n0\r\n\r\n")),
    refused(CHUNK, "CR alone after the content", chunked(b"3\r\nabc\r0\r\n\r\n")),
    refused(CHUNK, "nothing after the content", chunked(b"3\r\nabc0\r\n\r\n")),
    refused(CHUNK, "more content than its size", chunked(b"3\r\nabcd\r\n0\r\n\r\n")),
    refused(CHUNK, "less content than its size", chunked(b"5\r\nabc\r\n0\r\n\r\n" + SMUGGLED)),
    refused(CHUNK, "LF alone after the last", chunked(b"3\r\nabc\r\n0\n\r\n" + SMUGGLED)),
    refused(CHUNK, "LF alone at the end", chunked(b"3\r\nabc\r\n0\r\n\n" + SMUGGLED)),
    refused(EXTENSION, "LF alone in one", chunked(b"3;a\nb\r\nabc\r\n0\r\n\r\n" + SMUGGLED)),
    refused(EXTENSION, "CR alone in one", chunked(b"3;a\rb\r\nabc\r\n0\r\n\r\n" + SMUGGLED)),
    refused(EXTENSION, "NUL in one", chunked(b"3;a\0\r\nabc\r\n0\r\n\r\n" + SMUGGLED)),
    refused(EXTENSION, "one without end", chunked(b"3;" + b"a" * 2_000 + b"\r\nabc\r\n0\r\n\r\n")),
    refused(
        EXTENSION, "more of them than content", chunked((b"1;" + b"a" * 900 + b"\r\nx\r\n") * 30)
    ),
    Row(TRAILER, "a field", chunked(chunks(b"abc", end=b"0\r\nA: b\r\n\r\n")), body=b"abc"),
    *(
        Row(
            TRAILER,
            f"a trailer that counts for nothing: {line.decode()}",
            chunked(chunks(b"abc", end=b"0\r\n%b\r\n\r\n" % line)),
            body=b"abc",
        )
        for line in (
            b"Content-Length: 44",
            b"Transfer-Encoding: gzip",
            b"Host: other",
            b"Connection: close",
        )
    ),
    *(
        refused(
            TRAILER,
            f"the trailer {line!r}",
            chunked(chunks(b"abc", end=b"0\r\n%b\r\n\r\n" % line) + SMUGGLED),
        )
        for line in (
            b"A: \r",
            b"A : b",
            b" A: b",
            b"A: b\r\n c",
            b"A",
            b": b",
            b"A: \0",
            b"A: b\nC: d",
            b"A: b\rC: d",
            b"(: b",
        )
    ),
    refused(
        TRAILER, "a trailer above the limit", chunked(chunks(end=b"0\r\nA: " + b"b" * 5_000)), 431
    ),
    refused(
        TRAILER,
        "more trailers than are read",
        chunked(chunks(end=b"0\r\n" + b"A: b\r\n" * 300 + b"\r\n")),
        431,
    ),
]

BODIES = [*LENGTHS, *CODINGS, *CHUNKS]
