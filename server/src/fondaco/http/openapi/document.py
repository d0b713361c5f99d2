"""OpenAPI 3.1, generated from the endpoints and the schemas that validate their requests."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson
from pydantic.json_schema import models_json_schema

from fondaco import __version__
from fondaco.domain.errors import (
    AuthenticationFailedError,
    ContextTooLongError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    FondacoError,
    IdempotencyKeyReusedError,
    InferenceFailedError,
    InsufficientBalanceError,
    InvalidContentTypeError,
    InvalidFileSizeError,
    InvalidModelError,
    InvalidRequestError,
    KeyLimitReachedError,
    ModelGoneError,
    ModelNotFoundError,
    RateLimitExceededError,
    RepeatedCallError,
    RequestTimeoutError,
    ShuttingDownError,
    StorageFailedError,
    UnauthorizedError,
    UnknownError,
)
from fondaco.http.edge.routes import AnyEndpoint
from fondaco.http.endpoint.dialect import ApiDialect
from fondaco.http.endpoint.endpoint import Access, Content, Link
from fondaco.http.openapi.header_schemas import HEADERS, shown_headers

if TYPE_CHECKING:
    from pydantic import BaseModel

Refs = dict[tuple[object, str], dict[str, Any]]
_IN_PATH = re.compile(r"\{(\w+)\}")
_REF = "#/components/schemas/{model}"
_IDEMPOTENCY_KEY: dict[str, object] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Unique key chosen by the client: a request with it is carried out, and charged, at most once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
_ABOUT = (
    "A private AI inference platform: the Venice API, self-hosted.\n\nWhat OpenAI's API has as well also "
    "answers below `/v1` in place of `/api/v1`, such as `POST /v1/chat/completions`: the same requests and "
    "responses, with errors as OpenAI's object."
)


_BESIDE, _TWO_ABOVE = "./", "../../"
"""Server URLs relative to `/openapi.json` and `/doc/api/swagger.yaml`: a reverse proxy may serve the API
below a path unknown to it.

Source: OpenAPI 3.1, "Server Object": a relative URL counts from the document's own address.
"""


class Contract:
    """The OpenAPI document, generated on first use."""

    def __init__(self, endpoints: Iterable[AnyEndpoint]) -> None:
        self._endpoints = [endpoint for endpoint in endpoints if endpoint.listed]
        self._document: dict[str, object] | None = None
        self._json = self._yaml = b""

    @property
    def document(self) -> dict[str, object]:
        """The document as plain values."""
        if self._document is None:
            self._document = _document(self._endpoints)
        return self._document

    def json(self) -> bytes:
        """Return the document as JSON."""
        if not self._json:
            self._json = orjson.dumps(self.document)
        return self._json

    def yaml(self) -> bytes:
        """Return the document as YAML."""
        if not self._yaml:  # cached: writing it takes 0.17 s
            import yaml  # noqa: PLC0415  # the import is slow and rarely needed

            plain = orjson.loads(self.json())
            plain["servers"] = [{"url": _TWO_ABOVE}]
            text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
            self._yaml = text.encode()
        return self._yaml


def _document(endpoints: list[AnyEndpoint]) -> dict[str, object]:
    refs, definitions = _schemas(endpoints)
    paths: dict[str, dict[str, object]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, refs)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fondaco",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": _BESIDE}],
        "paths": paths,
        "components": {
            "securitySchemes": _security_schemes(endpoints),
            "headers": HEADERS,
            "schemas": definitions | _error_schemas(endpoints),
        },
    }


def _schemas(endpoints: list[AnyEndpoint]) -> tuple[Refs, dict[str, Any]]:
    models: dict[tuple[type[BaseModel], str], None] = {}
    for endpoint in endpoints:
        if endpoint.body is not None:
            models[endpoint.body.schema, "validation"] = None
        for content in endpoint.responses.values():
            for schema in (content.schema, content.stream):
                if schema is not None:
                    models[schema, "serialization"] = None
    model_list: Any = list(models)  # pydantic types the modes as literals
    refs, definitions = models_json_schema(model_list, ref_template=_REF)
    return {(model, mode): ref for (model, mode), ref in refs.items()}, definitions.get("$defs", {})


def _operation(endpoint: AnyEndpoint, refs: Refs) -> dict[str, object]:
    operation: dict[str, object] = {
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "security": _security(endpoint),
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, refs),
    }
    if endpoint.body is not None:
        schema = refs[endpoint.body.schema, "validation"]
        operation["requestBody"] = {
            "required": True,
            "content": {name: {"schema": schema} for name in endpoint.body.media_types},
        }
    return operation


def _security(endpoint: AnyEndpoint) -> list[dict[str, list[str]]]:
    if endpoint.access is Access.ANYBODY:
        return []
    bearer: dict[str, list[str]] = {"BearerAuth": []}
    if endpoint.access is Access.METRICS:
        return [{}, bearer]
    header = endpoint.dialect.key_header
    return [bearer] if header is None else [{_scheme(header): []}, bearer]


def _security_schemes(endpoints: list[AnyEndpoint]) -> dict[str, object]:
    schemes: dict[str, object] = {"BearerAuth": {"type": "http", "scheme": "bearer"}}
    for endpoint in endpoints:
        if (header := endpoint.dialect.key_header) is not None:
            schemes[_scheme(header)] = {"type": "apiKey", "in": "header", "name": header}
    return schemes


def _scheme(key_header: str) -> str:
    """Return the name of the security scheme of keys in a header of their own."""
    return "ApiKeyAuth" if key_header == "x-api-key" else f"ApiKeyAuth.{key_header}"


def _error_schemas(endpoints: list[AnyEndpoint]) -> dict[str, object]:
    """Return the schema of each dialect's error body by its name."""
    return {one.dialect.error_name: one.dialect.error_schema for one in endpoints}


