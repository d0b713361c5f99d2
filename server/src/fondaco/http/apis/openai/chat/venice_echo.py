"""The echo of `venice_parameters`: those in effect for a call, in its response.

Source: POST /chat/completions, response 200, `venice_parameters`.
"""

from dataclasses import asdict

import orjson

from fondaco.domain.web import Citation, RetrievedContext, WebNote
from fondaco.http.apis.openai.chat.request import VeniceParameters

DEFAULT_PARAMETERS = VeniceParameters()
"""The parameters of a call that gives none."""


def echo(parameters: VeniceParameters, web: RetrievedContext | None = None) -> bytes:
    """Return the parameters as JSON, defaults included.

    Search results are in `web_search_citations`, failures in `web_notes`.
    """
    return _DEFAULT_ECHO if parameters is DEFAULT_PARAMETERS else _written(parameters, web)


def opening(parameters: VeniceParameters | None, web: RetrievedContext | None) -> bytes | None:
    """Return the echo for the first chunk of a stream; None where it is not needed.

    It is needed where the caller asked for search results, and whenever retrieval failed in part.
    """
    if parameters is None or web is None:
        return None
    requested = parameters.include_search_results_in_stream and web.citations
    return _written(parameters, web) if requested or web.notes else None


def documents(
    parameters: VeniceParameters | None, web: RetrievedContext | None, call_id: str
) -> dict[str, object] | None:
    """Return the search results as a tool call; None where that is not asked for, or nothing was found.

    Source: POST /chat/completions, `return_search_results_as_documents`.
    """
    if parameters is None or web is None or not web.citations:
        return None
    if not parameters.return_search_results_as_documents:
        return None
    found = orjson.dumps({"documents": [_fields(one) for one in web.citations]}).decode()
    function = {"name": "venice_web_search_documents", "arguments": found}
    return {"id": f"call_{call_id}", "type": "function", "function": function}


def _written(parameters: VeniceParameters, web: RetrievedContext | None = None) -> bytes:
    values: dict[str, object] = parameters.model_dump(exclude_none=True)
    values.setdefault("return_search_results_as_documents", False)
    values["web_search_citations"] = [_fields(one) for one in web.citations] if web else []
    if web is not None and web.notes:
        values["web_notes"] = [_fields(note) for note in web.notes]
    return orjson.dumps(values)


def _fields(one: Citation | WebNote) -> dict[str, str]:
    """Return the fields of a citation or note that are not None."""
    return {name: value for name, value in asdict(one).items() if value is not None}


_DEFAULT_ECHO = _written(DEFAULT_PARAMETERS)
