"""Weights of diffusion models: what a file is for, by its header, of which nothing is believed."""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import tiny_diffusion
from fondaco.domain.models.weights import WeightRole
from fondaco.modelfiles.errors import ModelFileError
from fondaco.modelfiles.headers.formats import expect_format
from fondaco.modelfiles.headers.safetensors import NotSafetensorsError, read_header
from fondaco.modelfiles.headers.tensors import Tensor
from fondaco.modelfiles.headers.weights import Family, weights_of
from gguf_files import packed

PREFIX = "model.diffusion_model."
CROSS = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"


def hollow(path: Path, **shapes: tuple[int, ...]) -> Path:
    """Write a file whose header lists tensors, and whose data is a hole."""
    head, at = {}, 0
    for name, shape in shapes.items():
        head[name] = tiny_diffusion.entry("F16", shape, at)
        at = int(str(head[name]["data_offsets"][1]))  # type: ignore[index]
    text = tiny_diffusion.packed(head)
    with path.open("wb") as file:
        file.write(text)
        file.truncate(len(text) + at)
    return path


CHECKPOINT = {"first_stage_model.decoder.conv_in.weight": (8, 8)}
WHOLE = {**CHECKPOINT, "cond_stage_model.transformer.text_model.embeddings.x": (8,)}
CASES: list[tuple[dict[str, tuple[int, ...]], WeightRole, Family | None]] = [
    (
        {f"{PREFIX}input_blocks.0.0.weight": (8, 4, 3, 3), f"{PREFIX}{CROSS}": (320, 768), **WHOLE},
        WeightRole.MODEL,
        Family.SD1,
    ),
    (
        {
            f"{PREFIX}input_blocks.0.0.weight": (8, 4, 3, 3),
            f"{PREFIX}{CROSS}": (320, 1024),
            **WHOLE,
        },
        WeightRole.MODEL,
        Family.SD2,
    ),
    (
        {
            "input_blocks.0.0.weight": (8, 4, 3, 3),
            "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (640, 2048),
        },
        WeightRole.DIFFUSION_MODEL,
        Family.SDXL,
    ),
    (
        {f"{PREFIX}joint_blocks.0.x_block.attn.qkv.weight": (9, 3), **CHECKPOINT},
        WeightRole.MODEL,
        Family.SD3,
    ),
    ({"double_blocks.0.img_attn.qkv.weight": (9, 3)}, WeightRole.DIFFUSION_MODEL, Family.FLUX),
    (
        {
            "double_blocks.0.img_attn.qkv.weight": (9, 3),
            "double_stream_modulation_img.lin.weight": (9, 3),
        },
        WeightRole.DIFFUSION_MODEL,
        Family.FLUX2,
    ),
    (
        {
            "double_blocks.0.img_attn.qkv.weight": (9, 3),
            "distilled_guidance_layer.in_proj.weight": (9, 3),
        },
        WeightRole.DIFFUSION_MODEL,
        Family.CHROMA,
    ),
    (
        {"transformer_blocks.0.img_mod.1.weight": (9, 3)},
        WeightRole.DIFFUSION_MODEL,
        Family.QWEN_IMAGE,
    ),
    ({"cap_embedder.1.weight": (9, 3)}, WeightRole.DIFFUSION_MODEL, Family.Z_IMAGE),
    ({"decoder.conv_in.weight": (9, 3, 3, 3)}, WeightRole.VAE, None),
    ({"decoder.layers.0.weight": (64, 16, 3, 3)}, WeightRole.TAESD, None),
    ({"text_model.encoder.layers.0.self_attn.q_proj.weight": (768, 768)}, WeightRole.CLIP_L, None),
    (
        {"text_model.encoder.layers.0.self_attn.q_proj.weight": (1280, 1280)},
        WeightRole.CLIP_G,
        None,
    ),
    ({"encoder.block.0.layer.0.SelfAttention.q.weight": (9, 3)}, WeightRole.T5XXL, None),
    ({"model.layers.0.self_attn.q_proj.weight": (9, 3)}, WeightRole.LLM, None),
    ({"visual.blocks.0.attn.qkv.weight": (9, 3)}, WeightRole.LLM_VISION, None),
    ({"lora_unet_x.lora_down.weight": (4, 9)}, WeightRole.LORA, None),
    (
        {"transformer.double_blocks.0.img_attn.qkv.lora_A.weight": (4, 9)},
        WeightRole.LORA,
        None,
    ),
]


