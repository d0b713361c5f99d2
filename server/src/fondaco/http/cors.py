"""CORS: which foreign pages may call the API from a browser; none, unless the operator names them."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.middleware.cors import CORSMiddleware

from fondaco.http.exchange import Message, Receive, Send
from fondaco.http.headers import Stamp
from fondaco.ports import Ids

Application = Callable[[Message, Receive, Send], Awaitable[None]]

_METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")
_SHOWN = (
    "cf-ray",
    "retry-after",
    "x-fondaco-ignored-params",
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "x-ratelimit-type",
    "x-venice-balance-diem",
    "x-venice-balance-usd",
    "x-venice-balance-vcu",
    "x-venice-model-id",
    "x-venice-model-name",
    "x-venice-model-router",
    "x-venice-version",
)
"""Headers that a page may read."""


def with_cors(
    application: Application, origins: Sequence[str], stamp: Stamp, ids: Ids
) -> Application:
    """Return the application as pages of `origins` may call it (`*`: any); unchanged without any."""
    if not origins:
        return application
    permitting = CORSMiddleware(
        application,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=("*",),
        expose_headers=_SHOWN,
        max_age=86_400,
    )

    async def stamping(scope: Message, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = dict(message["headers"])
                if b"cf-ray" not in known:  # a preflight, which never reached the edge
                    message["headers"] = [*message["headers"], *stamp.headers(ids.call())]
            await send(message)

        await permitting(scope, receive, stamped)

    return stamping
