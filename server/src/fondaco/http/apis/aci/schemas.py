"""The query and the responses of ACI's endpoints.

Source: ACI, sections 5 and 8.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from fondaco.http.endpoint.fields import Schema, Strict


class ReportQuery(Strict):
    """To whom to attest."""

    nonce: str | None = Field(
        None,
        max_length=512,
        description="Random text that the report's data binds; without one it may be an old report.",
        examples=["3q2-7wAAAAAAAAAAAAAAAA"],
    )


class _Fields(Schema):
    """Documented fields of a response; it may have more."""

    model_config = ConfigDict(extra="allow")


class Report(_Fields):
    """An attestation report."""

    api_version: Literal["aci/1"]
    workload_id: str = Field(description="Digest of the identity key.")
    workload_keyset_digest: str = Field(description="Digest of the current keys.")
    attestation: dict[str, Any] = Field(
        description="Keyset, its endorsement, report data, freshness and evidence."
    )
    service_capabilities: dict[str, Any]


class Receipt(_Fields):
    """A signed receipt: hashes of the request, the engine's request and the response."""

    api_version: Literal["aci/1"]
    receipt_id: str
    chat_id: str | None = Field(description="The `id` of the completion.")
    model: str | None
    workload_id: str
    workload_keyset_digest: str
    endpoint: str
    method: str
    served_at: int
    event_log: list[dict[str, Any]]
    signature: dict[str, Any]
