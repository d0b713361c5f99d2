"""Who may call what: every endpoint of the table of contents, so that a new one is held to it, too."""

import re
from collections.abc import AsyncGenerator

import httpx2
import pytest

from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.http.apis.endpoints import ENDPOINTS
from fondaco.http.apis.operator import doc_redirects
from fondaco.http.edge.routes import AnyEndpoint
from fondaco.http.endpoint.endpoint import Access
from house import PEPPER, SECRET, House, house
from key_owner import UNKNOWN

DISABLED, EXPIRED, REVOKED, INFERENCE = "disabled", "expired", "revoked", "inference"
OPEN = {
    "/",
    "/dashboard/session",
    "/dashboard/{file}",
    "/api/v1/models",
    "/api/v1/models/traits",
    "/api/v1/models/compatibility_mapping",
    "/api/v1/api_keys/generate_web3_key",
    "/api/v1/models/{id}",
    "/api/v1/image/styles",
    "/v1/models",
    "/v1/models/{id}",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/doc/api/swagger.yaml",
    "/doc",
    "/doc/assets/{name}",
    "/docs",
    "/docs/",
    "/docs/{path}",
    *doc_redirects.PATHS,
}
"""What is meant to be open to anybody; whatever else is open is a mistake."""

CLOSED = [endpoint for endpoint in ENDPOINTS if endpoint.access in (Access.KEY, Access.ADMIN)]
ADMINS = [endpoint for endpoint in ENDPOINTS if endpoint.access is Access.ADMIN]

ACI = "/v1/aci/"
"""In the paths of endpoints whose errors have ACI's shape."""


@pytest.fixture(scope="module")
async def doors() -> AsyncGenerator[House]:
    """A house with keys that are good for little or nothing."""
    async with house() as one:
        admin, inference = KeyType.ADMIN, KeyType.INFERENCE
        for number, secret, key in (
            (21, DISABLED, Key("21" * 16, 21, admin, "", "", 0.0)),
            (22, EXPIRED, Key("22" * 16, 22, admin, "", "", 0.0, expires_at=1.0)),
            (23, REVOKED, Key("23" * 16, 23, admin, "", "", 0.0, revoked=True)),
            (24, INFERENCE, Key("24" * 16, 24, inference, "", "", 0.0)),
        ):
            one.journal.add_account(number)
            account = Account(number, secret, disabled=secret == DISABLED)
            one.keys.put(account, digest(PEPPER, secret), key)
        yield one


async def knock(doors: House, endpoint: AnyEndpoint, authorization: str) -> httpx2.Response:
    """Ask an endpoint for anything: who asks is looked at first."""
    path = re.sub(r"\{\w+\}", UNKNOWN, endpoint.path)
    headers = {"Authorization": authorization}
    return await doors.client.request(endpoint.method, path, headers=headers)


def code_in(reply: httpx2.Response) -> str:
    """Return the code of an error in whichever shape it has at the endpoint."""
    body = reply.json()
    if "code" in body:
        return str(body["code"])
    error = body["error"]
    if (
        error.get("type") == "unauthorized"
    ):  # ACI's errors have one type for all of them, and no code
        return "unauthorized"
    return str(error["code"] if "code" in error else error["details"]["error_code"]).upper()


def named(endpoint: AnyEndpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def test_nothing_is_open_that_is_not_meant_to_be() -> None:
    assert {e.path for e in ENDPOINTS if e.access is Access.ANYBODY} == OPEN
    assert len(ADMINS) > 5
    assert len(CLOSED) > len(ADMINS)


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "AUTHENTICATION_FAILED"),
        ("Bearer", "AUTHENTICATION_FAILED"),
        (f"Basic {SECRET}", "AUTHENTICATION_FAILED"),
        (SECRET, "AUTHENTICATION_FAILED"),
        ("Bearer unknown", "INVALID_API_KEY"),
        (f"Bearer {SECRET[:-1]}", "INVALID_API_KEY"),
        (f"Bearer {EXPIRED}", "INVALID_API_KEY"),
        (f"Bearer {REVOKED}", "INVALID_API_KEY"),
        (f"Bearer {DISABLED}", "AUTHENTICATION_FAILED_INACTIVE_KEY"),
    ],
)
@pytest.mark.parametrize("endpoint", CLOSED, ids=named)
async def test_without_a_good_key_an_endpoint_is_401(
    doors: House, endpoint: AnyEndpoint, authorization: str, code: str
) -> None:
    reply = await knock(doors, endpoint, authorization)
    assert (reply.status_code, code_in(reply)) == (
        401,
        "unauthorized" if ACI in endpoint.path else code,
    )
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert not any(name.startswith("x-venice-balance") for name in reply.headers)


@pytest.mark.parametrize("endpoint", ADMINS, ids=named)
async def test_an_inference_key_does_not_administrate(doors: House, endpoint: AnyEndpoint) -> None:
    reply = await knock(doors, endpoint, f"Bearer {INFERENCE}")
    assert (reply.status_code, reply.json()["code"]) == (403, "UNAUTHORIZED")


@pytest.mark.parametrize("endpoint", CLOSED, ids=named)
async def test_a_good_key_is_let_in(doors: House, endpoint: AnyEndpoint) -> None:
    reply = await knock(doors, endpoint, f"bearer {SECRET}")
    assert reply.status_code not in (401, 403)


@pytest.mark.parametrize(
    "endpoint", [e for e in ENDPOINTS if e.access is Access.ANYBODY], ids=named
)
async def test_what_is_open_takes_no_offence_at_a_bad_key(
    doors: House, endpoint: AnyEndpoint
) -> None:
    replies = [await knock(doors, endpoint, key) for key in ("", "Bearer unknown")]
    assert {reply.status_code for reply in replies} & {401, 403} == set()


@pytest.mark.parametrize("endpoint", [e for e in CLOSED if e.method == "GET"], ids=named)
async def test_head_asks_for_a_key_as_get_does(doors: House, endpoint: AnyEndpoint) -> None:
    path = re.sub(r"\{\w+\}", UNKNOWN, endpoint.path)
    reply = await doors.client.head(path, headers={"Authorization": ""})
    assert reply.status_code == 401
