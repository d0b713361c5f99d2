"""The smallest video model that stable-diffusion.cpp loads: Wan of 1.3 billion parameters, most of them the same.

It finds its width from the number of blocks, so neither can be small: all its tensors lie over each other in a
file of 28 MB of noise. The tiny autoencoder is of noise, too. It has no text encoder: Wan does without it.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from fondaco.domain.models.weights import WeightRole
from tiny_diffusion import Weights, entry, packed

_WIDTH, _INNER, _BLOCKS, _LATENTS = 1_536, 8_960, 30, 16
_PREFIX = "model.diffusion_model."


_LARGEST = 6 * _WIDTH
_NOISE = _LARGEST * _WIDTH
"""The elements of the largest tensor; of each, the file has its beginning."""
_ONES, _ZEROS = 2 * _NOISE, 2 * _NOISE + 4 * _WIDTH


def write_wan(path: Path) -> Path:
    """Write a diffusion model for videos of a prompt."""
    noise = np.random.default_rng(9).standard_normal(_NOISE, np.float32) * _WIDTH**-0.5
    with path.open("wb") as file:
        file.write(packed(_head()))
        start = file.tell()
        file.write(noise.astype(np.float16).tobytes())
        file.write(np.ones(_WIDTH, np.float32).tobytes())
        file.truncate(start + _ZEROS + 4 * _LARGEST)
    return path


def _head() -> dict[str, object]:
    head: dict[str, object] = {}

    def linear(name: str, outputs: int, *inputs: int) -> None:
        head[f"{_PREFIX}{name}.weight"] = entry("F16", (outputs, *inputs), 0)
        head[f"{_PREFIX}{name}.bias"] = entry("F32", (outputs,), _ZEROS)

    def flat(name: str, *shape: int, at: int = _ZEROS) -> None:
        head[f"{_PREFIX}{name}"] = entry("F32", shape, at)

    linear("patch_embedding", _WIDTH, _LATENTS, 1, 2, 2)
    linear("text_embedding.0", _WIDTH, 4_096)
    linear("text_embedding.2", _WIDTH, _WIDTH)
    linear("time_embedding.0", _WIDTH, 256)
    linear("time_embedding.2", _WIDTH, _WIDTH)
    linear("time_projection.1", _LARGEST, _WIDTH)
    for number in range(_BLOCKS):
        block = f"blocks.{number}"
        for attention in ("self_attn", "cross_attn"):
            for part in "qkvo":
                linear(f"{block}.{attention}.{part}", _WIDTH, _WIDTH)
            for part in "qk":
                flat(f"{block}.{attention}.norm_{part}.weight", _WIDTH, at=_ONES)
        flat(f"{block}.norm3.weight", _WIDTH, at=_ONES)
        flat(f"{block}.norm3.bias", _WIDTH)
        linear(f"{block}.ffn.0", _INNER, _WIDTH)
        linear(f"{block}.ffn.2", _WIDTH, _INNER)
        flat(f"{block}.modulation", 1, 6, _WIDTH)
    linear("head.head", 4 * _LATENTS, _WIDTH)
    flat("head.modulation", 1, 2, _WIDTH)
    return head


def tiny_autoencoder() -> Weights:
    """Return the decoder and the encoder of TAEHV, of 11 million parameters."""
    made = Weights()

    def convolution(
        name: str, outputs: int, inputs: int, side: int = 3, *, bias: bool = True
    ) -> None:
        rng = np.random.default_rng(len(made.tensors))
        shape = (outputs, inputs, side, side)
        weight = rng.standard_normal(shape, np.float32) * (side * side * inputs) ** -0.5
        made.tensors[f"{name}.weight"] = weight.astype(np.float16)
        if bias:
            made.tensors[f"{name}.bias"] = np.zeros(outputs, np.float32)

    def memory(name: str, channels: int) -> None:
        convolution(f"{name}.conv.0", channels, 2 * channels)
        convolution(f"{name}.conv.2", channels, channels)
        convolution(f"{name}.conv.4", channels, channels)

    channels, at = (256, 128, 64, 64), 3
    convolution("decoder.1", channels[0], _LATENTS)
    for layer, (inputs, outputs) in enumerate(pairwise(channels)):
        for _ in range(3):
            memory(f"decoder.{at}", inputs)
            at += 1
        at += 1
        convolution(f"decoder.{at}.conv", inputs * (2 if layer else 1), inputs, 1, bias=False)
        convolution(f"decoder.{at + 1}", outputs, inputs, bias=False)
        at += 2
    convolution(f"decoder.{at + 1}", 3, channels[-1])
    convolution("encoder.0", 64, 3)
    at = 2
    for layer in range(3):
        convolution(f"encoder.{at}.conv", 64, 64 * (1 if layer == 2 else 2), 1, bias=False)
        convolution(f"encoder.{at + 1}", 64, 64, bias=False)
        at += 2
        for _ in range(3):
            memory(f"encoder.{at}", 64)
            at += 1
    convolution(f"encoder.{at}", _LATENTS, 64)
    return made


def write_model(folder: Path) -> Mapping[WeightRole, Path]:
    """Write all files of the model and return where."""
    return {
        WeightRole.DIFFUSION_MODEL: write_wan(folder / "tiny-wan.safetensors"),
        WeightRole.TAESD: tiny_autoencoder().write(folder / "tiny-taew.safetensors"),
    }