@pytest.mark.parametrize(("shapes", "role", "family"), CASES)
def test_the_names_of_tensors_tell_what_a_file_is_for(
    tmp_path: Path, shapes: dict[str, tuple[int, ...]], role: WeightRole, family: Family | None
) -> None:
    facts = weights_of(hollow(tmp_path / "a.safetensors", **shapes))
    assert facts is not None
    assert (facts.role, facts.family) == (role, family)


def test_a_gguf_file_tells_it_likewise(tmp_path: Path) -> None:
    name, shape = "double_blocks.0.img_attn.qkv.weight", (32, 9)
    tensor = packed(name) + struct.pack("<IQQIQ", 2, *shape, 8, 0)
    tables = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + tensor
    file = tmp_path / "a.gguf"
    file.write_bytes(tables + bytes(-len(tables) % 32) + bytes(9 * 34))
    facts = weights_of(file)
    assert facts is not None
    assert (facts.family, facts.parameters, facts.quantization) == (Family.FLUX, 288, "Q8_0")


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({"blocks.0.cross_attn.norm_k.weight": (9,)}, "video model"),
        ({"down_blocks.0.resnets.0.conv1.weight": (9, 3)}, "layout of diffusers"),
        ({"input_blocks.0.0.weight": (9, 3), CROSS: (9, 512)}, "unsupported kind"),
    ],
)
def test_what_cannot_be_run_is_told(
    tmp_path: Path, shapes: dict[str, tuple[int, ...]], said: str
) -> None:
    with pytest.raises(ModelFileError, match=said):
        weights_of(hollow(tmp_path / "a.safetensors", **shapes))


def test_of_weights_with_unknown_names_nothing_is_said(tmp_path: Path) -> None:
    assert weights_of(hollow(tmp_path / "a.safetensors", whatever=(9,))) is None


def test_a_file_cut_off_is_not_whole(tmp_path: Path) -> None:
    file = hollow(tmp_path / "a.safetensors", x=(9, 9))
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 1)
    with file.open("rb") as opened, pytest.raises(ModelFileError, match="is incomplete"):
        expect_format(opened, file.name)


def header(said: object, length: int | None = None) -> bytes:
    text = json.dumps(said).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text


GOOD = {"dtype": "F16", "shape": [2, 2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        header({}, 2**60),
        header([]),
        header({"x": 1}),
        header({"x": {**GOOD, "shape": [2, 3]}}),
        header({"x": {**GOOD, "shape": [-2, -2]}}),
        header({"x": {**GOOD, "shape": [True, 4]}}),
        header({"x": {**GOOD, "shape": [2.0, 2]}}),
        header({"x": {**GOOD, "shape": [1] * 9}}),
        header({"x": {**GOOD, "shape": [2**60]}}),
        header({"x": {**GOOD, "data_offsets": [8, 0]}}),
        header({"x": {**GOOD, "data_offsets": [0]}}),
        header({"x": {**GOOD, "dtype": None}}),
        struct.pack("<Q", 20_000) + b"[" * 20_000,
        struct.pack("<Q", 4) + b"\xff\xff\xff\xff",
    ],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.safetensors"
    file.write_bytes(content)
    with file.open("rb") as opened, pytest.raises(NotSafetensorsError):
        read_header(opened)
    with pytest.raises(ModelFileError, match="neither"):
        weights_of(file)


def test_metadata_and_unknown_types_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    file.write_bytes(header({"__metadata__": {"a": "b"}, "x": {**GOOD, "dtype": "F4_E2M1"}}))
    with file.open("rb") as opened:
        tensors, least = read_header(opened)
    assert tensors == {"x": Tensor("F4_E2M1", (2, 2))}
    assert least == file.stat().st_size + 8


@given(st.binary(max_size=200), st.integers(0, 300))
def test_no_bytes_make_the_reader_fail_otherwise(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, length: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "noise.safetensors"
    file.write_bytes(struct.pack("<Q", length) + content)
    with file.open("rb") as opened:
        try:
            read_header(opened)
        except NotSafetensorsError:
            return
