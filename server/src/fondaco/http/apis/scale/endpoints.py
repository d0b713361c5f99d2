"""Endpoints of Scale's API, in the order in which the documentation lists them."""

from fondaco.http.apis.scale import scale_chat, scale_models
from fondaco.http.edge.routes import AnyEndpoint

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    scale_chat.ENDPOINT,
    scale_models.ENDPOINT,
)
