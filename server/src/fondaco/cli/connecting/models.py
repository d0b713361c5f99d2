"""Models of a server: their names, and whether one answers to a name."""

from collections.abc import Mapping
from difflib import get_close_matches
from urllib.parse import quote

from fondaco.cli.connecting.api import Api
from fondaco.cli.connecting.refusals import RefusalError
from fondaco.cli.exits import Exit, FailedError

_NOT_FOUND = (404, 405, 410)
_MOST_SHOWN = 20


async def model_names(api: Api, kind: str = "text") -> tuple[str, ...]:
    """Return the ids of the models of a type that a server lists, without those for encrypted content alone.

    Raises:
        FailedError: it does not answer, or lists none.
    """
    listed = await api.get(f"/models?type={kind}")
    rows = listed.get("data") if isinstance(listed, dict) else None
    names = (row.get("id") for row in rows or () if isinstance(row, dict) and not _is_sealed(row))
    return tuple(one for one in names if isinstance(one, str))


async def model_id(api: Api, name: str) -> str:
    """Return the id of the model that answers to a name; the name itself where the server does not tell."""
    try:
        entry = await api.get(f"/models/{quote(name)}")
    except FailedError:
        return name
    found = entry.get("id") if isinstance(entry, dict) else None
    return found if isinstance(found, str) else name


async def knows_model(api: Api, name: str) -> bool:
    """Whether a model answers to a name: its id, or another name that the server knows.

    Raises:
        FailedError: the server does not answer.
    """
    try:
        await api.get(f"/models/{quote(name)}")
    except RefusalError as error:
        if error.status not in _NOT_FOUND:
            raise
    else:
        return True
    try:
        return name in await model_names(api)
    except RefusalError:
        return False


async def expect_model(api: Api, name: str) -> None:
    """Return if a model answers to a name, or the server lists none: some serve models without a list.

    Raises:
        FailedError: none does; the message names the nearest ones.
    """
    if await knows_model(api, name):
        return
    try:
        names = await model_names(api)
    except RefusalError:
        return
    if names:
        raise await unknown_model(api, name)


async def unknown_model(api: Api, name: str) -> FailedError:
    """Return the error of a name that no model has, with the nearest names, or all if they are few."""
    try:
        names = await model_names(api)
    except FailedError:
        names = ()
    near = get_close_matches(name, names, 3)
    hint = ""
    if near:
        hint = f" Did you mean {' or '.join(map(repr, near))}?"
    elif names:
        hint = f" Available: {', '.join(names[:_MOST_SHOWN])}."
    return FailedError(f"Unknown model {name!r} at {api.place}.{hint}", Exit.UNKNOWN)


def _is_sealed(row: Mapping[str, object]) -> bool:
    """Whether a model takes nothing but content that is encrypted to it."""
    spec = row.get("model_spec")
    able = spec.get("capabilities") if isinstance(spec, dict) else None
    return bool(isinstance(able, dict) and able.get("supportsE2EE"))
