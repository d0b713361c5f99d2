"""The echo: which venice_parameters a call was answered with, as whole replies carry them.

Source: POST /chat/completions, reply 200, `venice_parameters`.
"""

import orjson

from fondaco.http.schemas.chat_request import VeniceParameters


def echo(parameters: VeniceParameters | None) -> bytes:
    """Return the parameters as JSON, with the defaults of what the caller left out."""
    return _DEFAULTS if parameters is None else _written(parameters)


def _written(parameters: VeniceParameters) -> bytes:
    values: dict[str, object] = parameters.model_dump(exclude_none=True)
    values.setdefault("return_search_results_as_documents", False)
    return orjson.dumps(values | {"web_search_citations": []})


_DEFAULTS = _written(VeniceParameters())
