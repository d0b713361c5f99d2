"""The fast path's promise: it does what the ordinary road does, to the last byte, row and count.

Each scene is played on two servers, of which only one has the fast path (`two_roads`). Whatever a caller
sends, an engine answers or a ledger does, and whoever leaves when, the bytes on both wires, the rows of the
ledger, what is counted and what is left over have to be the same.
"""

import json
from collections.abc import Sequence

from hypothesis import strategies as st

from scenes import (
    AUTHORIZED,
    PLAIN,
    PLAIN_MESSAGE,
    PLAIN_RESPONSE,
    Ask,
    Congest,
    HangUp,
    Hold,
    Leave,
    Pause,
    Reply,
    Step,
    cut,
)
from two_roads import Road


def completion(**changes: object) -> bytes:
    """Return a whole completion as engines send it."""
    message = {"role": "assistant", "content": "Hello"}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    return json.dumps({"id": "c", "choices": [choice], "usage": usage, **changes}).encode()


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return an engine's response, framed by its length."""
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


GOOD = response(completion())

# Bodies: plain ones, and what lies around them.

_texts = st.one_of(st.text(max_size=20), st.sampled_from(["Hi", 'a"b', "\\", '":', "\u2028é😀"]))
_messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "system", "assistant", "developer"]), "content": _texts}
)
_odd_messages: st.SearchStrategy[object] = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "tool", "poet", 7])}),
    st.fixed_dictionaries(
        {"role": st.just("user"), "content": st.sampled_from([None, 7, [], ["a"]])}
    ),
    st.fixed_dictionaries({"role": st.just("user"), "content": _texts, "name": _texts}),
    st.fixed_dictionaries(
        {
            "role": st.just("user"),
            "content": st.just([{"type": "text", "text": "Hi"}]),
        }
    ),
    st.sampled_from([None, "Hi", []]),
)
_numbers = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 5),
    st.floats(-1, 3),
    st.sampled_from([1e400, 0.7, 2.0, "1", 2**31 - 1, 2**31, 2**64, -0.0, 5e-324]),
)
_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": _numbers,
        "top_p": _numbers,
        "max_tokens": _numbers,
        "max_completion_tokens": _numbers,
        "stream": st.sampled_from([None, False, 0, "no"]),
        "user": st.one_of(st.none(), _texts, st.just(7)),
        "n": st.sampled_from([None, 1, 2, 9]),
        "seed": _numbers,
        "stop": st.sampled_from([None, "a", ["a", "b"], []]),
        "logprobs": st.sampled_from([None, True]),
        "tools": st.just([]),
        "flavour": st.none(),
        "venice_parameters": st.sampled_from([None, {}, {"disable_thinking": True}, {"no": 1}]),
    },
)
_names = st.sampled_from(
    ["toy", "default", "gpt-4o", "none", "", "toy:enable_web_search=off", 7, None]
)


_MANY_OPTIONS: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {},
    optional={
        "temperature": _numbers,
        "top_p": _numbers,
        "stream": st.sampled_from([None, False, 0, "no"]),
        "metadata": st.sampled_from([None, {}, {"user_id": "a"}, {"a": "b"}, {"a": 7}, []]),
        "tools": st.just([]),
        "flavour": st.none(),
        "service_tier": st.sampled_from([None, "auto", "flex", 7]),
    },
)
"""Options of the Responses API and of Anthropic's; both have some of their own."""
_OWN_OPTIONS: dict[str, st.SearchStrategy[dict[str, object]]] = {
    "/api/v1/responses": st.fixed_dictionaries(
        {},
        optional={
            "max_output_tokens": _numbers,
            "instructions": st.one_of(st.none(), _texts, st.just(7)),
            "user": st.one_of(st.none(), _texts, st.just(7)),
            "store": st.sampled_from([None, False, True]),
            "truncation": st.sampled_from(["auto", "disabled"]),
            "include": st.sampled_from([None, ["message.output_text.logprobs"]]),
        },
    ),
    "/v1/messages": st.fixed_dictionaries(
        {"max_tokens": st.one_of(st.just(5), _numbers)},
        optional={
            "system": st.one_of(st.none(), _texts, st.just([{"type": "text", "text": "Hi"}])),
            "top_k": _numbers,
            "stop_sequences": st.sampled_from([None, [], ["a"], ["a", ""], 7]),
            "thinking": st.just({"type": "disabled"}),
        },
    ),
}


