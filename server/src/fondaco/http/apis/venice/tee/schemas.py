"""Queries and responses of `/tee`.

Source: Venice's guide to end-to-end encryption.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from fondaco.http.endpoint.fields import Schema, Strict

_MODEL = Field(
    min_length=1,
    max_length=200,
    description="A model that takes encrypted content.",
    examples=["e2ee-smollm2-135m"],
)


class AttestationQuery(Strict):
    """Model to attest to, and the caller's nonce."""

    model: str = _MODEL
    nonce: str | None = Field(
        None,
        pattern="^[0-9a-fA-F]{64}$",
        description="32 random bytes in hex, which the report repeats; without them the server draws some.",
        examples=["00" * 32],
    )


class SignatureQuery(Strict):
    """Response that the signature is of."""

    model: str = _MODEL
    request_id: str = Field(
        min_length=1,
        max_length=200,
        description="The `id` of the completion.",
        examples=["chatcmpl-00000000000000000000000000000000"],
    )


class _Fields(Schema):
    """Documented fields of a response; it may have more."""

    model_config = ConfigDict(extra="allow")


class Attestation(_Fields):
    """An attestation report on the enclave that answers encrypted calls to a model."""

    model: str = Field(description="As it was asked for.")
    nonce: str
    verified: bool = Field(
        description="Whether this server verified hardware evidence of it: never of software."
    )
    tee_provider: str = Field(description="`software`: there is no such evidence.")
    signing_key: str = Field(description="The model key: 65 bytes in hex.")
    signing_address: str
    signing_algo: Literal["ecdsa"]
    attestation: dict[str, Any] = Field(
        description="ACI's: keyset, its endorsement, report data and evidence."
    )


class ResponseSignature(_Fields):
    """The signature of a response."""

    text: str = Field(description="What is signed.")
    signature: str
    signing_address: str
    signing_algo: str
    receipt: dict[str, Any] = Field(description="ACI's signed receipt of the same response.")
