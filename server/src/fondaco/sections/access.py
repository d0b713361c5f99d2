"""Tables of access: rate classes, tiers, the chain."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
)

from fondaco import patterns
from fondaco.sections.base import Count, Money, Name, Seconds, Section


def _for_all(value: object) -> object:
    return value if isinstance(value, Mapping) else {ANYONE: value}


ANYONE = "*"
FOR_ALL = BeforeValidator(_for_all)
"""One value instead of a table, which applies to every name, like `*` in the table."""
Staker = Annotated[str, Field(pattern=patterns.STAKER)]


class RateClass(Section):
    """`[tiers.NAME.limits.CLASS]`: how fast accounts of a tier may ask for models of a class."""

    requests_per_minute: Count = Field(description="Requests in any minute (RPM).")
    requests_per_day: Count = Field(description="Requests in any 24 hours (RPD).")
    tokens_per_minute: Count | None = Field(
        None, description="Prompt and output tokens in any minute (TPM); absent: unlimited."
    )
    shared: bool = Field(default=False, description="Count all models of the rate class together.")


class Tier(Section):
    """`[tiers.NAME]`: a class of accounts."""

    charged: bool = Field(default=True, description="Whether its calls cost money.")
    limits: dict[Name, RateClass] = Field(
        default_factory=dict,
        description="By the models' `rate_class`; those of `embedding`, `image` and `audio` are else as of `small`.",
    )


class ChainNode(Section):
    """`[chain.node]`: where the stakes of wallets are read."""

    url: str = Field(
        "",
        description="Where a node speaks JSON-RPC, or `env:NAME` or `file:PATH` with that address; "
        "empty: none.",
        pattern=patterns.NODE_URL,
        repr=False,
    )
    chain_id: int = Field(1, ge=1, lt=2**63, description="Id of the chain that it has to be on.")
    token: str = Field(
        "",
        description="Address of the ERC-20 contract whose balance counts as the stake.",
        pattern=patterns.CONTRACT,
    )
    decimals: int = Field(18, ge=0, le=77, description="Decimals that the contract counts with.")
    diem_per_token: Money = Field(
        Decimal(0), description="DIEM that one whole token gives each epoch."
    )
    timeout_s: Seconds = Field(10.0, description="Time to read the stake of one wallet.")


class Chain(Section):
    """`[chain]`: keys for wallets; without `stake` or `node` there are none."""

    stake: Annotated[dict[Staker, Money], FOR_ALL] = Field(
        default_factory=dict,
        description="DIEM that wallets get each epoch: one amount for any wallet, or a table by "
        "address, with `*` for all others.",
    )
    node: ChainNode = Field(default=ChainNode(), description="Where stakes are read.")
    tier: Name = Field("paid", description="Tier of the accounts that wallets open.")
    challenge_lifetime_s: Seconds = Field(
        600.0, description="Time in which a wallet has to sign and send its token back."
    )
