"""Stakes on a chain: a wallet's ERC-20 balance, read from a node by JSON-RPC.

Source: https://eips.ethereum.org/EIPS/eip-20 (`balanceOf`), EIP-695 (`eth_chainId`) and EIP-1474
(`eth_call`).
"""

import logging
import re
from typing import Final

import anyio
import orjson

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import ChainUnavailableError, EngineError
from fondaco.domain.money.money import LARGEST

log = logging.getLogger("fondaco.chain")

_BALANCE_OF: Final = "0x70a08231"
"""The first four bytes of keccak256("balanceOf(address)")."""
_WORD = re.compile(r"0x[0-9a-fA-F]{64}")
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,15})")
_LONGEST_REPLY: Final = 2**16
_OK: Final = 200


class NodeStakes:
    """Reads the balances of wallets from a node; an implausible response is an error."""

    def __init__(
        self,
        node: HttpClient,
        *,
        token: str,
        chain_id: int,
        nano_diem_per_token: int,
        decimals: int,
        timeout_s: float,
    ) -> None:
        """Ask `node` about the contract at the address `token`.

        Args:
            node: the client of the JSON-RPC endpoint.
            token: the contract's address, `0x` and 40 hex digits.
            chain_id: the expected chain.
            nano_diem_per_token: allocation per whole token and epoch.
            decimals: the token's decimals.
            timeout_s: for all requests about one wallet.
        """
        self._node = node
        self._token = token
        self._chain_id = chain_id
        self._nano_diem_per_token = nano_diem_per_token
        self._unit = 10**decimals
        self._timeout_s = timeout_s

    async def allocation(self, wallet: str) -> int | None:
        """Return a wallet's allocation in nano-DIEM, rounded down; None if it is zero.

        Raises:
            ChainUnavailableError: the node does not answer, or its response is invalid.
        """
        try:
            with anyio.fail_after(self._timeout_s):
                await self._expect_chain()
                staked = await self._balance(wallet)
        except (EngineError, TimeoutError) as error:
            log.warning("the chain's node does not respond: %s", type(error).__name__)
            raise ChainUnavailableError(retry_after_s=5) from error
        diem = staked * self._nano_diem_per_token // self._unit
        if diem > LARGEST:
            raise _invalid_response("a balance out of range")
        return diem or None

    async def _expect_chain(self) -> None:
        answer = await self._call("eth_chainId", [])
        if not _QUANTITY.fullmatch(answer):
            raise _invalid_response("no chain id")
        if int(answer, 16) != self._chain_id:
            raise _invalid_response(f"the chain {int(answer, 16)} instead of {self._chain_id}")

    async def _balance(self, wallet: str) -> int:
        call = {"to": self._token, "data": f"{_BALANCE_OF}{wallet.removeprefix('0x'):0>64}"}
        word = await self._call("eth_call", [call, "latest"])
        if not _WORD.fullmatch(word):
            raise _invalid_response(
                "no balance: is chain.node.token the address of an ERC-20 contract?"
            )
        return int(word, 16)

    async def _call(self, method: str, parameters: list[object]) -> str:
        """Return the result of a JSON-RPC call, which must be a string."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        body = orjson.dumps(request)
        async with self._node.send("POST", "/", body) as reply:
            text = await reply.read(_LONGEST_REPLY)
            if reply.status != _OK:
                raise _invalid_response(f"the status {reply.status}")
        try:
            response: object = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _invalid_response("no JSON") from None
        match response:
            case {"error": error}:
                raise _invalid_response(f"the error {_code(error)} to {method}")
            case {"jsonrpc": "2.0", "id": 1, "result": str(result)}:
                return result
        raise _invalid_response(f"no result of {method}")


def _code(error: object) -> object:
    match error:
        case {"code": int(code)}:
            return code
    return "without a code"


def _invalid_response(description: str) -> ChainUnavailableError:
    """Log why a node's response is invalid, and return the error for the caller."""
    log.warning("the chain's node answered with %s", description)
    return ChainUnavailableError(retry_after_s=60)
