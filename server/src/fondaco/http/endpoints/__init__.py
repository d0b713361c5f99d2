"""The table of contents: every endpoint of the server."""

from fondaco.http.endpoints import (
    alive,
    chat_completions,
    contract,
    doc_page,
    list_models,
    metrics,
    model_compatibility,
    model_traits,
    ready,
)
from fondaco.http.routes import AnyEndpoint

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    chat_completions.ENDPOINT,
    list_models.ENDPOINT,
    model_traits.ENDPOINT,
    model_compatibility.ENDPOINT,
    alive.ENDPOINT,
    ready.ENDPOINT,
    metrics.ENDPOINT,
    contract.JSON_ENDPOINT,
    contract.YAML_ENDPOINT,
    doc_page.PAGE_ENDPOINT,
    doc_page.ASSET_ENDPOINT,
)
