"""GET /openapi.json and GET /doc/api/swagger.yaml."""

from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response


async def run_json(context: RequestContext[None, None]) -> Response:
    """Send the OpenAPI document as JSON."""
    return Response(context.contract.json(), lasting=True)


async def run_yaml(context: RequestContext[None, None]) -> Response:
    """Send the OpenAPI document as YAML."""
    return Response(context.contract.yaml(), media_type=b"application/yaml", lasting=True)


JSON_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/openapi.json",
    run=run_json,
    summary="Get this document as JSON",
    tag="Documentation",
    access=Access.ANYBODY,
    responses={200: Content("The OpenAPI 3.1 document")},
)
YAML_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/doc/api/swagger.yaml",
    run=run_yaml,
    summary="Get this document as YAML",
    tag="Documentation",
    access=Access.ANYBODY,
    responses={200: Content("The OpenAPI 3.1 document", media_type="application/yaml")},
)
