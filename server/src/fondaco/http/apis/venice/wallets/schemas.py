"""The request and the responses of keys for wallets.

Source: GET and POST /api_keys/generate_web3_key.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from fondaco.domain.money.wallet import Proof
from fondaco.http.apis.venice.keys.schemas import Description, NewKeyRequest
from fondaco.http.endpoint.fields import Schema

_LONGEST_TOKEN = 1000
_ADDRESS = "0x45B73055F3aDcC4577Bb709db10B19d11b5c94eE"
_EXAMPLE: JsonDict = {
    "apiKeyType": "INFERENCE",
    "address": _ADDRESS,
    "token": "the token that GET returned",
    "signature": "0x" + 65 * "ab",
}


class WalletKeyRequest(NewKeyRequest):
    """The key to create, and the proof that the caller owns the wallet."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    description: Description = Field("Web3 API Key", description="Purpose of the key.")
    address: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$")] = Field(
        description="Address of the wallet: letters in one case, or with the checksum of EIP-55.",
        examples=[_ADDRESS],
    )
    token: Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_TOKEN)] = Field(
        description="Token from GET on this path, at most ten minutes old; it is good for one key."
    )
    signature: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{130}$")] = Field(
        description="Signature of the token by the wallet, as a personal message (EIP-191): r, s, v."
    )

    @property
    def proof(self) -> Proof:
        """The proof of ownership in the domain."""
        return Proof(self.address, self.token, self.signature)


class Token(Schema):
    """A token to sign."""

    token: str = Field(description="Sign it with the wallet, unchanged, as a personal message.")


class TokenReply(Schema):
    """The response to GET."""

    data: Token
    success: Literal[True]
