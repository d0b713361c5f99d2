"""The echo: which venice_parameters a call was answered with, as whole replies carry them.

Source: POST /chat/completions, reply 200, `venice_parameters`.
"""

from dataclasses import asdict

import orjson

from fondaco.domain.web import Citation, RetrievedContext, WebNote
from fondaco.http.apis.openai.chat.request import VeniceParameters

UNSAID = VeniceParameters()
"""Those of a call that names none."""


def echo(parameters: VeniceParameters, web: RetrievedContext | None = None) -> bytes:
    """Return the parameters as JSON, with the defaults of what the caller left out.

    What was brought from the web is cited; what could not be had is told in `web_notes`.
    """
    return _DEFAULTS if parameters is UNSAID else _written(parameters, web)


def opening(parameters: VeniceParameters | None, web: RetrievedContext | None) -> bytes | None:
    """Return the echo that a stream begins with, or None where its first chunk says nothing of it.

    The caller asked for it, or something could not be had: that is never kept silent.
    """
    if parameters is None or web is None:
        return None
    wanted = parameters.include_search_results_in_stream and web.citations
    return _written(parameters, web) if wanted or web.notes else None


def documents(
    parameters: VeniceParameters | None, web: RetrievedContext | None, call_id: str
) -> dict[str, object] | None:
    """Return what a search found as a tool call, or None where that is not wanted or nothing is there.

    Source: POST /chat/completions, `return_search_results_as_documents`.
    """
    if parameters is None or web is None or not web.citations:
        return None
    if not parameters.return_search_results_as_documents:
        return None
    found = orjson.dumps({"documents": [_said(one) for one in web.citations]}).decode()
    function = {"name": "venice_web_search_documents", "arguments": found}
    return {"id": f"call_{call_id}", "type": "function", "function": function}


def _written(parameters: VeniceParameters, web: RetrievedContext | None = None) -> bytes:
    values: dict[str, object] = parameters.model_dump(exclude_none=True)
    values.setdefault("return_search_results_as_documents", False)
    values["web_search_citations"] = [_said(one) for one in web.citations] if web else []
    if web is not None and web.notes:
        values["web_notes"] = [_said(note) for note in web.notes]
    return orjson.dumps(values)


def _said(one: Citation | WebNote) -> dict[str, str]:
    """Return what a citation or a note says, without what is not known."""
    return {name: value for name, value in asdict(one).items() if value is not None}


_DEFAULTS = _written(UNSAID)
