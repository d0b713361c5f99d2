"""Listings of an engine: its checkpoints, which of them answered, and its samplers.

The API takes a checkpoint by any of its names, and draws with whichever is loaded where it knows none of
that name; sd-server likewise with samplers. So names are looked up before, and the answer is compared with them.

Source: stable-diffusion-webui, `GET /sdapi/v1/sd-models`, `/sdapi/v1/samplers`, `process_images`, `Processed.js`.
"""

import re
from dataclasses import dataclass

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError, EngineUnavailableError
from fondaco.engines.common.found import name_of, rows_of, words_of
from fondaco.engines.common.images.exchange import NotAtEngineError, asked
from fondaco.engines.common.lenient_json import loads

MODELS = "/sdapi/v1/sd-models"
_SAMPLERS, _SCHEDULERS = "/sdapi/v1/samplers", "/sdapi/v1/schedulers"
_MOST = 5_000
_HASH = re.compile(r" \[[0-9a-f]+\]$")
_LONGEST_INFO = 2**20


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint as an engine lists it."""

    name: str
    """Its title without the hash, which some titles get later."""
    title: str
    """The name in requests, such as `dreamshaper_8.safetensors [879db523c3]`."""
    names: frozenset[str]
    """All its names: title, name, file and hash, with and without folders and endings."""


class Checkpoints:
    """The checkpoints of one engine, listed when one is first asked for."""

    def __init__(self, client: HttpClient) -> None:
        """Prepare; no request is sent yet."""
        self._client = client
        self._listed: tuple[Checkpoint, ...] = ()

    async def of(self, name: str) -> Checkpoint | None:
        """Return the checkpoint of a name; None where the engine has no list, and so takes any name.

        Raises:
            EngineUnavailableError: the engine does not list it.
            EngineError: the engine does not answer.
        """
        if (found := self._named(name)) is not None:
            return found
        try:
            self._listed = await listed(self._client)
        except NotAtEngineError:
            return None
        if (found := self._named(name)) is not None:
            return found
        raise EngineUnavailableError(
            f"The model's engine does not list the checkpoint {name!r}. The operator must check its name with "
            "`fondaco engines test`."
        )

    def _named(self, name: str) -> Checkpoint | None:
        return next((one for one in self._listed if name in one.names), None)


async def listed(client: HttpClient) -> tuple[Checkpoint, ...]:
    """Ask an engine for its checkpoints.

    Raises:
        NotAtEngineError: it does not provide the list.
        EngineError: it does not answer, or refuses the key.
    """
    rows = rows_of(await asked(client, MODELS))
    found = (_checkpoint(row.get("title"), row) for row in rows[:_MOST])
    return tuple(one for one in found if one is not None)


async def names_listed(client: HttpClient) -> frozenset[str]:
    """Return all names of an engine's checkpoints, samplers and schedulers.

    Raises:
        EngineRefusedError: it refuses the key.
        EngineError: it does not answer.
    """
    checkpoints = await listed(client)
    samplers, schedulers = await _named(client, _SAMPLERS), await _named(client, _SCHEDULERS)
    return frozenset().union(*(one.names for one in checkpoints), samplers, schedulers)


async def expect_sampler(client: HttpClient, sampler: str) -> None:
    """Return if an engine lists a sampler, or has no list of them.

    Raises:
        EngineError: it lists others, or does not answer.
    """
    known = await _named(client, _SAMPLERS)
    if known and sampler not in known:
        names = ", ".join(sorted(known))
        raise EngineError(f"The model's engine has no sampler {sampler!r}, but {names}.")


async def _named(client: HttpClient, path: str) -> frozenset[str]:
    """Return all names in a list of samplers or schedulers; none if the list is missing."""
    try:
        rows = rows_of(await asked(client, path))
    except NotAtEngineError:
        return frozenset()
    named = [name_of(row.get(key)) for row in rows for key in ("name", "label")]
    aliases = [words_of(row.get("aliases")) for row in rows]
    return frozenset(name for name in named if name is not None).union(*aliases)


def expect_drawn_with(checkpoint: Checkpoint, info: object) -> None:
    """Return if the `info` of an answer names a checkpoint, or does not say which one drew.

    Raises:
        EngineError: it names another one.
    """
    if not isinstance(info, str) or len(info) > _LONGEST_INFO:
        return
    try:
        document = loads(info.encode("utf-8", "replace"))
    except ValueError:
        return  # sd-server sends an empty text
    if not isinstance(document, dict):
        return
    names = [document.get(key) for key in ("sd_model_name", "sd_model_hash")]
    named = {name for name in names if isinstance(name, str) and name}
    if named and named.isdisjoint(checkpoint.names):
        raise EngineError("The model's engine used another checkpoint than requested.")


def _checkpoint(title: object, row: object) -> Checkpoint | None:
    named = name_of(title)
    if named is None or not isinstance(row, dict):
        return None
    name = _HASH.sub("", named)
    names = {named, name}
    names |= {one for key in ("model_name", "hash") if (one := name_of(row.get(key))) is not None}
    if isinstance(path := row.get("filename"), str):
        names.add(path.replace("\\", "/").rsplit("/", 1)[-1])
    stems = {re.sub(r"\.(safetensors|ckpt|gguf)$", "", one) for one in names}
    return Checkpoint(
        name, named, frozenset(names | stems | {one.rsplit("/", 1)[-1] for one in stems})
    )
