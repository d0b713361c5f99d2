"""An engine's list of models: a check at no cost that it responds.

Source: OpenAI, `GET /models`, which vLLM, llama-server, Ollama and OpenRouter have as well.
"""

from http import HTTPStatus

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineRefusedError, EngineUnavailableError
from fondaco.engines.common.lenient_json import loads

_PATH = "/models"
_LIMIT_BYTES = 16 * 2**20
_CREDENTIALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN}


async def names_listed(upstream: HttpClient) -> frozenset[str]:
    """Return the names in an engine's list of models; none if it has no readable list.

    Raises:
        EngineRefusedError: it rejects the key.
        EngineError: it does not answer, or is not ready.
    """
    async with upstream.send("GET", _PATH) as reply:
        if reply.status in _CREDENTIALS:
            raise EngineRefusedError(f"It refuses the key: it returned {reply.status}.")
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise EngineUnavailableError(f"It is not ready: it returned {reply.status}.")
        if reply.status != HTTPStatus.OK:
            return frozenset()
        return _names(await reply.read(_LIMIT_BYTES))


def _names(body: bytes) -> frozenset[str]:
    try:
        document = loads(body)
    except ValueError:
        return frozenset()
    rows = document.get("data") if isinstance(document, dict) else None
    ids = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return frozenset(name for name in ids if isinstance(name, str))
