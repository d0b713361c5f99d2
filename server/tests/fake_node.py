"""A node of a chain on a real loopback socket, with balances of one token and scripted faults."""

import json
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream

TOKEN = "0x321b7ff75154472b18edb199033ff4d116f340ff"
BASE = 8453


@dataclass
class FakeNode:
    """What is on the chain, and what the node will do wrong."""

    url: str = ""
    chain_id: int = BASE
    balances: dict[str, int] = field(default_factory=dict)
    """Smallest units of the token, by address in lower case."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    replies: deque[bytes] = field(default_factory=deque)
    """Whole bodies to send instead of the next replies."""
    status: int = 200
    silent: bool = False

    def call(self, wanted: list[Any]) -> str:
        """Answer `eth_call` as the EVM does: a word, or nothing where there is no contract."""
        call, block = wanted
        if call["to"] != TOKEN or block != "latest":
            return "0x"
        selector, argument = call["data"][:10], call["data"][10:]
        assert selector == "0x70a08231"
        assert len(argument) == 64
        assert argument.startswith("0" * 24)
        return f"0x{self.balances.get('0x' + argument[24:], 0):064x}"

    def body(self, question: dict[str, Any]) -> bytes:
        self.asked.append(question)
        if self.replies:
            return self.replies.popleft()
        method = question["method"]
        result = hex(self.chain_id) if method == "eth_chainId" else self.call(question["params"])
        return json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": result}).encode()

    async def serve(self, stream: ByteStream) -> None:
        reader = BufferedByteReceiveStream(stream)
        async with stream:
            try:
                while True:
                    head = (await reader.receive_until(b"\r\n\r\n", 2**16)).decode()
                    self.paths.append(head.split(" ")[1])
                    length = int(head.partition("Content-Length: ")[2].partition("\r\n")[0])
                    question = json.loads(await reader.receive_exactly(length))
                    if self.silent:
                        await anyio.sleep_forever()
                    body = self.body(question)
                    top = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(body)}\r\n\r\n"
                    await stream.send(top.encode() + body)
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
                return


@asynccontextmanager
async def fake_node() -> AsyncGenerator[FakeNode]:
    node = FakeNode()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
    node.url = f"http://127.0.0.1:{port}"
    async with listener, anyio.create_task_group() as group:
        group.start_soon(partial(listener.serve, node.serve))
        yield node
        group.cancel_scope.cancel()