@st.composite
def bodies(draw: st.DrawFn, path: str = "/api/v1/chat/completions") -> bytes:
    """Draw a body that is plain, or nearly."""
    plain = draw(st.integers(0, 3)) > 0
    messages: object = draw(
        st.lists(_messages, min_size=1, max_size=3)
        if plain
        else st.lists(st.one_of(_messages, _odd_messages), max_size=3)
    )
    if path == "/api/v1/responses" and draw(st.booleans()):
        messages = draw(_texts)
    body: dict[str, object] = {
        "model": "toy" if plain else draw(_names),
        "input" if path == "/api/v1/responses" else "messages": messages,
    }
    if draw(st.booleans()):
        body |= draw(_OPTIONS if path not in _OWN_OPTIONS else _MANY_OPTIONS)
    if path in _OWN_OPTIONS:
        body |= draw(_OWN_OPTIONS[path])
    text = json.dumps(
        body,
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")])),
    )
    octets = text.encode("utf-8", "surrogatepass")
    match draw(st.integers(0, 11)):
        case 0:
            return octets.replace(b'{"', b'{"model":"toy","', 1)  # a key twice
        case 1:
            return octets[: draw(st.integers(0, len(octets)))]
        case 2:
            return octets.replace(b"}", b',"role":"user"}', 1)
        case 3:
            return octets + draw(st.sampled_from([b" ", b"\n", b"x", b"\0", b"{}"]))
        case _:
            return octets


_headers = st.sampled_from(
    [AUTHORIZED] * 6
    + [
        (AUTHORIZED[0],),
        (AUTHORIZED[0], b"Authorization: Bearer wrong"),
        (AUTHORIZED[0], AUTHORIZED[1].lower()),
        (b"Content-Type: text/plain", AUTHORIZED[1]),
        (b"Content-Type: application/json; charset=utf-8", AUTHORIZED[1]),
        (*AUTHORIZED, b"Connection: close"),
        (*AUTHORIZED, b"Accept-Encoding: gzip, br"),
        (*AUTHORIZED, b"Idempotency-Key: once"),
        (*AUTHORIZED, b"X-E2EE-Version: 2"),
        (*AUTHORIZED, b"Accept: a", b"Accept: b"),
        (*AUTHORIZED, AUTHORIZED[1]),
        (*AUTHORIZED, b"Cookie: a=b", b"Origin: http://elsewhere.example"),
    ]
)


@st.composite
def asks(draw: st.DrawFn) -> Ask:
    """Draw a request, in pieces."""
    path = draw(st.sampled_from(["/api/v1/chat/completions", *_OWN_OPTIONS]))
    at_v1 = path.removeprefix("/api") + "?a=b"
    return Ask(
        draw(bodies(path)),
        draw(_headers),
        tuple(draw(st.lists(st.integers(0, 500), max_size=2))),
        draw(st.sampled_from([path] * 4 + [at_v1])).encode(),
    )


# Engines: good and bad answers, cut anywhere.

_usages = st.one_of(
    st.none(),
    st.sampled_from([[], {}, 7]),
    st.fixed_dictionaries(
        {},
        optional={
            "prompt_tokens": _numbers,
            "completion_tokens": st.one_of(_numbers, st.just(10**6)),
            "total_tokens": _numbers,
            "prompt_tokens_details": st.sampled_from(
                [None, {"cached_tokens": 2}, {"cached_tokens": 99}]
            ),
            "completion_tokens_details": st.sampled_from([None, {"reasoning_tokens": 1}]),
        },
    ),
)
_contents: st.SearchStrategy[object] = st.one_of(
    _texts,
    st.sampled_from(["Hello", "é\n", "long " * 500, "x" * 40_000]),
    st.sampled_from(["Hello", None, "", 7, [], [{"type": "text", "text": "a"}]]),
)


