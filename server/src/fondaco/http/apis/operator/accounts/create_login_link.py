"""POST /api/v1/operator/accounts/{name}/login-links."""

from fondaco.domain.errors import ConflictError, NotFoundError, StorageFailedError
from fondaco.http.apis.operator.accounts.audit_log import log_way_in
from fondaco.http.apis.operator.accounts.schemas import NAME, LoginLink
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.origins.session_cookie import is_https
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.http.exchange.exchange import Exchange


async def run(context: RequestContext[None, None]) -> Response:
    """Make a link that logs a browser in to an account, once."""
    platform, exchange = context.platform, context.exchange
    account = (await platform.account_management.find(context.path["name"])).account
    token, expires_at = await platform.sessions.new_login(account)
    log_way_in("a login link", account, exchange)
    return json_response(
        {
            "account": account.name,
            "url": f"{_address(exchange)}/?login={token}",
            "expiresAt": timestamp(expires_at),
        },
        headers=[(b"cache-control", b"no-store")],
    )


def _address(exchange: Exchange) -> str:
    """Return the address by which the caller asked this server."""
    scheme = "https" if is_https(exchange) else "http"
    return f"{scheme}://{exchange.authority.decode('latin-1')}{exchange.mount}"


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/operator/accounts/{name}/login-links",
    run=run,
    summary="Make a link that logs in to an account once",
    tag="Operation",
    access=Access.OPERATOR,
    parameters={"name": NAME},
    slashes=True,
    responses={200: Content("The link", LoginLink)},
    errors=(NotFoundError, ConflictError, StorageFailedError),
)
