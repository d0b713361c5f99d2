"""All endpoints of the server, by dialect."""

from fondaco.http.apis.aci import endpoints as aci
from fondaco.http.apis.anthropic import endpoints as anthropic
from fondaco.http.apis.anthropic.models import with_models
from fondaco.http.apis.dashboard import endpoints as dashboard
from fondaco.http.apis.openai import endpoints as openai
from fondaco.http.apis.openai.chat import chat_completions
from fondaco.http.apis.openai.chat.fast.path import fast_path
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
FAST_PATHS: dict[tuple[str, str], FastPath] = {
    (one.method, one.path): fast_path for one in _APIS if one.run is chat_completions.run
}
"""(method, path) -> what answers plain requests without a task."""