def _parameters(endpoint: AnyEndpoint) -> list[dict[str, object]]:
    parameters: list[dict[str, object]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": endpoint.parameters[name].description,
            "example": endpoint.parameters[name].example,
            "schema": {"type": "string"},
        }
        for name in _IN_PATH.findall(endpoint.path)
    ]
    if endpoint.dialect.account_header is not None:
        parameters.append(_account_parameter(endpoint.dialect.account_header))
    if endpoint.paid or endpoint.idempotent:
        parameters.append(_IDEMPOTENCY_KEY)
    if endpoint.query is not None:
        schema = endpoint.query.model_json_schema(ref_template=_REF)
        required = schema.get("required", [])
        for name, field in schema["properties"].items():
            parameters.append(_query_parameter(name, field, required=name in required))
    return parameters


def _query_parameter(name: str, field: dict[str, Any], *, required: bool) -> dict[str, object]:
    """Return a field of a query; its first example moves to where documentation pages read it."""
    shown: dict[str, object] = {
        "name": name,
        "in": "query",
        "required": required,
        "description": field.pop("description", ""),
    }
    if examples := field.pop("examples", None):
        shown["example"] = examples[0]
    return {**shown, "schema": field}


def _account_parameter(header: str) -> dict[str, object]:
    return {
        "name": header,
        "in": "header",
        "required": False,
        "description": "Id or name of the key's account; any other is refused.",
        "schema": {"type": "string", "pattern": "^[ -~]*$"},
    }


def _responses(endpoint: AnyEndpoint, refs: Refs) -> dict[str, object]:
    responses: dict[str, object] = {
        str(status): _response(status, endpoint, content, refs)
        for status, content in endpoint.responses.items()
    }
    by_status: dict[int, list[type[FondacoError]]] = {}
    for error in (*_common(endpoint), *endpoint.errors):
        by_status.setdefault(error.status, []).append(error)
    for status, errors in sorted(by_status.items()):
        codes = ", ".join(dict.fromkeys(error.code for error in errors))
        schema = {"$ref": _REF.format(model=endpoint.dialect.error_name)}
        responses[str(status)] = {
            "description": f"{errors[0].default} ({codes})",
            "headers": shown_headers(status, endpoint.access),
            "content": {"application/json": {"schema": schema}},
        }
    return responses


def _response(
    status: int, endpoint: AnyEndpoint, content: Content, refs: Refs
) -> dict[str, object]:
    response: dict[str, object] = {
        "description": content.description,
        "headers": shown_headers(status, endpoint.access, content),
        "content": _content(content, refs, endpoint.dialect),
    }
    if content.links:
        response["links"] = {link.name: _link(link) for link in content.links}
    return response


def _link(link: Link) -> dict[str, object]:
    shown: dict[str, object] = {"operationId": link.operation, "description": link.description}
    if link.parameters:
        shown["parameters"] = link.parameters
    if link.body:
        shown["requestBody"] = link.body
    return shown


def _content(content: Content, refs: Refs, dialect: ApiDialect) -> dict[str, object]:
    schema = refs[content.schema, "serialization"] if content.schema else {}
    shown: dict[str, object] = {content.media_type: {"schema": schema}}
    if content.stream is not None:
        event = _event(refs[content.stream, "serialization"], dialect)
        shown["text/event-stream"] = {"schema": event}
    if content.text_type is not None:
        shown[content.text_type] = {"schema": {"type": "string"}}
    for media_type in content.files:
        shown[media_type] = {}
    return shown


def _event(schema: dict[str, Any], dialect: ApiDialect) -> dict[str, object]:
    """Return the schema of one event of a stream; OpenAPI 3.1 cannot describe the stream itself."""
    last = {"const": "[DONE]", "description": "The last event of a stream that succeeded."}
    error = {"$ref": _REF.format(model=dialect.error_name)}
    payload = {
        "contentMediaType": "application/json",
        "contentSchema": {"anyOf": [schema, error]},
    }
    return {
        "type": "object",
        "description": "One event. An error after the first event is the last one.",
        "required": ["data"],
        "properties": {
            "data": {
                "type": "string",
                "anyOf": [last, payload] if dialect.stream_end else [payload],
            }
        },
    }


_PAID: tuple[type[FondacoError], ...] = (
    InvalidModelError,
    ContextTooLongError,
    InsufficientBalanceError,
    KeyLimitReachedError,
    RepeatedCallError,
    IdempotencyKeyReusedError,
    ModelNotFoundError,
    ModelGoneError,
    InferenceFailedError,
    EngineRefusedError,
    EngineUnavailableError,
    EngineTimeoutError,
    StorageFailedError,
)
"""Errors of every paid call: of its model, its money, its idempotency key and its engines."""


def _common(endpoint: AnyEndpoint) -> list[type[FondacoError]]:
    errors: list[type[FondacoError]] = [InvalidRequestError, UnknownError, ShuttingDownError]
    if endpoint.counts_failures:
        errors.append(RateLimitExceededError)
    if endpoint.access is not Access.ANYBODY:
        errors.append(AuthenticationFailedError)
    if endpoint.access not in (Access.ANYBODY, Access.KEY) or endpoint.dialect.account_header:
        errors.append(UnauthorizedError)
    if endpoint.paid:
        errors += _PAID
    if endpoint.body is not None:
        errors += [InvalidContentTypeError, InvalidFileSizeError, RequestTimeoutError]
    return errors
