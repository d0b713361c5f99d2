"""Entries for diffusion models: defaults by family and name, what is missing, and their launches."""

from decimal import Decimal
from pathlib import Path

import pytest

from fondaco.app.local.pictures import diffusion_launches
from fondaco.configuration import ConfigurationError, catalogue_of, load, missing_files
from fondaco.configuration.own_images import lacking, row_of_weights
from fondaco.domain.models.weights import WeightRole
from fondaco.modelfiles.headers.weights import Family, WeightFacts


def facts(family: Family, *, whole: bool = True, guided: bool = True) -> WeightFacts:
    role = WeightRole.MODEL if whole else WeightRole.DIFFUSION_MODEL
    return WeightFacts(role, family, 1, "F16", whole, whole, guided)


@pytest.mark.parametrize(
    ("family", "file", "steps", "cfg", "side"),
    [
        (Family.SD1, "dream.safetensors", 20, "7.0", 512),
        (Family.SD2, "sd_turbo.safetensors", 1, "1.0", 512),
        (Family.SDXL, "juggernaut.safetensors", 25, "6.0", 1024),
        (Family.SDXL, "x-lightning-4step.safetensors", 4, "1.0", 1024),
        (Family.FLUX, "flux1-dev.gguf", 20, "1.0", 1024),
        (Family.Z_IMAGE, "z_image_turbo-Q4_K.gguf", 8, "1.0", 1024),
        (Family.QWEN_IMAGE, "qwen-image-Q4_K.gguf", 20, "2.5", 1024),
    ],
)
def test_defaults_are_those_that_the_models_card_advises(
    family: Family, file: str, steps: int, cfg: str, side: int
) -> None:
    row = row_of_weights(
        facts(family), {WeightRole.MODEL: {"file": file}}, price=Decimal(0), traits=()
    )
    image, options = row["image"], row["diffusion"]
    assert isinstance(image, dict)
    assert isinstance(options, dict)
    assert (image["steps"], image["width"], options["cfg_scale"]) == (steps, side, Decimal(cfg))
    assert ("negative_prompt" in image["parameters"]) == (cfg != "1.0")


def test_flux_without_a_guidance_of_its_own_is_distilled() -> None:
    row = row_of_weights(
        facts(Family.FLUX, guided=False),
        {WeightRole.MODEL: {"file": "f.gguf"}},
        price=Decimal(0),
        traits=(),
    )
    image = row["image"]
    assert isinstance(image, dict)
    assert (image["steps"], image["max_steps"]) == (4, 8)


@pytest.mark.parametrize("file", ["flux1-kontext-dev.gguf", "Qwen-Image-Edit-2509-Q4_0.gguf"])
def test_a_model_made_for_edits_is_of_type_inpaint(file: str) -> None:
    row = row_of_weights(
        facts(Family.FLUX), {WeightRole.MODEL: {"file": file}}, price=Decimal(0), traits=()
    )
    options = row["diffusion"]
    assert isinstance(options, dict)
    assert (row["type"], options["by_reference"], "image" in row) == ("inpaint", True, False)


def test_what_a_model_lacks_depends_on_its_family() -> None:
    assert lacking(facts(Family.SDXL), ()) == ()
    bare = facts(Family.SDXL, whole=False)
    assert lacking(bare, {WeightRole.CLIP_L}) == ("vae or taesd", "clip_g")
    assert lacking(facts(Family.Z_IMAGE, whole=False), {WeightRole.TAESD}) == ("llm",)


ROW = """
[models.mine]
name = "Mine"
type = "image"
engines = ["diffusion"]
price = {{ generation = 0.01, upscale_2x = 0, upscale_4x = 0, inpaint = 0 }}
{more}
"""
FILES = 'files = { model = { file = "m.safetensors" }, lora = { file = "l.safetensors" } }'


def settings_of(home: Path, more: str) -> Path:
    (home / "fondaco.toml").write_text(ROW.format(more=more))
    return home


def test_a_row_becomes_a_launch(tmp_path: Path) -> None:
    more = f"""{FILES}
[models.mine.image]
divisor = 16
parameters = ["lora_strength"]
[models.mine.diffusion]
cfg_scale = 2.5
lora_strength = 60
by_reference = true
[diffusion]
threads = 3
step_timeout_s = 9
"""
    environ = {"FONDACO_HOME": str(settings_of(tmp_path, more)), "FONDACO_MODELS": str(tmp_path)}
    settings = load(environ=environ).settings
    catalogue = catalogue_of(settings, missing_files(settings))
    assert not catalogue.models()[0].installed
    launch = diffusion_launches(settings, catalogue)["mine"]
    assert launch.files == {
        WeightRole.MODEL: tmp_path / "m.safetensors",
        WeightRole.LORA: tmp_path / "l.safetensors",
    }
    assert (launch.divisor, launch.threads, launch.stall_timeout_s) == (16, 3, 9)
    assert (launch.cfg_scale, launch.lora_strength, launch.by_reference) == (2.5, 60, True)
    assert launch.source == "PATH_OR_URL/m.safetensors"
    for name in ("m", "l"):
        (tmp_path / f"{name}.safetensors").touch()
    assert catalogue_of(settings, missing_files(settings)).models()[0].installed


def test_switched_off_the_engine_has_no_models(tmp_path: Path) -> None:
    home = settings_of(tmp_path, FILES + "\n[diffusion]\nenabled = false")
    settings = load(environ={"FONDACO_HOME": str(home)}).settings
    assert "mine" not in [model.id for model in catalogue_of(settings).models()]


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("", "has neither"),
        ('files = { vae = { file = "v.safetensors" } }', "has neither"),
        (
            'files = { model = { file = "a.gguf" }, diffusion_model = { file = "b.gguf" } }',
            "has both",
        ),
        ('files = { soul = { file = "a.gguf" } }', "soul"),
        ('files = { model = { file = "../a.gguf" } }', "file"),
        (
            'files = { model = { file = "a.gguf" } }\nimage = { parameters = ["lora_strength"] }',
            "files has no `lora`",
        ),
    ],
)
def test_a_row_that_cannot_be_run_is_refused(tmp_path: Path, more: str, fault: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(environ={"FONDACO_HOME": str(settings_of(tmp_path, more))})
    assert any(fault in line for line in refused.value.faults), refused.value.faults
