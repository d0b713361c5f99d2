"""The OpenAI dialect at `/v1`: `error` is an object, and nothing is beside it; streams end with `[DONE]`.

Endpoints of `/api/v1` that OpenAI's API has as well answer here, too.
"""

from fondaco.domain.errors import FondacoError
from fondaco.http.apis.venice.error_object import ERROR_OBJECT_SCHEMA, error_object
from fondaco.http.edge.routes import AnyEndpoint
from fondaco.http.endpoint.dialect import ApiDialect

_HERE, _THERE = "/v1/", "/api/v1/"


def error_body(error: FondacoError) -> dict[str, object]:
    """Return the body of an error."""
    return {"error": error_object(error)}


OPENAI = ApiDialect(
    prefixes=(_HERE,),
    error_body=error_body,
    error_schema={
        "type": "object",
        "required": ["error"],
        "properties": {"error": ERROR_OBJECT_SCHEMA},
    },
    error_name="OpenAIError",
    stream_end=b"data: [DONE]\n\n",
)


def at_v1(endpoint: AnyEndpoint) -> AnyEndpoint:
    """Return an endpoint of `/api/v1` as it answers at `/v1`."""
    return endpoint.mirrored(_HERE + endpoint.path.removeprefix(_THERE), OPENAI)
