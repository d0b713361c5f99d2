"""The names of video models that an engine lists: a check at no cost that it answers.

Source: Venice, `GET /models?type=video`.
"""

from fondaco.clients.client import HttpClient
from fondaco.engines.common.found import name_of, row_of, rows_of
from fondaco.engines.common.images.exchange import NotAtEngineError, asked

_VIDEO_MODELS = "/models?type=video"
_LIMIT_BYTES = 16 * 2**20


async def names_listed(client: HttpClient) -> frozenset[str]:
    """Return the ids in an engine's list of video models; none where it has no list.

    Raises:
        EngineRefusedError: it refuses the key.
        EngineError: it does not answer, or with something else.
    """
    try:
        document = row_of(await asked(client, _VIDEO_MODELS, limit_bytes=_LIMIT_BYTES))
    except NotAtEngineError:
        return frozenset()
    names = (name_of(row.get("id")) for row in rows_of(document.get("data")))
    return frozenset(name for name in names if name is not None)
