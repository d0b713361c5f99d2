"""Endpoints of ACI, below `/v1` as it is written, and below `/api/v1` as Venice's are."""

from fondaco.http.apis.aci import aci_attestation, aci_receipt
from fondaco.http.apis.aci.dialect import ACI
from fondaco.http.edge.routes import AnyEndpoint

_LISTED: tuple[AnyEndpoint, ...] = (aci_attestation.ENDPOINT, aci_receipt.ENDPOINT)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    *_LISTED,
    *(one.mirrored(f"/api{one.path}", ACI) for one in _LISTED),
)
