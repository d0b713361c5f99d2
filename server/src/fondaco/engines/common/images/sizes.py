"""Sizes of pictures that models were trained on, where an engine names only a file."""

import re

_LARGE = re.compile(
    r"xl|pony|illustrious|noob|flux|sd[-_. ]?3|cascade|z[-_. ]?image|qwen|hidream|chroma|lumina|aura|pixart"
)
_LARGE_SIDE, _SMALL_SIDE = 1_024, 512


def usual_side(name: str) -> int:
    """Return the side of the square that a model was trained on, as its name lets one guess.

    >>> usual_side("sdxl/base_1.0.safetensors"), usual_side("dreamshaper_8.safetensors")
    (1024, 512)
    """
    return _LARGE_SIDE if _LARGE.search(name.lower()) else _SMALL_SIDE


def without_ending(name: str) -> str:
    """Return the name of a model's file without the ending of its format.

    >>> without_ending("sdxl/base_1.0.safetensors")
    'sdxl/base_1.0'
    """
    return re.sub(r"\.(safetensors|ckpt|gguf|sft|pt)$", "", name)
