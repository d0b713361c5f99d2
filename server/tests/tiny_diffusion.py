"""The smallest diffusion model that stable-diffusion.cpp loads: Flux with one block of each kind.

Its weights are noise, so its pictures are, too; but prompt, seed, size and steps reach every pixel. The text
encoder cannot be small, so all its tensors lie over each other in a file that is mostly a hole.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np

from fondaco.domain.models.weights import WeightRole

_HIDDEN = 128
_CHANNELS = 64
_LATENTS = 16
_CLIP_HIDDEN, _CLIP_MLP, _CLIP_WORDS, _CLIP_LAYERS = 768, 3_072, 49_408, 12
_WRITTEN_WORDS = 9_500
"""Of the vocabulary: those that are common. The rest of the file is a hole, which reads as zeros."""


@dataclass
class Weights:
    """Tensors of noise, by their names."""

    prefix: str = ""
    seed: int = 7
    tensors: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)

    def linear(self, name: str, outputs: int, inputs: int) -> None:
        weight = self._rng.standard_normal((outputs, inputs)) * inputs**-0.5
        self.tensors[f"{self.prefix}{name}.weight"] = weight.astype(np.float16)
        self.tensors[f"{self.prefix}{name}.bias"] = np.full(outputs, 0.01, np.float32)

    def convolution(self, name: str, outputs: int, inputs: int, *, bias: bool = True) -> None:
        weight = self._rng.standard_normal((outputs, inputs, 3, 3)) * (9 * inputs) ** -0.5
        self.tensors[f"{self.prefix}{name}.weight"] = weight.astype(np.float16)
        if bias:
            self.tensors[f"{self.prefix}{name}.bias"] = np.zeros(outputs, np.float32)

    def block(self, name: str) -> None:
        for layer in (0, 2, 4):
            self.convolution(f"{name}.conv.{layer}", _CHANNELS, _CHANNELS)

    def ones(self, name: str, count: int) -> None:
        self.tensors[f"{self.prefix}{name}"] = np.ones(count, np.float32)

    def write(self, path: Path) -> Path:
        """Write them as a safetensors file and return where."""
        head, at = {}, 0
        for name, tensor in self.tensors.items():
            kind = "F16" if tensor.dtype == np.float16 else "F32"
            head[name] = entry(kind, tensor.shape, at)
            at += tensor.nbytes
        with path.open("wb") as file:
            file.write(packed(head))
            for tensor in self.tensors.values():
                file.write(tensor.tobytes())
        return path


def entry(kind: str, shape: tuple[int, ...], at: int) -> dict[str, object]:
    """Return what a safetensors header says of a tensor."""
    end = at + prod(shape) * {"F16": 2, "F32": 4}[kind]
    return {"dtype": kind, "shape": list(shape), "data_offsets": [at, end]}


def packed(head: Mapping[str, object]) -> bytes:
    """Return a safetensors header with its length before it."""
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def flux(*, context: int = 4_096) -> Weights:
    """Return a diffusion model of 1.6 million parameters."""
    made, size = Weights("model.diffusion_model."), _HIDDEN
    made.linear("img_in", size, 4 * _LATENTS)
    made.linear("txt_in", size, context)
    for name, inputs in (("time_in", 256), ("vector_in", _CLIP_HIDDEN)):
        made.linear(f"{name}.in_layer", size, inputs)
        made.linear(f"{name}.out_layer", size, size)
    for stream in ("img", "txt"):
        block = f"double_blocks.0.{stream}"
        made.linear(f"{block}_mod.lin", 6 * size, size)
        made.linear(f"{block}_attn.qkv", 3 * size, size)
        made.linear(f"{block}_attn.proj", size, size)
        made.linear(f"{block}_mlp.0", 4 * size, size)
        made.linear(f"{block}_mlp.2", size, 4 * size)
        for norm in ("query", "key"):
            made.ones(f"{block}_attn.norm.{norm}_norm.scale", size)
    made.linear("single_blocks.0.linear1", 7 * size, size)
    made.linear("single_blocks.0.linear2", size, 5 * size)
    made.linear("single_blocks.0.modulation.lin", 3 * size, size)
    for norm in ("query", "key"):
        made.ones(f"single_blocks.0.norm.{norm}_norm.scale", size)
    made.linear("final_layer.linear", 4 * _LATENTS, size)
    made.linear("final_layer.adaLN_modulation.1", 2 * size, size)
    return made


def lora() -> Weights:
    """Return a LoRA for it, of rank 4."""
    made, name = Weights(seed=11), "transformer.double_blocks.0.img_attn.proj"
    rng = np.random.default_rng(11)
    for part, shape in (("lora_A", (4, _HIDDEN)), ("lora_B", (_HIDDEN, 4))):
        made.tensors[f"{name}.{part}.weight"] = rng.standard_normal(shape).astype(np.float16)
    return made


def t5() -> Weights:
    """Return what looks like a text encoder, and is none: Flux does without it."""
    made = Weights(seed=3)
    made.linear("encoder.block.0.layer.0.SelfAttention.q", 8, 8)
    return made


def taesd() -> Weights:
    """Return a tiny autoencoder of 2.4 million parameters, both ways."""
    made = Weights()
    made.convolution("decoder.layers.0", _CHANNELS, _LATENTS)
    at = 2
    for _ in range(3):
        for _ in range(3):
            made.block(f"decoder.layers.{at}")
            at += 1
        at += 1
        made.convolution(f"decoder.layers.{at}", _CHANNELS, _CHANNELS, bias=False)
        at += 1
    made.block(f"decoder.layers.{at}")
    made.convolution(f"decoder.layers.{at + 1}", 3, _CHANNELS)
    made.convolution("encoder.layers.0", _CHANNELS, 3)
    made.block("encoder.layers.1")
    at = 2
    for _ in range(3):
        made.convolution(f"encoder.layers.{at}", _CHANNELS, _CHANNELS, bias=False)
        for _ in range(3):
            at += 1
            made.block(f"encoder.layers.{at}")
        at += 1
    made.convolution(f"encoder.layers.{at}", _LATENTS, _CHANNELS)
    return made


def write_clip(path: Path) -> Path:
    """Write a text encoder of full size, of which 14 MB lie on the disk."""
    size, words = _CLIP_HIDDEN, 2 * _CLIP_WORDS * _CLIP_HIDDEN
    ones, zeros = words, words + 4 * _CLIP_MLP
    head: dict[str, object] = {}

    def layer(name: str, *shape: int, bias: bool = True) -> None:
        head[f"text_model.{name}.weight"] = entry("F16", shape, 0)
        if bias:
            head[f"text_model.{name}.bias"] = entry("F32", shape[:1], zeros)

    def norm(name: str) -> None:
        head[f"text_model.{name}.weight"] = entry("F32", (size,), ones)
        head[f"text_model.{name}.bias"] = entry("F32", (size,), zeros)

    layer("embeddings.token_embedding", _CLIP_WORDS, size, bias=False)
    layer("embeddings.position_embedding", 77, size, bias=False)
    for number in range(_CLIP_LAYERS):
        at = f"encoder.layers.{number}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            layer(f"{at}.self_attn.{part}", size, size)
        layer(f"{at}.mlp.fc1", _CLIP_MLP, size)
        layer(f"{at}.mlp.fc2", size, _CLIP_MLP)
        norm(f"{at}.layer_norm1")
        norm(f"{at}.layer_norm2")
    norm("final_layer_norm")
    noise = np.random.default_rng(9).standard_normal(_WRITTEN_WORDS * size, np.float32) * 0.03
    with path.open("wb") as file:
        file.write(packed(head))
        start = file.tell()
        file.write(noise.astype(np.float16).tobytes())
        file.seek(start + ones)
        file.write(np.ones(_CLIP_MLP, np.float32).tobytes())
        file.truncate(start + zeros + 4 * _CLIP_MLP)
    return path


def write_model(folder: Path) -> dict[WeightRole, Path]:
    """Write all files of the model and return where."""
    return {
        WeightRole.DIFFUSION_MODEL: flux().write(folder / "tiny-flux.safetensors"),
        WeightRole.TAESD: taesd().write(folder / "tiny-taef1.safetensors"),
        WeightRole.CLIP_L: write_clip(folder / "tiny-clip-l.safetensors"),
    }
