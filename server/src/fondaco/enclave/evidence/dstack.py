"""dstack: confidential machines whose guest agent gives quotes over a socket."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import anyio
import orjson

from fondaco.enclave.evidence.provider import Evidence, EvidenceUnavailableError
from fondaco.enclave.evidence.quotes import Quote
from fondaco.enclave.primitives.hexadecimal import from_hex

_SOCKET: Final = Path("/var/run/dstack.sock")
_TIMEOUT_S: Final = 20.0
_MOST_BYTES: Final = 4 * 2**20
_EXPLAINING: Final = ("event_log", "vm_config")
"""Fields beside a quote by which verifiers recompute its measurements."""


class DstackEvidence:
    """A machine under dstack 0.5 or newer."""

    name = "dstack"
    tee_type = "tdx"
    hardware: str | None = "intel-tdx"
    identity_in_memory = True

    def __init__(self, socket: Path = _SOCKET, *, timeout_s: float = _TIMEOUT_S) -> None:
        """Name the guest agent's socket.

        Args:
            socket: its path.
            timeout_s: seconds that an answer may take.
        """
        self._socket, self._timeout_s = socket, timeout_s

    async def evidence(self, report_data: bytes) -> Evidence:
        """Return a quote that binds these 64 bytes, and what explains its measurements.

        Raises:
            EvidenceUnavailableError: the guest agent does not answer, or something else.

        Source: dstack, Guest Agent RPC API, `/GetQuote` and `/Info`.
        """
        answer = await self._ask("/GetQuote", {"report_data": report_data.hex()})
        info = await self._ask("/Info", {})
        encoded = answer.get("quote")
        quote = from_hex(encoded.removeprefix("0x")) if isinstance(encoded, str) else None
        if quote is None or Quote.of(quote).report_data != report_data:
            raise EvidenceUnavailableError("dstack's quote belongs to another request.")
        explained: dict[str, Any] = {name: answer.get(name) for name in _EXPLAINING}
        document = {
            "provider": self.name,
            "quote": quote.hex(),
            "quote_report_data": report_data.hex(),
            **explained,
            "info": info,
        }
        return Evidence(document, quote, {**explained, "info": info})

    async def _ask(self, path: str, body: Mapping[str, str]) -> dict[str, Any]:
        """Return the guest agent's JSON."""
        try:
            with anyio.fail_after(self._timeout_s):
                answer = orjson.loads(await self._post(path, orjson.dumps(body)))
        except (OSError, ValueError, TimeoutError) as error:
            raise EvidenceUnavailableError(
                f"dstack's guest agent at {str(self._socket)!r} does not respond to {path}: "
                f"{type(error).__name__}. Map the socket into the enclave's container."
            ) from error
        if not isinstance(answer, dict):
            raise EvidenceUnavailableError(
                f"dstack's guest agent did not return a JSON object for {path}."
            )
        return answer

    async def _post(self, path: str, body: bytes) -> bytes:
        """Return the body of an answer.

        Raises:
            OSError: the socket cannot be used.
            ValueError: the answer is an error, no HTTP, or too long.
        """
        import aiohttp  # noqa: PLC0415 - loaded where there is a guest agent to ask

        try:
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.UnixConnector(str(self._socket))
                ) as session,
                session.post(
                    f"http://dstack{path}",
                    data=body,
                    headers={"content-type": "application/json"},
                    allow_redirects=False,
                ) as response,
            ):
                if response.status != 200:  # noqa: PLR2004 - HTTP's OK
                    raise ValueError(f"Status {response.status}.")
                content = bytearray()
                async for piece in response.content.iter_any():
                    content += piece
                    if len(content) > _MOST_BYTES:
                        raise ValueError("The answer is too long.")
                return bytes(content)
        except aiohttp.ClientError as error:
            raise OSError("The connection failed.") from error
