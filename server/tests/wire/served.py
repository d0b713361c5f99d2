"""What a connection answers, whatever it is fed: one reply a request, and nothing after doubt."""

import json
from collections.abc import Sequence

from raw_http import BrokenReplyError, Reply, replies_of
from wire.echo_server import EchoServer
from wire.fake_line import HEADER_LIMIT, line, turns
from wire.referee import ours, pieces_of


async def error_in_body(octets: bytes, cuts: Sequence[int]) -> str:
    """Return what is wrong with the replies to octets that come in pieces, if anything."""
    understood = ours([octets], HEADER_LIMIT)
    if any(request.method == b"HEAD" for request in understood.requests):
        return ""  # whether its reply has a body, octets alone do not tell
    one = line(EchoServer().answer)
    for piece in pieces_of(octets, cuts):
        one.connection.data_received(piece)
        await turns(2)
    await turns(4 * len(understood.requests) + 8)
    transport, written = one.transport, one.transport.written
    one.connection.connection_lost(None)
    try:
        replies = replies_of(written)
    except BrokenReplyError as broken:
        return f"no replies: {broken}"
    bodies = [
        json.loads(reply.body or b"{}").get("body") for reply in replies if reply.status == 200
    ]
    if bodies != [request.body.decode("latin-1") for request in understood.requests]:
        return f"answered as {replies}, but understood as {understood}"
    odd = [reply.status != 200 for reply in replies]
    if odd[:-1] != [False] * len(odd[:-1]) or bool(understood.error) > any(odd) + _closed(replies):
        return f"refused elsewhere than at the end: {replies}"
    if (transport.ended or transport.closed) is not _closed(replies):
        return f"closed without a word, or left open after it: {replies}"
    return ""


def _closed(replies: Sequence[Reply]) -> bool:
    return bool(replies) and replies[-1].closes
