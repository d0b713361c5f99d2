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
    """Reads what wallets have staked; it never guesses: a doubtful reply is an error."""

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
            node: where JSON-RPC is spoken.
            token: the contract's address, `0x` and 40 hex digits.
            chain_id: of the chain that the node has to be on.
            nano_diem_per_token: what one whole token gives each epoch.
            decimals: how many decimals the contract counts a token in.
            timeout_s: for all that is asked about one wallet.
        """
        self._node = node
        self._token = token
        self._chain_id = chain_id
        self._nano_diem_per_token = nano_diem_per_token
        self._unit = 10**decimals
        self._timeout_s = timeout_s

    async def allocation(self, wallet: str) -> int | None:
        """Return the nano-DIEM that a wallet's tokens give, rounded down; None where that is nothing.

        Raises:
            ChainUnavailableError: the node cannot be asked, or its reply not be trusted.
        """
        try:
            with anyio.fail_after(self._timeout_s):
                await self._expect_chain()
                staked = await self._balance(wallet)
        except (EngineError, TimeoutError) as error:
            log.warning("the chain's node does not answer: %s", type(error).__name__)
            raise ChainUnavailableError(retry_after_s=5) from error
        diem = staked * self._nano_diem_per_token // self._unit
        if diem > LARGEST:
            raise _doubtful("a balance that no token has")
        return diem or None

    async def _expect_chain(self) -> None:
        answer = await self._ask("eth_chainId", [])
        if not _QUANTITY.fullmatch(answer):
            raise _doubtful("no chain id")
        if int(answer, 16) != self._chain_id:
            raise _doubtful(f"the chain {int(answer, 16)} instead of {self._chain_id}")

    async def _balance(self, wallet: str) -> int:
        asked = {"to": self._token, "data": f"{_BALANCE_OF}{wallet.removeprefix('0x'):0>64}"}
        word = await self._ask("eth_call", [asked, "latest"])
        if not _WORD.fullmatch(word):
            raise _doubtful("no balance: is chain.node.token the address of an ERC-20 contract?")
        return int(word, 16)

    async def _ask(self, method: str, parameters: list[object]) -> str:
        """Return the result of a JSON-RPC call, which has to be a text."""
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        body = orjson.dumps(question)
        async with self._node.send("POST", "/", body) as reply:
            text = await reply.read(_LONGEST_REPLY)
            if reply.status != _OK:
                raise _doubtful(f"the status {reply.status}")
        try:
            answer: object = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _doubtful("no JSON") from None
        match answer:
            case {"error": fault}:
                raise _doubtful(f"the error {_code(fault)} to {method}")
            case {"jsonrpc": "2.0", "id": 1, "result": str(result)}:
                return result
        raise _doubtful(f"no result of {method}")


def _code(fault: object) -> object:
    match fault:
        case {"code": int(code)}:
            return code
    return "without a code"


def _doubtful(what: str) -> ChainUnavailableError:
    """Return the error for a reply from which no stake can be told; the operator reads why."""
    log.warning("the chain's node answered with %s", what)
    return ChainUnavailableError(retry_after_s=60)
