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
from fondaco.http.apis.operator.accounts import (
    change_account,
    create_account,
    create_key,
    grant_funds,
    list_accounts,
    list_tiers,
)
from fondaco.http.apis.operator.configuration import show_configuration
from fondaco.http.apis.operator.downloads import list_downloads, start_download
from fondaco.http.apis.operator.engines import list_engines
from fondaco.http.apis.operator.status import server_status
from fondaco.http.edge.routes import AnyEndpoint

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    alive.ENDPOINT,
    ready.ENDPOINT,
    metrics.ENDPOINT,
    contract.JSON_ENDPOINT,
    contract.YAML_ENDPOINT,
    doc_page.PAGE_ENDPOINT,
    doc_page.ASSET_ENDPOINT,
    list_accounts.ENDPOINT,
    create_account.ENDPOINT,
    change_account.ENDPOINT,
    grant_funds.ENDPOINT,
    create_key.ENDPOINT,
    list_tiers.ENDPOINT,
    list_engines.ENDPOINT,
    list_downloads.ENDPOINT,
    start_download.ENDPOINT,
    show_configuration.ENDPOINT,
    server_status.ENDPOINT,
    *doc_redirects.ENDPOINTS,
    docs_site.BESIDE_ENDPOINT,
    docs_site.INDEX_ENDPOINT,
    docs_site.FILE_ENDPOINT,
)