@st.composite
def completions(draw: st.DrawFn) -> bytes:
    """Draw a completion that may break its shape."""
    message: dict[str, object] = {"role": "assistant", "content": draw(_contents)}
    match draw(st.integers(0, 15)):
        case 0:
            message["reasoning_content"] = draw(_texts)
        case 1:
            message["tool_calls"] = [
                {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ]
        case 2:
            message["refusal"] = draw(_texts)
        case 3:
            message["reasoning_details"] = [{"type": "reasoning.text", "text": "so"}]
        case _:
            pass
    reason = draw(
        st.sampled_from(["stop"] * 12 + ["length"] * 3 + ["tool_calls", "content_filter", None, 7])
    )
    choice: dict[str, object] = {
        "index": draw(st.sampled_from([0] * 16 + [1, -1, None])),
        "message": message,
    }
    choices: object = [choice | {"finish_reason": reason}]
    match draw(st.integers(0, 9)):
        case 0:
            choices = draw(st.sampled_from([None, [], {}, [7], [choice, choice]]))
        case _:
            pass
    changes: dict[str, object] = {"choices": choices}
    if draw(st.integers(0, 2)) == 0:
        changes["usage"] = draw(_usages)
    if draw(st.integers(0, 9)) == 0:
        changes["error"] = {
            "message": "no",
            "type": "x",
            "code": draw(st.sampled_from([None, 400])),
        }
    return completion(**changes)


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    """Draw an engine's response."""
    body = draw(completions())
    match draw(st.integers(0, 12)):
        case 0:
            body = body[: draw(st.integers(0, len(body)))]
        case 1:
            body = b"data: " + body + b"\n\ndata: [DONE]\n\n"
        case 2:
            body = draw(st.binary(max_size=30))
        case _:
            pass
    statuses = ["200 OK"] * 9 + [
        "201 Created",
        "400 Bad Request",
        "404 Not Found",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "503 Service Unavailable",
    ]
    headers = draw(st.sampled_from([()] * 6 + [("Connection: close",), ("Retry-After: 7",)]))
    octets = response(body, draw(st.sampled_from(statuses)), *headers)
    return draw(_framed(octets)) if draw(st.integers(0, 2)) == 0 else octets


def _framed(octets: bytes) -> st.SearchStrategy[bytes]:
    """Return responses that are more or less than these octets, or of another protocol."""
    return st.one_of(
        st.integers(0, len(octets)).map(lambda end: octets[:end]),
        st.sampled_from(
            [
                b"HTTP/1.1 100 Continue\r\n\r\n" + octets,
                octets + b"more",
                octets.replace(b"HTTP/1.1", b"HTTP/1.0", 1),
                octets.replace(b"HTTP/1.1", b"FTP/1", 1),
                octets.replace(
                    b"Content-Length", b"Content-Size", 1
                ),  # it ends with the connection
            ]
        ),
    )


_events: st.SearchStrategy[Step] = st.sampled_from(
    [
        HangUp(),
        Leave(),
        Pause(1.0),
        Pause(31.0),
        Pause(70.0),
        Hold("wait"),
        Hold("fail"),
        Hold("on"),
        Congest(on=True),
        Congest(on=False),
        PLAIN,
        Reply(GOOD),
    ]
)


@st.composite
def scenes(draw: st.DrawFn) -> Sequence[Step]:
    """Draw a scene: a request or two, the engine's answer in pieces, and what else may happen at any place."""
    steps: list[Step] = [draw(st.sampled_from([PLAIN, PLAIN_RESPONSE, PLAIN_MESSAGE]) | asks())]
    octets = draw(st.just(GOOD) | replies())
    cuts = draw(st.lists(st.integers(0, 10**5), max_size=3))
    steps += [Reply(piece) for piece in cut(octets, cuts)]
    return draw(with_events(steps))


@st.composite
def with_events(draw: st.DrawFn, steps: list[Step]) -> list[Step]:
    """Draw a scene in which other things happen between its steps."""
    for event in draw(st.lists(_events, max_size=4)):
        steps.insert(draw(st.integers(0, len(steps))), event)
    return steps


# Streams.

STREAMED = Ask(
    b'{"model":"toy","messages":[{"role":"user","content":"Hi"}],"max_tokens":9,"stream":true}',
    AUTHORIZED,
)
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
"""The head of a streamed response."""
END = b"0\r\n\r\n"
"""The last chunk of its body."""


def chunk(octets: bytes) -> bytes:
    """Return a chunk of HTTP/1.1."""
    return b"%x\r\n%b\r\n" % (len(octets), octets)


def event(delta: dict[str, object], **changes: object) -> bytes:
    """Return an event of a stream, in a chunk of its own."""
    choice = {"index": 0, "delta": delta, "finish_reason": None} | changes
    return b"data: %b\n\n" % json.dumps({"id": "c", "choices": [choice]}).encode()


LAST = b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":3}}\n\n'
DONE = b"data: [DONE]\n\n"
_odd_events = st.one_of(
    st.sampled_from(
        [
            event({"role": "assistant", "content": ""}),
            event({"content": "a"}, index=1),
            event({"content": "a"}, finish_reason="stop"),
            event({"content": None}),
            event({"reasoning_content": "so"}),
            event({"refusal": "no"}),
            event({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{"}}]}),
            event({"content": "a"}, logprobs={"content": [{"token": "a", "logprob": -1.0}]}),
            event({"content": "x" * 3_000}),
            event({}, finish_reason="length"),
            b'data: {"error":{"message":"no"}}\n\n',
            b"data: 7\n\n",
            b"data: {\n\n",
            b": ping\n\n",
            b"event: x\r\n",
            b"data:" + event({"content": "b"})[6:],
            event({"content": "b"})[:-1] + b"\r\n",
            DONE,
            LAST,
        ]
    ),
    st.binary(max_size=9),
)
_words = st.one_of(st.sampled_from([" lamp", "é", "!"]), _texts).map(
    lambda text: event({"content": text})
)
_raw_words = st.sampled_from(
    [b"\xff", b"\xc3", "é".encode(), b"\x00", b"\\n", b'\\"', b'"', b"\n\n"]
).map(lambda octets: event({"content": "@"}).replace(b"@", octets))


@st.composite
def stream_scenes(draw: st.DrawFn) -> list[Step]:
    """Draw a scene of a stream: events by themselves or together, cut anywhere."""
    likely = draw(st.sampled_from([_words, _words | _raw_words, _words | _words | _odd_events]))
    words = draw(st.lists(likely, max_size=12))
    ending = draw(st.sampled_from([(LAST, DONE)] * 5 + [(DONE,), (), (LAST,)]))
    events = [event({"content": "One"}), *words, event({}, finish_reason="stop"), *ending]
    pieces = [STREAM + chunk(events[0])]
    for octets in events[1:]:
        if draw(st.integers(0, 5)) == 0:
            pieces[-1] += chunk(octets)  # together with the one before
        else:
            pieces += cut(
                chunk(octets), draw(st.just([]) | st.lists(st.integers(0, 400), max_size=2))
            )
    if draw(st.integers(0, 5)):
        pieces.append(END)
    options = draw(
        st.sampled_from([b"", b"", b',"stream_options":{"include_usage":true}', b',"n":2'])
    )
    body = STREAMED.body[:-1] + options + b"}"
    steps: list[Step] = [Ask(body, AUTHORIZED), *(Reply(piece) for piece in pieces)]
    return draw(with_events(steps))


async def expect_same(roads: tuple[Road, Road], scene: Sequence[Step]) -> None:
    """Play a scene on both roads, and compare all that came of it."""
    fast, ordinary = await roads[0].play(scene), await roads[1].play(scene)
    for name, found in ordinary.items():
        assert fast[name] == found, name
