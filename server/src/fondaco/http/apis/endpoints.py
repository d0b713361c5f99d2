"""All endpoints of the server, by dialect."""

from fondaco.http.apis.aci import endpoints as aci
from fondaco.http.apis.anthropic import create_message, endpoints as anthropic
from fondaco.http.apis.anthropic.models import with_models
from fondaco.http.apis.anthropic.plain import FAST_PATH as MESSAGES
from fondaco.http.apis.dashboard import endpoints as dashboard
from fondaco.http.apis.openai import endpoints as openai
from fondaco.http.apis.openai.chat import chat_completions
from fondaco.http.apis.openai.chat.fast.path import FAST_PATH as CHAT
from fondaco.http.apis.openai.responses import responses
from fondaco.http.apis.openai.responses.plain import FAST_PATH as RESPONSES
from fondaco.http.apis.operator import endpoints as operator, home_page
from fondaco.http.apis.scale import endpoints as scale
from fondaco.http.apis.venice import endpoints as venice
from fondaco.http.edge.fast_path import FastPath
from fondaco.http.edge.routes import AnyEndpoint

_APIS: tuple[AnyEndpoint, ...] = (
    *with_models(openai.ENDPOINTS),
    *venice.ENDPOINTS,
    *anthropic.ENDPOINTS,
    *scale.ENDPOINTS,
    *aci.ENDPOINTS,
    *operator.ENDPOINTS,
)

ENDPOINTS: tuple[AnyEndpoint, ...] = (*_APIS, *dashboard.ENDPOINTS)
WITHOUT_DASHBOARD: tuple[AnyEndpoint, ...] = (*_APIS, home_page.ENDPOINT)
_FAST_PATHS: dict[object, FastPath] = {
    chat_completions.run: CHAT,
    responses.run: RESPONSES,
    create_message.run: MESSAGES,
}
FAST_PATHS: dict[tuple[str, str], FastPath] = {
    (one.method, one.path): _FAST_PATHS[one.run] for one in _APIS if one.run in _FAST_PATHS
}
"""(method, path) -> what answers plain requests without a task."""
