"""Response headers, for OpenAPI.

Source: api-reference/api-spec.md, "Response Headers Reference".
"""

from fondaco.http.endpoint.endpoint import Access, Content

_Schemas = dict[str, object]
_EVERY = ("CF-RAY", "x-venice-version", "x-venice-timestamp")
_ACCOUNT = ("x-venice-balance-usd", "x-venice-balance-diem", "x-venice-balance-vcu")
_LIMITS = (
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
)
_OF_STATUS = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After", "x-ratelimit-type"),
    503: ("Retry-After",),
}
_COUNT: _Schemas = {"type": "integer", "minimum": 0}
_AMOUNT: _Schemas = {"type": "number"}

HEADERS: dict[str, dict[str, object]] = {
    name: {"description": description, "required": name not in _LIMITS, "schema": schema}
    for name, description, schema in (
        ("CF-RAY", "Id of the request.", {"type": "string"}),
        ("x-venice-version", "Version of the server.", {"type": "string"}),
        ("x-venice-timestamp", "Time of the response.", {"type": "string", "format": "date-time"}),
        ("x-venice-balance-usd", "USD balance of the account before the request.", _AMOUNT),
        ("x-venice-balance-diem", "DIEM balance of the account before the request.", _AMOUNT),
        ("x-venice-balance-vcu", "Always 0: VCU is the former name of DIEM.", _AMOUNT),
        ("x-ratelimit-limit-requests", "Requests allowed in the window.", _COUNT),
        ("x-ratelimit-remaining-requests", "Requests left in the window.", _COUNT),
        ("x-ratelimit-reset-requests", "When the window resets, in Unix seconds.", _COUNT),
        ("x-ratelimit-limit-tokens", "Tokens allowed per minute; absent without a limit.", _COUNT),
        ("x-ratelimit-remaining-tokens", "Tokens left in the minute.", _COUNT),
        ("x-ratelimit-reset-tokens", "Seconds until the limit resets.", _COUNT),
        (
            "x-ratelimit-type",
            "Scope of the exceeded limit.",
            {"enum": ["user", "api_key", "global"]},
        ),
        (
            "Retry-After",
            "Seconds to wait before the next attempt.",
            {"type": "integer", "minimum": 1},
        ),
        ("WWW-Authenticate", "Authentication scheme.", {"type": "string"}),
    )
}
"""Name -> header object of each header that several endpoints share."""


def shown_headers(status: int, access: Access, content: Content | None = None) -> _Schemas:
    """Return the headers of a response; `content` is None for errors."""
    names = (*_EVERY, *_OF_STATUS.get(status, ()))
    if content is not None and access in (Access.KEY, Access.ADMIN):
        names += (*_ACCOUNT, *_LIMITS)
    shown: _Schemas = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if content is not None:
        for name, description in content.headers.items():
            shown[name] = {"description": description, "schema": {"type": "string"}}
    return shown
