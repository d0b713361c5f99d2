"""GET /api/v1/models/{id}."""

from fondaco.domain.errors import ModelGoneError, ModelNotFoundError
from fondaco.domain.models.catalogue import Catalogue, Route
from fondaco.domain.models.model import AnyModel, ModelType
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.apis.venice.models.model_entry import model_entry
from fondaco.http.apis.venice.models.schemas import ModelEntry
from fondaco.http.edge.headers import ending
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, PathParameter, RequestContext
from fondaco.http.endpoint.responses import Response, json_response

_KINDS = sorted(ModelType, key=lambda kind: kind is not ModelType.TEXT)
"""Text first, as everywhere that a name may stand for models of several types."""
_LONGEST_NAME = 1_000
"""As in requests that name a model: to seek names near to a longer one takes many milliseconds."""


async def run(context: RequestContext[None, None]) -> Response:
    """Show the model that serves a name."""
    route = _route(context.platform.catalogue, context.path["id"])
    response = json_response(model_entry(route.model, context.platform))
    if route.notice is not None:
        response.lines += ending(route.notice)
    return response


def _route(catalogue: Catalogue, name: str) -> Route[AnyModel]:
    """Return the route of a name among the models of all types.

    Raises:
        ModelNotFoundError: no model answers to the name.
    """
    if len(name) > _LONGEST_NAME:
        raise ModelNotFoundError(f"A model's name has at most {_LONGEST_NAME:,} characters.")
    for finds in (catalogue.knows, catalogue.serves):  # exact names before patterns
        for kind in _KINDS:
            if finds(name, kind):
                return catalogue.route(name, kind)
    return catalogue.route(name, ModelType.TEXT)


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/models/{id}",
    run=run,
    summary="Show a model",
    tag="Models",
    access=Access.ANYBODY,
    parameters={
        "id": PathParameter(
            "The model's id, or another name of it; it may hold slashes and colons.", "default"
        )
    },
    slashes=True,
    responses={
        200: Content(
            "The model",
            ModelEntry,
            headers={
                "x-venice-model-deprecation-warning": "Only where the model will be retired, or was.",
                "x-venice-model-deprecation-date": "The date of its retirement, in UTC.",
            },
        )
    },
    errors=(ModelNotFoundError, ModelGoneError),
)
