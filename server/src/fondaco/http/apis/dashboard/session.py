"""POST /dashboard/session, GET /dashboard/session and DELETE /dashboard/session, DELETE /dashboard/sessions."""

import orjson

from fondaco import __version__
from fondaco.domain.errors import (
    AuthenticationFailedError,
    StorageFailedError,
    TooManyKeysError,
)
from fondaco.domain.money.account import KeyType
from fondaco.domain.money.epoch import begins, epoch_of
from fondaco.http.apis.dashboard.schemas import Credentials, SessionReply
from fondaco.http.apis.operator import docs_site
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.headers import amount
from fondaco.http.edge.origins.session_cookie import (
    TOKEN_HEADER,
    expect_own_page,
    page_half,
    session_cookie,
    token_in,
)
from fondaco.http.endpoint.bodies import BodySize, Json
from fondaco.http.endpoint.endpoint import Access, Caller, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.http.exchange.exchange import Exchange, Header
from fondaco.serving.platform import Platform

_PATH = "/dashboard/session"
_NO_STORE = (b"cache-control", b"no-store")


async def begin(context: RequestContext[Credentials, None]) -> Response:
    """Begin a session by a login token or a key; one that the browser has already ends."""
    exchange, sessions, sent = context.exchange, context.platform.sessions, context.body
    expect_own_page(exchange)
    before = token_in(exchange, cookies=True)
    if sent.login is not None:
        token, key, account = await sessions.redeem(sent.login.get_secret_value())
    elif sent.apiKey is not None:
        token, key, account = await sessions.begin(sent.apiKey.get_secret_value())
    else:
        raise AssertionError("The schema takes one of the two.")
    if before is not None:
        await sessions.close(before)
    exchange.key_id = key.id
    cookie = session_cookie(exchange, token, sessions.idle_timeout_s)
    return await _shown(context.platform, Caller(key, account), cookie, page_half(token))


async def show(context: RequestContext[None, None]) -> Response:
    """Return the session that the request belongs to, and have the browser keep its cookie for longer."""
    exchange, lifetime_s = context.exchange, context.platform.sessions.idle_timeout_s
    token = None if TOKEN_HEADER in exchange.headers else _own(exchange)
    cookies = [] if token is None else [session_cookie(exchange, token, lifetime_s)]
    return await _shown(context.platform, context.key_holder, *cookies)


async def end(context: RequestContext[None, None]) -> Response:
    """End the session that the request belongs to, and delete its cookie."""
    exchange = context.exchange
    token = _own(exchange)
    if token is not None:
        await context.platform.sessions.close(token)
    return Response(b"", status=204, headers=[session_cookie(exchange, "", 0), _NO_STORE])


async def end_all(context: RequestContext[None, None]) -> Response:
    """End all sessions of the key; of an ADMIN key all those of its account, and its unused login links."""
    await context.platform.sessions.close_all(context.key_holder.key)
    return Response(b"", status=204, headers=[session_cookie(context.exchange, "", 0), _NO_STORE])


def _own(exchange: Exchange) -> str | None:
    """Return the token of the session that authenticated a request; None: a key did."""
    return None if b"authorization" in exchange.headers else token_in(exchange, cookies=True)


async def _shown(platform: Platform, caller: Caller, *headers: Header) -> Response:
    key, account = caller.key, caller.account
    funds = await platform.ledger.balance(account.id)
    tier = platform.tiers.get(account.tier)
    is_operator = key.type is KeyType.ADMIN and account.name in platform.operators
    return json_response(
        {
            "account": account.name,
            "keyId": key.id,
            "keyType": key.type.value,
            "keyDescription": key.description,
            "operator": is_operator,
            "tier": {"id": account.tier, "isCharged": tier is None or tier.charged},
            "balances": {
                "USD": orjson.Fragment(amount(funds.usd)),
                "DIEM": orjson.Fragment(amount(funds.diem)),
            },
            "diemAllocation": orjson.Fragment(amount(account.diem_allocation)),
            "nextEpochBegins": timestamp(begins(epoch_of(platform.clock.now()) + 1)),
            "version": __version__,
            "docs": docs_site.is_built(),
        },
        headers=[*headers, _NO_STORE],
    )


BEGIN_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path=_PATH,
    run=begin,
    summary="Begin a session of the dashboard",
    tag="Dashboard",
    access=Access.ANYBODY,
    at_any_address=True,
    body=Json(schema=Credentials, size=BodySize.SMALL),
    responses={200: Content("The session", SessionReply)},
    errors=(AuthenticationFailedError, TooManyKeysError, StorageFailedError),
    listed=False,
)
SHOW_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path=_PATH,
    run=show,
    summary="Show the session",
    tag="Dashboard",
    responses={200: Content("The session", SessionReply)},
    listed=False,
)
END_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="DELETE",
    path=_PATH,
    run=end,
    summary="End the session",
    tag="Dashboard",
    responses={204: Content("It has ended")},
    listed=False,
)
END_ALL_ENDPOINT = Endpoint(
    dialect=VENICE,
    method="DELETE",
    path="/dashboard/sessions",
    run=end_all,
    summary="End all sessions of the account, or of an INFERENCE key",
    tag="Dashboard",
    responses={204: Content("They have ended")},
    errors=(StorageFailedError,),
    listed=False,
)
