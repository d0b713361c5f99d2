"""Catalogue entries for the operator's diffusion models, from the metadata of their files."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from fondaco.configuration.built_in import DIFFUSION
from fondaco.configuration.layers import Tree
from fondaco.domain.models.weights import WeightRole
from fondaco.modelfiles.headers.weights import ENCODERS_OF, Family, WeightFacts

_DISTILLED = re.compile(r"turbo|lightning|schnell|hyper|lcm|dmd|klein|distill", re.IGNORECASE)
"""In the names of models that draw in a few steps, without guidance."""
_EDITING = re.compile(r"kontext|[-_.]edit\b|image[-_]edit|pix2pix", re.IGNORECASE)
"""In the names of models made for edits by instruction."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Options for running the models of a family."""

    steps: int
    max_steps: int
    cfg_scale: float
    side: int
    """The width and height that they were trained at."""
    longest_side: int
    divisor: int = 64


_PROFILES: Mapping[Family, Profile] = {
    Family.SD1: Profile(20, 50, 7.0, 512, 1_024),
    Family.SD2: Profile(20, 50, 7.0, 512, 1_024),
    Family.SDXL: Profile(25, 50, 6.0, 1_024, 1_536),
    Family.SD3: Profile(28, 50, 4.5, 1_024, 1_536, 16),
    Family.FLUX: Profile(20, 50, 1.0, 1_024, 1_536, 16),
    Family.FLUX2: Profile(20, 50, 1.0, 1_024, 1_536, 16),
    Family.CHROMA: Profile(26, 50, 4.0, 1_024, 1_536, 16),
    Family.QWEN_IMAGE: Profile(20, 50, 2.5, 1_024, 1_536, 16),
    Family.Z_IMAGE: Profile(25, 50, 4.0, 1_024, 1_536, 16),
}
"""As the models' cards and stable-diffusion.cpp's docs advise."""
_FEW_STEPS: Mapping[Family, tuple[int, int]] = {
    Family.SD1: (1, 8),
    Family.SD2: (1, 4),
    Family.SDXL: (4, 8),
    Family.Z_IMAGE: (8, 12),
}
"""Steps of distilled models, as many as advised and as many as of use; of others 4 and 8."""


def row_of_weights(
    facts: WeightFacts, files: Mapping[WeightRole, Tree], *, price: Decimal, traits: tuple[str, ...]
) -> Tree:
    """Return the catalogue entry of a diffusion model.

    Args:
        facts: of the model itself.
        files: `file`, and where known `url`, `bytes` and `sha256`, of each role.
        price: USD for an image.
        traits: traits by which it can be requested.
    """
    name = str(files[facts.role]["file"])
    profile = profile_of(facts, name)
    edits = _EDITING.search(name) is not None
    row: Tree = {
        "name": re.sub(r"\.(gguf|safetensors)$", "", name),
        "type": "inpaint" if edits else "image",
        "engines": (DIFFUSION,),
        "traits": traits or None,
        "files": {role.value: dict(file) for role, file in files.items()},
        "diffusion": {
            "cfg_scale": Decimal(str(profile.cfg_scale)),
            "steps": profile.steps,
            "by_reference": edits or None,
        },
        "price": {"generation": price, "upscale_2x": price, "upscale_4x": price, "inpaint": price},
    }
    return row if edits else row | {"image": _image(profile, WeightRole.LORA in files)}


def profile_of(facts: WeightFacts, file: str) -> Profile:
    """Return how a model is run. Only its file name, or FLUX.1's weights, show that it is distilled."""
    assert facts.family is not None  # noqa: S101 - of weights that draw
    profile = _PROFILES[facts.family]
    unguided = facts.family is Family.FLUX and not facts.guided
    if not unguided and _DISTILLED.search(file) is None:
        return profile
    steps, most = _FEW_STEPS.get(facts.family, (4, 8))
    return replace(profile, steps=steps, max_steps=most, cfg_scale=1.0)


def lacking(facts: WeightFacts, roles: Collection[WeightRole]) -> tuple[str, ...]:
    """Return what a model needs beyond the files that there are."""
    assert facts.family is not None  # noqa: S101 - likewise
    lacks = []
    if not facts.has_vae and WeightRole.VAE not in roles and WeightRole.TAESD not in roles:
        lacks.append("vae or taesd")
    if not facts.has_text_encoder:
        lacks += [role.value for role in ENCODERS_OF[facts.family] if role not in roles]
    return tuple(lacks)


def _image(profile: Profile, has_lora: bool) -> Tree:  # noqa: FBT001 - private
    parameters = ["steps", "cfg_scale", "seed"]
    if profile.cfg_scale != 1:  # without guidance, a negative prompt has no effect
        parameters.insert(0, "negative_prompt")
    if has_lora:
        parameters.append("lora_strength")
    return {
        "steps": profile.steps,
        "max_steps": profile.max_steps,
        "divisor": profile.divisor,
        "width": profile.side,
        "height": profile.side,
        "shortest_side": 256,
        "longest_side": profile.longest_side,
        "parameters": tuple(parameters),
    }
