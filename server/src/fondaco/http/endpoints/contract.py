"""GET /openapi.json and GET /doc/api/swagger.yaml."""

from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.replies import Whole


async def run_json(ask: Ask[None, None]) -> Whole:
    """Show the contract as JSON."""
    return Whole(ask.contract.json(), lasting=True)


async def run_yaml(ask: Ask[None, None]) -> Whole:
    """Show the contract as YAML."""
    return Whole(ask.contract.yaml(), media_type=b"application/yaml", lasting=True)


JSON_ENDPOINT = Endpoint(
    method="GET",
    path="/openapi.json",
    run=run_json,
    summary="This contract as JSON",
    tag="Documentation",
    access=Access.ANYBODY,
    replies={200: Content("OpenAPI 3.1")},
)
YAML_ENDPOINT = Endpoint(
    method="GET",
    path="/doc/api/swagger.yaml",
    run=run_yaml,
    summary="This contract as YAML",
    tag="Documentation",
    access=Access.ANYBODY,
    replies={200: Content("OpenAPI 3.1", media_type="application/yaml")},
)
