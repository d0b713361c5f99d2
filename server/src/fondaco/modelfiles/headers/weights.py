"""Weights of diffusion models: role and family of a file, by the names of its tensors.

Source: stable-diffusion.cpp, `ModelLoader::get_sd_version` and docs/ for what each family needs; the layouts
that Stability, Black Forest Labs, Alibaba and ComfyUI publish.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fondaco.domain.models.weights import WeightRole
from fondaco.modelfiles.errors import ModelFileError, from_os
from fondaco.modelfiles.headers.gguf import EndedEarlyError, NotGgufError, read_tables
from fondaco.modelfiles.headers.safetensors import NotSafetensorsError, read_header
from fondaco.modelfiles.headers.tensors import Tensor

_PREFIX = "model.diffusion_model."


class Family(StrEnum):
    """A kind of diffusion model; the value is its name."""

    SD1 = "Stable Diffusion 1"
    SD2 = "Stable Diffusion 2"
    SDXL = "Stable Diffusion XL"
    SD3 = "Stable Diffusion 3"
    FLUX = "FLUX.1"
    FLUX2 = "FLUX.2"
    CHROMA = "Chroma"
    QWEN_IMAGE = "Qwen-Image"
    Z_IMAGE = "Z-Image"


@dataclass(frozen=True, slots=True)
class WeightFacts:
    """Facts about a file of weights."""

    role: WeightRole
    family: Family | None
    """Of a diffusion model."""
    parameters: int
    quantization: str
    """The type of most weights, such as `F16` or `Q4_K`."""
    has_vae: bool
    has_text_encoder: bool
    guided: bool
    """Whether it takes a guidance of its own, as FLUX.1 [dev] does and [schnell] does not."""

    @property
    def is_whole(self) -> bool:
        """Whether it draws pictures, alone or with the files that it needs."""
        return self.role in (WeightRole.MODEL, WeightRole.DIFFUSION_MODEL)


ENCODERS_OF: Mapping[Family, tuple[WeightRole, ...]] = {
    Family.SD1: (WeightRole.CLIP_L,),
    Family.SD2: (WeightRole.CLIP_L,),
    Family.SDXL: (WeightRole.CLIP_L, WeightRole.CLIP_G),
    Family.SD3: (WeightRole.CLIP_L, WeightRole.CLIP_G, WeightRole.T5XXL),
    Family.FLUX: (WeightRole.CLIP_L, WeightRole.T5XXL),
    Family.FLUX2: (WeightRole.LLM,),
    Family.CHROMA: (WeightRole.T5XXL,),
    Family.QWEN_IMAGE: (WeightRole.LLM,),
    Family.Z_IMAGE: (WeightRole.LLM,),
}
"""The text encoders that a family needs where they are not in the checkpoint."""

_FAMILIES = (
    (Family.CHROMA, "distilled_guidance_layer.in_proj.weight"),
    (Family.FLUX2, "double_stream_modulation_img.lin.weight"),
    (Family.FLUX, "double_blocks.0.img_attn.qkv.weight"),
    (Family.SD3, "joint_blocks.0.x_block.attn.qkv.weight"),
    (Family.QWEN_IMAGE, "transformer_blocks.0.img_mod.1.weight"),
    (Family.Z_IMAGE, "cap_embedder.1.weight"),
)
"""Family -> a tensor that only its models have; the first that fits counts."""
_UNET = "input_blocks.0.0.weight"
_CROSS_ATTENTION = re.compile(r"input_blocks\.\d+\.1\.transformer_blocks\.0\.attn2\.to_k\.weight")
_UNETS = {768: Family.SD1, 1024: Family.SD2, 2048: Family.SDXL}
"""The length of a text encoder's vectors -> the family of a U-Net that attends to them."""
_PARTS = (
    (
        WeightRole.LORA,
        re.compile(r".*(\.lora_(down|up|A|B|a|b)\.|\.lora\.(down|up)\.|\.lokr_|\.hada_).*"),
    ),
    (WeightRole.TAESD, re.compile(r"(decoder|encoder)\.(layers\.)?\d+\.(conv\.\d\.)?weight")),
    (WeightRole.VAE, re.compile(r"((first_stage_model|vae)\.)?decoder\.(conv_in|conv1)\.weight")),
    (WeightRole.LLM_VISION, re.compile(r"(v\.blk|visual\.blocks)\.0\.attn.*weight")),
    (
        WeightRole.T5XXL,
        re.compile(
            r"(.*\.)?(encoder\.block\.0\.layer\.0\.SelfAttention\.q|enc\.blk\.0\.attn_q)\.weight"
        ),
    ),
    (WeightRole.LLM, re.compile(r"(model\.layers\.0\.self_attn\.q_proj|blk\.0\.attn_q)\.weight")),
)
"""Role -> the name of a tensor that shows it; the first that fits counts."""
_CLIP = re.compile(r"(.*\.)?text_model\.encoder\.layers\.0\.self_attn\.(q|out)_proj\.weight")
_CLIPS = {768: WeightRole.CLIP_L, 1280: WeightRole.CLIP_G}
"""The length of its vectors -> the text encoder."""
_VIDEO = "blocks.0.cross_attn.norm_k.weight"
_DIFFUSERS = re.compile(r"(unet\.)?down_blocks\.0\..*")


