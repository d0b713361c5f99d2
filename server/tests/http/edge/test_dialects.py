"""API dialects: the conventions of one API stand in one value, which the edge asks."""

from dataclasses import replace

import orjson
import pytest

from fondaco.domain.errors import (
    AuthenticationFailedError,
    FondacoError,
    NotFoundError,
    UnauthorizedError,
)
from fondaco.domain.money.account import Account
from fondaco.http.apis.endpoints import ENDPOINTS
from fondaco.http.apis.openai.dialect import OPENAI
from fondaco.http.apis.scale.dialect import SCALE
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.error_responses import error_response, refusal
from fondaco.http.edge.key_headers import expect_selected, key_in
from fondaco.http.edge.routes import Routes
from fondaco.http.endpoint.dialect import ApiDialect
from fondaco.http.openapi.document import Contract


def nested(error: FondacoError) -> dict[str, object]:
    return {"type": "error", "error": {"type": error.code.lower(), "message": str(error)}}


OTHER = ApiDialect(
    prefixes=("/other/", "/v1/answers"),
    error_body=nested,
    error_schema={"type": "object", "required": ["type", "error"]},
    error_name="OtherError",
    error_event="error",
    stream_end=b"event: message_stop\ndata: {}\n\n",
    key_header="api-key",
    account_header="x-organisation",
)
"""As an API that is to come might have it."""


def test_a_dialect_is_one_folder_and_one_line_in_the_table() -> None:
    endpoint = replace(ENDPOINTS[0], dialect=OTHER, path="/other/messages")
    routes = Routes((*ENDPOINTS, endpoint))
    assert routes.find("POST", "/other/messages")[0].dialect is OTHER
    assert routes.dialect("/other/unknown") is OTHER
    assert routes.dialect("/v1/unknown") is OPENAI
    assert routes.dialect("/v4/unknown") is SCALE
    assert routes.dialect("/api/v1/unknown") is routes.dialect("/nowhere") is VENICE
    assert routes.dialect("") is VENICE


def test_a_dialect_may_lie_at_one_path_among_those_of_another() -> None:
    endpoint = ENDPOINTS[0].mirrored("/v1/answers/{id}", OTHER)
    routes = Routes((*ENDPOINTS, endpoint))
    assert routes.find("POST", "/v1/answers/1")[0].dialect is OTHER
    assert routes.dialect("/v1/answers") is routes.dialect("/v1/answers/1/2") is OTHER
    assert routes.dialect("/v1/answer") is routes.dialect("/v1/answers2") is OPENAI
    assert routes.dialect("/other") is VENICE


def test_two_dialects_cannot_have_one_prefix() -> None:
    endpoint = replace(
        ENDPOINTS[0], dialect=replace(OTHER, prefixes=("/v4/",)), path="/v4/messages"
    )
    with pytest.raises(ValueError, match="Two API dialects have the prefix '/v4/'"):
        Routes((*ENDPOINTS, endpoint))


@pytest.mark.parametrize("path", ["/api/v1/messages", "/v1/messages"])
def test_an_endpoint_lies_under_a_prefix_of_its_dialect(path: str) -> None:
    with pytest.raises(ValueError, match="outside its dialect's prefixes"):
        Routes((*ENDPOINTS, replace(ENDPOINTS[0], dialect=OTHER, path=path)))


def test_an_endpoint_does_not_lie_where_another_dialect_answers() -> None:
    at_other = replace(ENDPOINTS[0], dialect=OTHER, path="/other/messages")
    with pytest.raises(ValueError, match="'/v1/answers/1', outside its dialect's prefixes"):
        Routes((*ENDPOINTS, at_other, ENDPOINTS[0].mirrored("/v1/answers/1", OPENAI)))


@pytest.mark.parametrize("prefixes", [(), ("other/",), ("/other/", "")])
def test_a_prefix_that_is_no_path_is_refused(prefixes: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="begin with a slash"):
        replace(OTHER, prefixes=prefixes)


def test_a_header_that_no_request_has_is_refused() -> None:
    with pytest.raises(ValueError, match="'Api-Key' must be in lower case"):
        replace(OTHER, key_header="Api-Key")


def test_openapi_shows_its_errors_and_its_key_header_beside_those_of_others() -> None:
    endpoint = replace(ENDPOINTS[0], dialect=OTHER, path="/other/messages")
    document = orjson.loads(Contract((*ENDPOINTS, endpoint)).json())
    components, operation = document["components"], document["paths"]["/other/messages"]["post"]
    assert components["securitySchemes"]["ApiKeyAuth"]["name"] == "x-api-key"
    assert components["securitySchemes"]["ApiKeyAuth.api-key"]["name"] == "api-key"
    assert operation["security"] == [{"ApiKeyAuth.api-key": []}, {"BearerAuth": []}]
    assert components["schemas"]["OtherError"]["required"] == ["type", "error"]
    refused = operation["responses"]["401"]["content"]["application/json"]["schema"]
    assert refused == {"$ref": "#/components/schemas/OtherError"}
    assert "OtherError" in str(operation["responses"]["200"]["content"]["text/event-stream"])


def test_its_error_body_is_in_responses_events_and_refusals() -> None:
    error = NotFoundError("There is nothing.")
    told = {"type": "error", "error": {"type": "not_found", "message": "There is nothing."}}
    response = error_response(error, OTHER)
    assert response.status == 404
    assert orjson.loads(response.body) == told
    assert OTHER.event(error) == b"event: error\ndata: %b\n\n" % orjson.dumps(told)
    assert VENICE.event(error) == b'data: {"error":"There is nothing.","code":"NOT_FOUND"}\n\n'
    status, lines, body = refusal(error, OTHER)
    assert (status, orjson.loads(body)) == (404, told)
    assert b"content-length: %d\r\n" % len(body) in lines


@pytest.mark.parametrize("headers", [{b"api-key": b" k "}, {b"authorization": b"Bearer k"}])
def test_its_key_comes_in_its_own_header_or_as_a_bearer_token(headers: dict[bytes, bytes]) -> None:
    assert key_in(headers, OTHER) == "k"


def test_a_header_of_another_dialect_carries_no_key() -> None:
    with pytest.raises(AuthenticationFailedError):
        key_in({b"x-api-key": b"k"}, VENICE)


def test_an_account_is_selected_by_the_header_of_the_dialect_alone() -> None:
    account = Account(7, "mine")
    expect_selected({b"x-organisation": b"mine"}, OTHER, account)
    expect_selected({b"x-organisation": b"yours"}, VENICE, account)
    with pytest.raises(UnauthorizedError):
        expect_selected({b"x-organisation": b"yours"}, OTHER, account)
