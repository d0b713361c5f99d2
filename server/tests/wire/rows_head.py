"""Rows about heads: request line, target, Host, fields, versions, connections, expectations."""

from wire.rows import CHUNKED, HOST, LENGTH, SMUGGLED, Row, chunks, get, head, post, refused

MESSAGE, LINE, TARGET, FIELD = "RFC 9112, 2.2", "RFC 9112, 3", "RFC 9112, 3.2", "RFC 9112, 5"
VALUE, VERSION, METHOD = "RFC 9110, 5.5", "RFC 9110, 2.5", "RFC 9110, 9.1"
CLOSE, EXPECT, UPGRADE, CONNECT = (
    *("RFC 9112, 9.6", "RFC 9110, 10.1.1", "RFC 9110, 7.8"),
    "RFC 9110, 9.3.6",
)

REQUEST_LINES = [
    Row(LINE, "a plain request", get()),
    Row(MESSAGE, "one empty line before it", b"\r\n" + get()),
    refused(MESSAGE, "two empty lines before it (a choice)", b"\r\n\r\n" + get()),
    refused(MESSAGE, "LF alone ends lines (a choice)", get().replace(b"\r\n", b"\n")),
    refused(MESSAGE, "LF alone ends the request line", get().replace(b"1.1\r\n", b"1.1\n")),
    refused(MESSAGE, "LF alone ends the head", get()[:-4] + b"\n\n"),
    refused(MESSAGE, "CR alone in the request line", head(b"GET /x\r HTTP/1.1", HOST)),
    refused(MESSAGE, "CR alone ends the request line", get().replace(b"1.1\r\n", b"1.1\r")),
    refused(MESSAGE, "two CR before LF", get().replace(b"1.1\r\n", b"1.1\r\r\n")),
    refused(MESSAGE, "a blank before the first field", head(b"GET /x HTTP/1.1", b" A: b", HOST)),
    refused(LINE, "two blanks in it (a choice)", head(b"GET  /x HTTP/1.1", HOST)),
    refused(LINE, "a tab in it (a choice)", head(b"GET\t/x HTTP/1.1", HOST)),
    refused(LINE, "a tab in the target", head(b"GET /\tx HTTP/1.1", HOST)),
    refused(LINE, "a blank after it (a choice)", head(b"GET /x HTTP/1.1 ", HOST)),
    refused(LINE, "a blank before it", b" " + get()),
    refused(LINE, "no target", head(b"GET HTTP/1.1", HOST)),
    refused(LINE, "an empty target", head(b"GET  HTTP/1.1", HOST)),
    refused(LINE, "a blank in the target", head(b"GET /a b HTTP/1.1", HOST)),
    refused(LINE, "no method", head(b"/x HTTP/1.1", HOST)),
    refused(LINE, "an empty line in place of it", b"\r\n\r\n\r\n" + get()),
    refused(LINE, "a field in place of it", head(HOST, b"GET /x HTTP/1.1")),
    refused(METHOD, "a method in lower case", head(b"get /x HTTP/1.1", HOST), 501),
    refused(METHOD, "an unknown method", head(b"BREW /x HTTP/1.1", HOST), 501),
    refused(
        METHOD, "an unknown method with a body", head(b"BREW /x HTTP/1.1", LENGTH) + SMUGGLED, 501
    ),
    refused(METHOD, "a method that is no token", head(b"GE(T /x HTTP/1.1", HOST)),
    refused(METHOD, "octets above 127 in the method", head(b"G\xc3\x89T /x HTTP/1.1", HOST)),
    *(
        Row(METHOD, f"the method {name.decode()}", head(name + b" /x HTTP/1.1", HOST))
        for name in (b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"QUERY")
    ),
    refused("RFC 8446, 5.1", "TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)),
    refused("RFC 4253, 4.2", "SSH", b"SSH-2.0-OpenSSH_9.2\r\n"),
    refused("RFC 7826, 20.3", "RTSP", head(b"DESCRIBE rtsp://localhost/x RTSP/1.0", b"CSeq: 1")),
    refused("RFC 3261, 7.1", "SIP", head(b"OPTIONS sip:x@localhost SIP/2.0", HOST)),
    refused("RFC 6585, 5", "a head above the limit", get(b"A: " + b"x" * 5_000), 431),
    refused("RFC 6585, 5", "a target above the limit", get(target=b"/" + b"x" * 5_000), 431),
    refused("RFC 6585, 5", "more fields than are read", get(*[b"a: b"] * 300), 431),
    Row(LINE, "a long target below the limit", get(target=b"/" + b"x" * 999), path="/" + "x" * 999),
]

VERSIONS = [
    refused(VERSION, "HTTP/0.9 without a version", b"GET /x\r\n"),
    refused("RFC 9110, 15.6.6", "HTTP/0.9", get(version=b"HTTP/0.9"), 505),
    refused("RFC 9110, 15.6.6", "HTTP/2.0", get(version=b"HTTP/2.0"), 505),
    refused("RFC 9110, 15.6.6", "HTTP/3.0", get(version=b"HTTP/3.0"), 505),
    refused("RFC 9113, 3.4", "HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    Row(VERSION, "a higher minor version", get(version=b"HTTP/1.2")),
    Row(VERSION, "HTTP/1.0", get(version=b"HTTP/1.0"), closes=True),
    *(
        refused("RFC 9112, 2.3", f"the version {version.decode()}", get(version=version))
        for version in (b"HTTP/1.10", b"http/1.1", b"HTTP/1", b"HTTP/1.", b"HTTP/+1.1", b"HTTP/11")
    ),
    refused("RFC 9112, 2.3", "a blank in the version", get(version=b"HTTP /1.1")),
]

TARGETS = [
    Row(TARGET, "a query", get(target=b"/x?a=b&c")),
    Row(TARGET, "an encoded path", get(target=b"/%78")),
    Row(TARGET, "two slashes", get(target=b"//x"), path="//x"),
    refused(TARGET, "a fragment", get(target=b"/x#y")),
    refused(TARGET, "octets above 127", get(target=b"/caf\xc3\xa9")),
    refused(TARGET, "NUL", get(target=b"/x\0")),
    refused(TARGET, "no slash at its beginning", get(target=b"x")),
    refused(TARGET, "a query alone", get(target=b"?x")),
    Row(TARGET, "a URL", get(target=b"http://other:80/x"), authority=b"other:80"),
    Row(TARGET, "a URL of https", get(target=b"https://other/x"), authority=b"other"),
    Row(TARGET, "a URL in capitals", get(target=b"HTTP://other/x"), authority=b"other"),
    Row(
        TARGET, "a URL without a path", get(target=b"http://other?q"), authority=b"other", path="/"
    ),
    Row(
        TARGET,
        "a URL in HTTP/1.0, without Host",
        head(b"GET http://other/x HTTP/1.0"),
        authority=b"other",
        closes=True,
    ),
    refused(TARGET, "a URL without Host", head(b"GET http://localhost/x HTTP/1.1")),
    refused("RFC 9110, 4.2.4", "user information", get(target=b"http://me@localhost/x")),
    refused("RFC 9110, 4.2.1", "a URL without a host", get(target=b"http:///x")),
    refused(TARGET, "a URL of another scheme", get(target=b"ftp://localhost/x")),
    refused(TARGET, "a port of letters", get(target=b"http://localhost:x/x")),
    Row(TARGET, "an asterisk for OPTIONS", head(b"OPTIONS * HTTP/1.1", HOST), path="*"),
    refused(TARGET, "an asterisk for GET", get(target=b"*")),
    refused(TARGET, "host and port for GET", get(target=b"localhost:80")),
]

HOSTS = [
    refused(TARGET, "no Host", head(b"GET /x HTTP/1.1")),
    refused(TARGET, "two equal Hosts", get(HOST)),
    refused(TARGET, "two different Hosts", get(b"Host: other")),
    refused(TARGET, "Host, and again with a blank before the colon", get(b"Host : other")),
    Row(TARGET, "no Host in HTTP/1.0", head(b"GET /x HTTP/1.0"), authority=b"", closes=True),
    refused(TARGET, "two Hosts in HTTP/1.0", get(HOST, version=b"HTTP/1.0")),
    *(
        Row(
            TARGET,
            f"the host {host.decode()!r}",
            head(b"GET /x HTTP/1.1", b"Host: " + host),
            authority=host,
        )
        for host in (
            b"",
            b"[::1]:80",
            b"localhost:",
            b"my_host",
            b"LOCALHOST",
            b"%6cocalhost",
            b"a.b.:1",
        )
    ),
    *(
        refused(TARGET, f"the host {host!r}", head(b"GET /x HTTP/1.1", b"Host: " + host))
        for host in (
            *(
                b"localhost:1@evil.example",
                b"me@localhost",
                b"a/b",
                b"a b",
                b"a, b",
                b"[::1",
                b"::1",
            ),
            *(
                b"localhost:x",
                b"localhost:123456",
                b"caf\xc3\xa9",
                b"http://localhost",
                b"a\\b",
                b"%6",
            ),
            *(b"localhost#x", b"localhost?x", b"[::1]x"),
        )
    ),
]

FIELDS = [
    Row(FIELD, "no blank after the colon", get(b"A:b")),
    Row(FIELD, "blanks and tabs around the value", get(b"A: \t b \t ")),
    Row(FIELD, "an empty value", get(b"A:", b"B: ")),
    Row(FIELD, "a repeated field", get(b"A: b", b"a: c")),
    Row("RFC 9110, 5.6.2", "all signs of a token", get(b"!#$%&'*+-.^_`|~09azAZ: b")),
    Row(VALUE, "octets above 127 in a value", get(b"A: caf\xc3\xa9")),
    Row(VALUE, "a tab in a value", get(b"A: b\tc")),
    refused("RFC 9112, 5.1", "a blank before the colon", get(b"A : b")),
    refused("RFC 9112, 5.1", "a tab before the colon", get(b"A\t: b")),
    refused("RFC 9112, 5.2", "a folded value (a choice)", get(b"A: b", b" c")),
    refused("RFC 9112, 5.2", "a value folded with a tab (a choice)", get(b"A: b", b"\tc")),
    refused(
        "RFC 9112, 5.2",
        "a folded Host (a choice)",
        head(b"GET /x HTTP/1.1", b"Host:", b" localhost"),
    ),
    refused("RFC 9112, 5.2", "an empty folded line (a choice)", get(b"A: b", b" ")),
    refused(FIELD, "no colon", get(b"A")),
    refused(FIELD, "no name", get(b": b")),
    *(
        refused("RFC 9110, 5.6.2", f"the name {name!r}", get(name + b": b"))
        for name in (b"A B", b"A(", b"A\0", b"A\x7f", b"caf\xc3\xa9", b'"A"', b"A@", b"[A]", b"A/B")
    ),
    *(
        refused(VALUE, f"{sign!r} in a value", get(b"A: b%bc" % sign))
        for sign in (b"\0", b"\r", b"\n", b"\x01", b"\x0b", b"\x0c", b"\x1b", b"\x7f")
    ),
    refused(VALUE, "LF that would begin a field", get(b"A: b\n" + CHUNKED) + chunks(SMUGGLED)),
]

CONNECTIONS = [
    Row(CLOSE, "close", get(b"Connection: close"), closes=True),
    Row(CLOSE, "Close in capitals", get(b"Connection: CLOSE"), closes=True),
    Row(CLOSE, "close among others", get(b"Connection: keep-alive , close"), closes=True),
    Row(CLOSE, "close on a second line", get(b"Connection: a", b"Connection: close"), closes=True),
    Row(CLOSE, "close, and something after it", get(b"Connection: close") + SMUGGLED, closes=True),
    Row(CLOSE, "keep-alive", get(b"Connection: keep-alive")),
    Row(CLOSE, "no more than the beginning of close", get(b"Connection: closed")),
    Row("RFC 9112, 9.3", "HTTP/1.0", get(version=b"HTTP/1.0") + SMUGGLED, closes=True),
    Row(
        *("RFC 9112, 9.3", "HTTP/1.0 keep-alive (a choice)"),
        get(b"Connection: keep-alive", version=b"HTTP/1.0"),
        closes=True,
    ),
    Row(
        EXPECT, "100-continue", post(b"Expect: 100-continue", LENGTH, body=SMUGGLED), body=SMUGGLED
    ),
    Row(
        EXPECT,
        "100-Continue",
        post(b"Expect: 100-Continue", CHUNKED, body=chunks(b"ab")),
        body=b"ab",
    ),
    Row(EXPECT, "100-continue without a body", get(b"Expect: 100-continue")),
    refused(EXPECT, "another expectation", post(b"Expect: more", LENGTH, body=SMUGGLED), 417),
    refused(EXPECT, "two expectations", get(b"Expect: 100-continue", b"Expect: more"), 417),
    Row(
        *(EXPECT, "100-continue in HTTP/1.0"),
        post(b"Expect: 100-continue", LENGTH, body=SMUGGLED, version=b"HTTP/1.0"),
        body=SMUGGLED,
        closes=True,
    ),
]

_H2C = (
    b"Connection: Upgrade, HTTP2-Settings",
    b"Upgrade: h2c",
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk",
)
_WEBSOCKET = (
    *(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"),
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
_OFFERS = {
    "h2c": _H2C,
    "a websocket": _WEBSOCKET,
    "TLS": (b"Connection: Upgrade", b"Upgrade: TLS/1.2"),
    "several protocols": (b"Connection: keep-alive, upgrade", b"Upgrade: h2c, IRC/6.9, RTA/x11"),
    "an upgrade to nothing": (b"Connection: Upgrade",),
    "an upgrade without Connection": (b"Upgrade: websocket",),
}
OFFERS = [
    *(Row(UPGRADE, f"{name} on a GET", get(*lines)) for name, lines in _OFFERS.items()),
    *(
        Row(UPGRADE, f"{name} with a length", post(*lines, LENGTH, body=SMUGGLED), body=SMUGGLED)
        for name, lines in _OFFERS.items()
    ),
    *(
        Row(
            UPGRADE,
            f"{name} with chunks",
            post(*lines, CHUNKED, body=chunks(SMUGGLED)),
            body=SMUGGLED,
        )
        for name, lines in _OFFERS.items()
    ),
    Row(
        *(UPGRADE, "h2c in HTTP/1.0"),
        post(*_H2C, LENGTH, body=SMUGGLED, version=b"HTTP/1.0"),
        body=SMUGGLED,
        closes=True,
    ),
    Row(UPGRADE, "a request after an offer", get(*_H2C) + get(), (200, 200)),
    refused(CONNECT, "CONNECT", head(b"CONNECT localhost:80 HTTP/1.1", HOST), 501),
    refused(CONNECT, "CONNECT to a path", head(b"CONNECT /x HTTP/1.1", HOST), 501),
    refused(
        CONNECT,
        "CONNECT with a length",
        head(b"CONNECT a:80 HTTP/1.1", HOST, LENGTH) + SMUGGLED,
        501,
    ),
    refused(
        CONNECT,
        "CONNECT with chunks",
        head(b"CONNECT a:80 HTTP/1.1", HOST, CHUNKED) + chunks(SMUGGLED),
        501,
    ),
    refused(CONNECT, "CONNECT in HTTP/1.0", head(b"CONNECT a:80 HTTP/1.0") + SMUGGLED, 501),
]

HEADS = [*REQUEST_LINES, *VERSIONS, *TARGETS, *HOSTS, *FIELDS, *CONNECTIONS, *OFFERS]