def weights_of(path: Path) -> WeightFacts | None:
    """Return what a file of weights is for; None where its tensors have none of the names known here.

    Raises:
        ModelFileError: it cannot be read, or holds weights that nothing here can run.
    """
    tensors = tensors_of(path)
    if not tensors:
        return None
    bare = {name.removeprefix(_PREFIX): one for name, one in tensors.items()}
    role, family = _part(tensors), None
    if role is not WeightRole.LORA and (family := _family(path.name, bare)) is not None:
        role = WeightRole.DIFFUSION_MODEL
    if role is None:
        return None
    has_vae = _has(tensors, ("first_stage_model.", "vae."))
    has_text_encoder = _has(tensors, ("cond_stage_model.", "conditioner.", "text_encoders.", "te."))
    if family is not None and (has_vae or has_text_encoder):
        role = WeightRole.MODEL
    kinds = Counter[str]()
    for tensor in tensors.values():
        kinds[tensor.kind] += tensor.elements
    return WeightFacts(
        role=role,
        family=family,
        parameters=kinds.total(),
        quantization=kinds.most_common(1)[0][0],
        has_vae=has_vae,
        has_text_encoder=has_text_encoder,
        guided="guidance_in.in_layer.weight" in bare,
    )


def tensors_of(path: Path) -> Mapping[str, Tensor]:
    """Return the tensors that a GGUF or safetensors file lists; of an unknown version of GGUF none.

    Raises:
        ModelFileError: it is neither, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            if path.suffix == ".safetensors":
                return read_header(file)[0]
            tables = read_tables(file)
    except (NotSafetensorsError, NotGgufError, EndedEarlyError):
        raise ModelFileError(
            f"{path.name!r} is neither a GGUF nor a safetensors file, or is incomplete."
        ) from None
    except OSError as error:
        raise from_os(error, f"read {path.name!r}") from error
    return {} if tables is None else tables.tensors


def _family(name: str, bare: Mapping[str, Tensor]) -> Family | None:
    """Return the family of the diffusion model among tensors without their prefix, if there is one."""
    if _VIDEO in bare:
        raise ModelFileError(f"{name!r} is a video model (Wan), which is not supported yet.")
    if _UNET in bare:
        lengths = {one.shape[-1] for key, one in bare.items() if _CROSS_ATTENTION.fullmatch(key)}
        for length, family in _UNETS.items():
            if lengths == {length}:
                return family
        raise ModelFileError(f"{name!r} is an unsupported kind of U-Net.")
    if any(_DIFFUSERS.fullmatch(key) for key in bare):
        raise ModelFileError(
            f"{name!r} is in the layout of diffusers. Take the file that is published for ComfyUI or "
            "stable-diffusion.cpp, one file with the original names, or convert it."
        )
    return next((family for family, mark in _FAMILIES if mark in bare), None)


def _part(tensors: Mapping[str, Tensor]) -> WeightRole | None:
    """Return what a file is for that is no diffusion model."""
    for role, pattern in _PARTS:
        if any(pattern.fullmatch(name) for name in tensors):
            return role
    lengths = {one.shape[-1] for name, one in tensors.items() if _CLIP.fullmatch(name)}
    return next((role for length, role in _CLIPS.items() if length in lengths), None)


def _has(tensors: Collection[str], prefixes: tuple[str, ...]) -> bool:
    return any(name.startswith(prefixes) for name in tensors)
