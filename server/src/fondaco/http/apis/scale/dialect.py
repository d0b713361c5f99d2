"""The Scale dialect: Venice's errors, keys as `x-api-key`, named error events, no event after the last chunk.

Source: POST /v4/beta/chat/completions, `x-api-key`; its clients send `x-selected-account-id` as well, and
take any event without a type for a chunk.
"""

from fondaco.http.apis.venice.dialect import ERROR_SCHEMA, error_body
from fondaco.http.endpoint.dialect import ApiDialect

SCALE = ApiDialect(
    prefixes=("/v4/",),
    error_body=error_body,
    error_schema=ERROR_SCHEMA,
    error_event="error",
    key_header="x-api-key",
    account_header="x-selected-account-id",
)
