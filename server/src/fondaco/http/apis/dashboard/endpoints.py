"""The endpoints of the dashboard."""

from fondaco.http.apis.dashboard import pages, session
from fondaco.http.apis.operator.accounts import create_login_link
from fondaco.http.edge.routes import AnyEndpoint

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    pages.INDEX_ENDPOINT,
    pages.FILE_ENDPOINT,
    session.BEGIN_ENDPOINT,
    session.SHOW_ENDPOINT,
    session.END_ENDPOINT,
    session.END_ALL_ENDPOINT,
    create_login_link.ENDPOINT,
)
