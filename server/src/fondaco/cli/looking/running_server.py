"""The API of the server that a command looks at, and the shapes of its replies."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fondaco.cli.connecting.api import Api, use_api
from fondaco.cli.connecting.target import NoServer, chosen_target, no_server
from fondaco.cli.exits import FailedError

Fields = dict[str, object]


def use_server(
    url: str | None,
    key: str | None,
    home: Path | None,
    config: Path | None,
    use: Callable[[Api], Awaitable[None]],
) -> None:
    """Look at the server that `--url` names, or the environment, or that runs on the home.

    Raises:
        FailedError: there is none, it does not answer, or it refuses.
    """
    with chosen_target(url, key, home, config) as target:
        if isinstance(target, NoServer):
            raise no_server(target)
        use_api(target, use)


async def fields(api: Api, path: str) -> Fields:
    """Return the object at a path.

    Raises:
        FailedError: there is none.
    """
    value = await api.get(path)
    if not isinstance(value, dict):
        raise FailedError(
            f"{api.place}{path} did not return a JSON object. Check that this is a Fondaco server."
        )
    return value


async def engines(api: Api) -> list[Fields]:
    """Return the engines of a server, as `GET /operator/engines` lists them.

    Raises:
        FailedError: it does not list them.
    """
    rows = (await fields(api, "/operator/engines")).get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def inside(value: object, *names: str) -> object:
    """Return what lies in nested objects under these names; None: nothing does."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
