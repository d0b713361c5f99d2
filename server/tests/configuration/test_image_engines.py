"""Engines of images in the configuration: dialects, their settings, and workflows."""

import json
from pathlib import Path

import pytest

from fondaco.app.elsewhere.image_engines import expected_names
from fondaco.configuration import load
from fondaco.configuration.image_engines import workflow_file
from fondaco.environment import ConfigurationError
from fondaco.settings import Settings

PRICE = "price = { generation = 0, upscale_2x = 0, upscale_4x = 0, inpaint = 0 }"
WORKFLOW = {
    "1": {"class_type": "CLIPTextEncode", "inputs": {"text": "{{prompt}}"}},
    "2": {"class_type": "SaveImageWebsocket", "inputs": {}},
}


def engine(dialect: str, more: str = "") -> str:
    return f'[engines.one]\nbase_url = "http://h:1"\ndialect = "{dialect}"\n{more}\n'


def model(model_id: str = "mine", kind: str = "image", more: str = "") -> str:
    return f'[models.{model_id}]\nname = "M"\ntype = "{kind}"\nengines = ["one"]\n{PRICE}\n{more}\n'


def loaded(home: Path, text: str) -> Settings:
    (home / "fondaco.toml").write_text(text)
    return load(environ={"FONDACO_HOME": str(home), "HOME": str(home)}).settings


def faults(home: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        loaded(home, text)
    return str(refused.value).replace(str(home), "HOME")


@pytest.mark.parametrize("dialect", ["automatic1111", "sd-server", "comfyui"])
def test_a_row_of_an_engine_of_images_needs_no_more_than_its_address(
    tmp_path: Path, dialect: str
) -> None:
    row = loaded(tmp_path, engine(dialect) + model()).engines["one"]
    assert (row.dialect, row.images) == (dialect, None)


def test_what_a_row_says_is_kept_with_its_type(tmp_path: Path) -> None:
    more = """[engines.one.images]
sampler = "Euler a"
cfg_scale = 1
overrides = { sd_vae = "none", CLIP_stop_at_last_layers = 2, x = true, y = 0.5 }
loras = { mine = "detail" }
"""
    images = loaded(tmp_path, engine("automatic1111", more) + model()).engines["one"].images
    assert images is not None
    assert images.overrides == {
        "sd_vae": "none",
        "CLIP_stop_at_last_layers": 2,
        "x": True,
        "y": 0.5,
    }
    assert images.overrides["x"] is True
    assert (images.sampler, images.cfg_scale, images.at_once, images.queue) == (
        "Euler a",
        1.0,
        1,
        16,
    )


def test_openai_compatible_engines_have_turns_alone(tmp_path: Path) -> None:
    images = (
        loaded(tmp_path, engine("vllm", "[engines.one.images]\nat_once = 2\nqueue = 3"))
        .engines["one"]
        .images
    )
    assert images is not None
    assert (images.at_once, images.queue) == (2, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            engine("vllm", "[engines.one.images]\nsampler = 'Euler'"),
            "engines.one.images.sampler: the dialect 'vllm' has no such setting.",
        ),
        (
            engine("sd-server", "[engines.one.images]\noverrides = { sd_vae = 'x' }"),
            "engines.one.images.overrides: the dialect 'sd-server' has no such setting.",
        ),
        (
            engine("automatic1111", "[engines.one.images]\nworkflows = { mine = 'x.json' }"),
            "engines.one.images.workflows: the dialect 'automatic1111' has no such setting.",
        ),
        (
            engine("comfyui") + '[models.m]\nname = "M"\ncontext_tokens = 64\nengines = ["one"]\n'
            "price = { input = 0, output = 0 }",
            "models.m.engines names 'one', whose dialect 'comfyui' runs models of type image, inpaint and video only.",
        ),
        (
            engine("automatic1111") + model(more="image = { parameters = ['background'] }"),
            "models.mine.image.parameters names 'background', which the dialect 'automatic1111' of 'one'",
        ),
        (engine("telnet"), "engines.one.dialect"),
        (engine("comfyui", "[engines.one.images]\nat_once = 0"), "engines.one.images.at_once"),
    ],
)
def test_what_cannot_be_meant_is_a_fault(tmp_path: Path, text: str, words: str) -> None:
    assert words in faults(tmp_path, text)


def workflows(text: str, kind: str = "workflows") -> str:
    return engine("comfyui", f"[engines.one.images]\n{kind} = {{ {text} }}")


def test_a_workflow_lies_in_the_home_or_where_its_path_says(tmp_path: Path) -> None:
    folder = tmp_path / "workflows"
    folder.mkdir()
    for path in (folder / "flux.json", tmp_path / "other.json"):
        path.write_text(json.dumps(WORKFLOW))
    for name in ("flux.json", f"{tmp_path}/other.json"):
        settings = loaded(tmp_path, workflows(f"mine = '{name}'") + model())
        images = settings.engines["one"].images
        assert images is not None
        assert workflow_file(images.workflows["mine"], settings).is_file()
    assert expected_names("one", settings.engines["one"], settings) == set()


def test_a_workflow_that_cannot_be_used_ends_the_start_with_its_reason(tmp_path: Path) -> None:
    text = workflows("mine = 'flux.json'") + model()
    assert faults(tmp_path, text).endswith(
        "engines.one.images.workflows.mine: the workflow 'HOME/workflows/flux.json' cannot be used: it "
        "cannot be read: No such file or directory."
    )
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows/flux.json").write_text(json.dumps({"nodes": [], "links": []}))
    assert "in the format of the editor" in faults(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            workflows("other = 'x'") + model(),
            "workflows.other: this engine runs no model 'other' of type image.",
        ),
        (
            workflows("mine = 'x'", "edit_workflows") + model(),
            "edit_workflows.mine: this engine runs no model 'mine' of type inpaint.",
        ),
        (
            engine("comfyui") + model(kind="inpaint"),
            "engines.one.images.edit_workflows.mine is missing. Name the file of the workflow that edits",
        ),
    ],
)
def test_workflows_are_of_models_of_this_engine(tmp_path: Path, text: str, words: str) -> None:
    assert words in faults(tmp_path, text)


def test_names_that_the_engine_should_list_are_known(tmp_path: Path) -> None:
    more = "models = { mine = 'theirs' }\n[engines.one.images]\nsampler = 'euler'"
    settings = loaded(tmp_path, engine("sd-server", more) + model() + model("other"))
    names = expected_names("one", settings.engines["one"], settings)
    assert names == {"theirs", "other", "euler"}
