"""The table of contents: every endpoint of the server."""

from fondaco.http.endpoints import (
    alive,
    billing_usage,
    change_key,
    chat_completions,
    contract,
    create_key,
    delete_key,
    doc_page,
    list_keys,
    list_models,
    metrics,
    model_compatibility,
    model_traits,
    ready,
    show_key,
    wallet_key,
    wallet_token,
)
from fondaco.http.routes import AnyEndpoint

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    chat_completions.ENDPOINT,
    list_models.ENDPOINT,
    model_traits.ENDPOINT,
    model_compatibility.ENDPOINT,
    create_key.ENDPOINT,
    list_keys.ENDPOINT,
    show_key.ENDPOINT,
    change_key.ENDPOINT,
    delete_key.ENDPOINT,
    wallet_token.ENDPOINT,
    wallet_key.ENDPOINT,
    billing_usage.ENDPOINT,
    alive.ENDPOINT,
    ready.ENDPOINT,
    metrics.ENDPOINT,
    contract.JSON_ENDPOINT,
    contract.YAML_ENDPOINT,
    doc_page.PAGE_ENDPOINT,
    doc_page.ASSET_ENDPOINT,
)
