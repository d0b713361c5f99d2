"""The dialect of ACI: errors with its types, and its version in every response."""

from fondaco.http.edge.aci_errors import ACI_ERROR_SCHEMA, ACI_VERSION, aci_error_body
from fondaco.http.endpoint.dialect import ApiDialect

ACI = ApiDialect(
    prefixes=("/v1/aci", "/api/v1/aci"),
    error_body=aci_error_body,
    error_schema=ACI_ERROR_SCHEMA,
    error_name="ACIError",
    lines=ACI_VERSION,
)
