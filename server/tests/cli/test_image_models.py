"""`fondaco models add` of diffusion models: roles from headers, entries, licences, files that go together."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import tiny_diffusion
from cli_program import Fondaco, Outcome
from fake_hub import REVISION, FakeHub, serving_hub
from fondaco.modelfiles import KNOWN
from fondaco.modelfiles.pieces import WebFile
from gguf_files import chat_model, written


@dataclass
class Studio:
    """A home, a models folder, and files of a tiny diffusion model elsewhere."""

    fondaco: Fondaco
    folder: Path
    files: Path

    def __call__(self, *arguments: object, **environ: str) -> Outcome:
        told = {"FONDACO_MODELS": str(self.folder), **environ}
        return self.fondaco("models", *map(str, arguments), **told)

    def config(self) -> dict[str, object]:
        ended = self.fondaco("config", "show", "--json", FONDACO_MODELS=str(self.folder))
        assert isinstance(ended.json, dict), ended.err
        return ended.json


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tiny_diffusion.write_model(folder)
    tiny_diffusion.lora().write(folder / "tiny-lora.safetensors")
    tiny_diffusion.t5().write(folder / "tiny-t5.safetensors")
    return folder


@pytest.fixture
def studio(fondaco: Fondaco, tmp_path: Path, tiny: Path) -> Studio:
    return Studio(fondaco, tmp_path / "models", tiny)


def everything(files: Path) -> list[object]:
    """Return the arguments that name all files of the tiny model."""
    names = ("tiny-taef1", "tiny-clip-l", "tiny-t5")
    parts = [("--with", files / f"{name}.safetensors") for name in names]
    return [files / "tiny-flux.safetensors", *(one for part in parts for one in part)]


def test_a_model_of_several_files_is_listed_with_their_roles(studio: Studio) -> None:
    ended = studio("add", *everything(studio.files), "--price", "0.02", "--json")
    assert ended.code == 0, ended.err
    row = json.loads(ended.out)
    assert (row["id"], row["type"], row["architecture"]) == ("tiny-flux", "image", "FLUX.1")
    assert row["usdPerImage"] == "0.02"
    shown = studio.config()
    at = "models.tiny-flux"
    assert {role: shown[f"{at}.files.{role}.file"] for role in ("diffusion_model", "taesd")} == {
        "diffusion_model": "tiny-flux.safetensors",
        "taesd": "tiny-taef1.safetensors",
    }
    assert shown[f"{at}.files.clip_l.file"] == "tiny-clip-l.safetensors"
    assert shown[f"{at}.image.steps"] == 4, "weights without a guidance of their own are distilled"
    assert shown[f"{at}.image.divisor"] == 16
    assert shown[f"{at}.diffusion.cfg_scale"] == 1.0
    assert f"{at}.files.vae.url" not in shown
    listed = {one["id"]: one for one in json.loads(studio("list", "--json").out)}
    assert listed["tiny-flux"]["installed"] is True
    assert None not in listed, "none of its files is a stranger"


def test_a_lora_brings_its_strength(studio: Studio) -> None:
    lora = studio.files / "tiny-lora.safetensors"
    assert studio("add", *everything(studio.files), "--with", lora).code == 0
    shown = studio.config()
    assert "lora_strength" in str(shown["models.tiny-flux.image.parameters"])
    assert shown["models.tiny-flux.files.lora.file"] == "tiny-lora.safetensors"


def test_what_is_missing_is_named(studio: Studio) -> None:
    ended = studio("add", studio.files / "tiny-flux.safetensors")
    assert (ended.code, studio.fondaco.home.joinpath("catalogue.d").exists()) == (2, False)
    assert "FLUX.1" in ended.err
    assert "vae or taesd, clip_l, t5xxl" in ended.err


@pytest.mark.parametrize("name", ["tiny-taef1", "tiny-clip-l", "tiny-lora", "tiny-t5"])
def test_a_part_alone_is_no_model(studio: Studio, name: str) -> None:
    ended = studio("add", studio.files / f"{name}.safetensors")
    assert ended.code == 2
    assert f"--with {name}.safetensors" in ended.err


def test_two_files_of_one_role_are_one_too_many(studio: Studio, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes((studio.files / "tiny-taef1.safetensors").read_bytes())
    ended = studio("add", *everything(studio.files), "--with", other)
    assert (ended.code, "the same role, 'taesd'" in ended.err) == (2, True)


def test_a_role_can_be_named(studio: Studio, tmp_path: Path) -> None:
    odd = tiny_diffusion.Weights(seed=1)
    odd.linear("nobody.knows", 4, 4)
    file = odd.write(tmp_path / "odd.safetensors")
    ended = studio("add", *everything(studio.files), "--with", file)
    assert (ended.code, f"--with ROLE={file.name}" in ended.err) == (2, True)
    assert studio("add", *everything(studio.files), "--with", f"clip_g={file}").code == 0
    assert studio.config()["models.tiny-flux.files.clip_g.file"] == "odd.safetensors"


def test_a_model_of_text_takes_no_further_files(studio: Studio, tmp_path: Path) -> None:
    chat = written(tmp_path / "chat.gguf", chat_model())
    ended = studio("add", chat, "--with", studio.files / "tiny-taef1.safetensors")
    assert (ended.code, "not a diffusion model" in ended.err) == (2, True)


def test_removing_a_model_keeps_what_another_one_has(studio: Studio) -> None:
    assert studio("add", *everything(studio.files)).code == 0
    assert studio("add", *everything(studio.files), "--name", "other").code == 0
    assert studio("remove", "tiny-flux").code == 0
    assert (studio.folder / "tiny-taef1.safetensors").is_file()
    assert studio("remove", "other").code == 0
    assert list(studio.folder.glob("*.safetensors")) == []


@pytest.fixture
def hub(tiny: Path) -> Iterator[FakeHub]:
    contents = {file.name: file.read_bytes() for file in tiny.iterdir() if "clip" not in file.name}
    with serving_hub() as hub:
        hub.repositories["me/tiny"] = contents
        yield hub


def test_files_of_a_hub_are_pinned_and_pulled_again(studio: Studio, hub: FakeHub) -> None:
    model, *_ = everything(studio.files)
    parts = ("tiny-taef1", "tiny-t5")
    named = [one for part in parts for one in ("--with", f"hf:me/tiny:{part}.safetensors")]
    clip = ("--with", studio.files / "tiny-clip-l.safetensors")
    source = "hf:me/tiny:tiny-flux.safetensors"
    ended = studio("add", source, *named, *clip, HF_ENDPOINT=hub.url)
    assert ended.code == 0, ended.err
    shown = studio.config()
    digest = hashlib.sha256(Path(str(model)).read_bytes()).hexdigest()
    at = "models.tiny-flux.files"
    assert shown[f"{at}.diffusion_model.sha256"] == digest
    assert REVISION in str(shown[f"{at}.diffusion_model.url"])
    (studio.folder / "tiny-taef1.safetensors").unlink()
    listed = {one["id"]: one for one in json.loads(studio("list", "--json").out)}
    assert listed["tiny-flux"]["installed"] is False
    assert studio("pull", "tiny-flux").code == 0
    assert (studio.folder / "tiny-taef1.safetensors").is_file()


def test_a_file_from_an_address_is_pinned_by_what_came_first(studio: Studio, hub: FakeHub) -> None:
    url = f"{hub.url}/me/tiny/resolve/{REVISION}/tiny-taef1.safetensors"
    arguments = [url if "taef1" in str(one) else one for one in everything(studio.files)]
    assert studio("add", *arguments).code == 0
    digest = hashlib.sha256((studio.folder / "tiny-taef1.safetensors").read_bytes()).hexdigest()
    assert studio.config()["models.tiny-flux.files.taesd.sha256"] == digest
    hub.repositories["me/tiny"]["tiny-taef1.safetensors"] = b"another one"
    (studio.folder / "tiny-taef1.safetensors").unlink()
    ended = studio("pull", "tiny-flux")
    assert ended.code != 0
    assert "is not the expected file" in ended.err
    assert not (studio.folder / "tiny-taef1.safetensors").exists()


def test_a_licence_that_binds_is_agreed_to_first(studio: Studio) -> None:
    ended = studio("add", "sd-turbo")
    assert ended.code == 2
    assert "Stability AI Community License (https://stability.ai/license)" in ended.err
    assert "--accept-licence" in ended.err
    assert not studio.folder.exists(), "nothing was fetched"


def test_a_known_model_is_listed_before_it_is_pulled(studio: Studio) -> None:
    ended = studio("pull", "z-image-turbo")
    assert (ended.code, "fondaco models add z-image-turbo" in ended.err) == (5, True)


@pytest.mark.parametrize("name", ["sd-turbo", "z-image-turbo"])
def test_until_then_its_name_is_the_built_in_models(studio: Studio, name: str) -> None:
    shown = studio("show", name, "--json")
    assert json.loads(shown.out)["id"] == "fondaco-painter"


@pytest.mark.parametrize("name", ["sd-turbo", "z-image-turbo"])
def test_a_known_model_states_where_each_file_comes_from(name: str) -> None:
    known = KNOWN[name]
    assert known.addable
    for file in known.files:
        (part,) = file.parts
        assert isinstance(part, WebFile)
        assert part.url.startswith("https://")
        assert (part.download_bytes, len(file.sha256)) == (file.size_bytes, 64)
