"""Capabilities that an sd-server reports.

Source: stable-diffusion.cpp, `examples/server/api.md`, `GET /sdcpp/v1/capabilities`.
"""

from dataclasses import dataclass

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.domain.untrusted_numbers import finite, whole
from fondaco.engines.common.found import name_of, row_of, words_of
from fondaco.engines.common.images.exchange import asked

CAPABILITIES = "/sdcpp/v1/capabilities"
_LONGEST_SIDE = 4_096
_MOST_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class ServerAbilities:
    """Capabilities of one sd-server, which runs one model; None: not reported."""

    names: frozenset[str]
    """Its model's: the file, with and without its ending."""
    makes_images: bool
    makes_videos: bool
    samplers: frozenset[str]
    schedulers: frozenset[str]
    width: int | None
    """Of pictures by default."""
    height: int | None
    steps: int | None
    cfg_scale: float | None
    longest_side: int | None


async def capabilities_of(client: HttpClient) -> ServerAbilities:
    """Ask an sd-server what it can do.

    Raises:
        NotAtEngineError: it is no sd-server.
        EngineError: it does not answer, or with something else.
    """
    document = row_of(await asked(client, CAPABILITIES))
    model, limits = row_of(document.get("model")), row_of(document.get("limits"))
    if not model:
        raise EngineError("The engine's capabilities name no model.")
    images = row_of(row_of(document.get("defaults_by_mode")).get("img_gen"))
    sampling = row_of(images.get("sample_params"))
    modes = words_of(document.get("supported_modes"))
    names = (name_of(model.get(key)) for key in ("stem", "name"))
    return ServerAbilities(
        names=frozenset(name for name in names if name is not None),
        makes_images="img_gen" in modes,
        makes_videos="vid_gen" in modes,
        samplers=words_of(document.get("samplers")),
        schedulers=words_of(document.get("schedulers")),
        width=whole(images.get("width"), _LONGEST_SIDE) or None,
        height=whole(images.get("height"), _LONGEST_SIDE) or None,
        steps=whole(sampling.get("sample_steps"), _MOST_STEPS) or None,
        cfg_scale=finite(row_of(sampling.get("guidance")).get("txt_cfg")),
        longest_side=whole(limits.get("max_width"), 2**20) or None,
    )


async def names_listed(client: HttpClient) -> frozenset[str]:
    """Return the names of an sd-server's model, samplers and schedulers.

    Raises:
        EngineRefusedError: something before it refuses the key.
        EngineError: it does not answer.
    """
    able = await capabilities_of(client)
    return able.names | able.samplers | able.schedulers
