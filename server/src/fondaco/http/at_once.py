"""At once: whole replies and pieces of streams written to the connection, past uvicorn's messages."""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from fondaco.http.exchange import Header, Send


def reply_at_once(send: Send, status: int, headers: list[Header], body: bytes) -> bool:
    """Write a whole reply as one piece, where `send` is the connection's own and has room for it.

    uvicorn takes head and body as two messages and looks at every header twice; that was a tenth of
    a call. Returns False where it has to be done that way, as behind a middleware.
    """
    cycle = getattr(send, "__self__", None)
    if not isinstance(cycle, RequestResponseCycle) or cycle.flow.write_paused:
        return False
    if cycle.disconnected:
        return True
    lines = [STATUS_LINE[status]]
    for header in (*cycle.default_headers, *headers):
        lines += (header[0], b": ", header[1], b"\r\n")
    if not cycle.keep_alive:
        lines.append(b"connection: close\r\n")
    lines += (b"\r\n", body)
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"".join(lines))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


def piece_at_once(send: Send, body: bytes) -> bool:
    """Write a piece of a chunked reply that has begun, where `send` is the connection's own.

    Returns False where uvicorn has to do it: the caller reads slowly, or something is in between.
    """
    cycle = getattr(send, "__self__", None)
    if not isinstance(cycle, RequestResponseCycle) or cycle.flow.write_paused:
        return False
    if cycle.response_complete or not cycle.chunked_encoding:
        return False
    if not cycle.disconnected:
        cycle.transport.write(b"%x\r\n%b\r\n" % (len(body), body))
    return True
