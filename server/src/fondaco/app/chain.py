"""Composition of the chain adapters from the settings."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from fondaco.chain.challenge import SignedChallenges
from fondaco.chain.node import NodeStakes
from fondaco.chain.rule import RuleStakes
from fondaco.chain.signature import EthSignatures
from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.domain.money.money import nano
from fondaco.environment import ConfigurationError, secret
from fondaco.ports import Accounts, Stakes
from fondaco.sections import ChainNode
from fondaco.serving.access.wallets import WalletPorts
from fondaco.settings import Settings
from fondaco.stores.home import Home
from fondaco.stores.sqlite.accounts.accounts import SqliteAccounts

_CONNECTIONS = 8


@asynccontextmanager
async def opened_chain(settings: Settings, home: Home) -> AsyncGenerator[WalletPorts]:
    """Open the adapters of wallets, and close them at the end.

    Raises:
        ConfigurationError: the node's address cannot be used.
    """
    accounts = SqliteAccounts(home.database, tier=settings.chain.tier)
    node = _node(settings.chain.node)
    try:
        yield chain_of(_stakes(settings, node), accounts)
    finally:
        with anyio.CancelScope(shield=True):
            if node is not None:
                await node.aclose()
        accounts.close()


def chain_of(stakes: Stakes | None, accounts: Accounts) -> WalletPorts:
    """Return the adapters of wallets; a secret that dies with the process signs their challenges."""
    challenges = SignedChallenges(secrets.token_bytes(32), f"fondaco:{secrets.token_hex(16)}")
    return WalletPorts(challenges, EthSignatures(), stakes, accounts)


def _stakes(settings: Settings, node: HttpClient | None) -> Stakes | None:
    """Return where stakes are read, or None where the operator has named nothing."""
    if node is not None:
        options = settings.chain.node
        return NodeStakes(
            node,
            token=options.token,
            chain_id=options.chain_id,
            nano_diem_per_token=nano(options.diem_per_token),
            decimals=options.decimals,
            timeout_s=options.timeout_s,
        )
    if settings.chain.stake:
        return RuleStakes({who.lower(): nano(diem) for who, diem in settings.chain.stake.items()})
    return None


def _node(options: ChainNode) -> HttpClient | None:
    if not options.url:
        return None
    named = options.url.startswith(("env:", "file:"))
    try:
        return connect(
            secret(options.url).strip() if named else options.url,
            connections=_CONNECTIONS,
            connect_timeout_s=options.timeout_s,
            first_byte_timeout_s=options.timeout_s,
            total_timeout_s=options.timeout_s,
        )
    except ValueError as error:
        # The message may show an address that has a key in it.
        raise ConfigurationError("chain.node.url is not the address of a node.") from error
