"""Endpoints of Anthropic's API, in the order in which the documentation lists them."""

from fondaco.http.apis.anthropic import count_tokens, create_message
from fondaco.http.apis.anthropic.dialect import ANTHROPIC
from fondaco.http.edge.routes import AnyEndpoint

_HERE: tuple[AnyEndpoint, ...] = (create_message.ENDPOINT, count_tokens.ENDPOINT)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    *_HERE,
    *(one.mirrored(f"/api{one.path}", ANTHROPIC) for one in _HERE),
)
"""Those below `/v1`, then the same for clients whose base URL ends in `/api`."""
