"""The headers of replies, as OpenAPI shows them.

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
        ("CF-RAY", "The request's id.", {"type": "string"}),
        ("x-venice-version", "The server's version.", {"type": "string"}),
        ("x-venice-timestamp", "When it answered.", {"type": "string", "format": "date-time"}),
        ("x-venice-balance-usd", "USD of the account before the request.", _AMOUNT),
        ("x-venice-balance-diem", "DIEM of the account before the request.", _AMOUNT),
        ("x-venice-balance-vcu", "Always 0: VCU is DIEM's old name.", _AMOUNT),
        ("x-ratelimit-limit-requests", "Requests that the window takes.", _COUNT),
        ("x-ratelimit-remaining-requests", "Requests that it still takes.", _COUNT),
        ("x-ratelimit-reset-requests", "When it takes all again, in Unix seconds.", _COUNT),
        ("x-ratelimit-limit-tokens", "Tokens a minute; absent without a limit.", _COUNT),
        ("x-ratelimit-remaining-tokens", "Tokens that the minute still takes.", _COUNT),
        ("x-ratelimit-reset-tokens", "Seconds until it takes all again.", _COUNT),
        ("x-ratelimit-type", "Whose limit it is.", {"enum": ["user", "api_key", "global"]}),
        ("Retry-After", "Seconds to wait.", {"type": "integer", "minimum": 1}),
        ("WWW-Authenticate", "How to authenticate.", {"type": "string"}),
    )
}
"""Name -> header object of each header that replies of several endpoints carry."""


def shown_headers(status: int, access: Access, content: Content | None = None) -> _Schemas:
    """Return the headers of a reply; `content` is that of a good one."""
    names = (*_EVERY, *_OF_STATUS.get(status, ()))
    if content is not None and access in (Access.KEY, Access.ADMIN):
        names += (*_ACCOUNT, *_LIMITS)
    shown: _Schemas = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if content is not None:
        for name, description in content.headers.items():
            shown[name] = {"description": description, "schema": {"type": "string"}}
    return shown
