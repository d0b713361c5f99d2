"""Keys for wallets as requests ask for them.

Source: GET and POST /api_keys/generate_web3_key.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from fondaco.domain.money.wallet import Proof
from fondaco.http.apis.venice.keys.schemas import Description, NewKeyRequest

_LONGEST_TOKEN = 1000


class WalletKeyRequest(NewKeyRequest):
    """The key to make, and the proof that the wallet is the caller's."""

    description: Description = Field("Web3 API Key", description="What it is for.")
    address: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$")] = Field(
        description="The wallet's address; letters in one case, or with the checksum of EIP-55.",
        examples=["0x45B73055F3aDcC4577Bb709db10B19d11b5c94eE"],
    )
    token: Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_TOKEN)] = Field(
        description="What GET on this address gave, at most ten minutes ago; each is good for one key."
    )
    signature: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{130}$")] = Field(
        description="The token's text, signed by the wallet as a personal message (EIP-191): r, s, v."
    )

    @property
    def proof(self) -> Proof:
        """The proof that this holds."""
        return Proof(self.address, self.token, self.signature)


class Token(BaseModel):
    """A text to sign."""

    token: str = Field(description="To be signed by the wallet as a personal message, as it is.")


class TokenReply(BaseModel):
    """The reply to GET."""

    data: Token
    success: Literal[True]
