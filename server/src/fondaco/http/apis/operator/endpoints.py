"""Endpoints for operators: health, metrics and the API's description."""

from fondaco.http.apis.operator import (
    alive,
    contract,
    doc_page,
    doc_redirects,
    docs_site,
    metrics,
    ready,
)
from fondaco.http.edge.routes import AnyEndpoint

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    alive.ENDPOINT,
    ready.ENDPOINT,
    metrics.ENDPOINT,
    contract.JSON_ENDPOINT,
    contract.YAML_ENDPOINT,
    doc_page.PAGE_ENDPOINT,
    doc_page.ASSET_ENDPOINT,
    *doc_redirects.ENDPOINTS,
    docs_site.BESIDE_ENDPOINT,
    docs_site.INDEX_ENDPOINT,
    docs_site.FILE_ENDPOINT,
)
