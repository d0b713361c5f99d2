"""Catalogue entries for what an engine says it serves."""

from pathlib import Path
from typing import Any

import pytest

from fondaco.configuration import load
from fondaco.configuration.added import normal
from fondaco.configuration.discovered import Discovered, is_local, tables_of
from fondaco.configuration.layers import Tree
from fondaco.configuration.own_files import TemplateProfile
from fondaco.engines.common.found import FoundEngine, FoundImages, FoundModel


def discovered(
    tmp_path: Path,
    *models: FoundModel,
    before: Tree | None = None,
    base_url: str = "https://api.example.com/v1",
    price: Tree | None = None,
    **profiles: TemplateProfile,
) -> Discovered:
    settings = load(environ={"HOME": str(tmp_path)}).settings
    row: Tree = {"base_url": base_url}
    found = FoundEngine("openai", models, ())
    return tables_of("x", row, found, settings, before=before or {}, profiles=profiles, price=price)


def entries(found: Discovered) -> dict[str, Any]:
    models = normal(found.tables)["models"]
    assert isinstance(models, dict)
    return models


def test_models_of_remote_engines_are_anonymized_and_local_ones_are_not(tmp_path: Path) -> None:
    far = entries(discovered(tmp_path, FoundModel("m")))["m"]
    assert far["privacy"] == "anonymized"
    local = entries(discovered(tmp_path, FoundModel("m"), base_url="http://gpu:8000/v1"))["m"]
    assert "privacy" not in local


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://10.0.0.7:8000/v1", True),
        ("http://[::1]/v1", True),
        ("http://box.local/v1", True),
        ("http://8.8.8.8/v1", False),
        ("https://openrouter.ai/api/v1", False),
    ],
)
def test_a_local_engine_is_recognized_by_its_address(url: str, local: bool) -> None:  # noqa: FBT001
    assert is_local(url) is local


def test_what_is_not_said_is_assumed_with_a_word(tmp_path: Path) -> None:
    found = discovered(tmp_path, FoundModel("m"), FoundModel("e", embeds=True))
    assert entries(found)["m"]["context_tokens"] == 8192
    assert list(entries(found)) == ["m"]
    assert [w.split(":")[0] for w in found.warnings[:1]] == ["'m'"]
    assert "dimensions" in found.warnings[1]


def test_ids_stay_whatever_else_comes(tmp_path: Path) -> None:
    first = discovered(tmp_path, FoundModel("smollm2-135m"), FoundModel("a b"))
    assert list(entries(first)) == ["x/smollm2-135m", "a-b"]
    again = discovered(tmp_path, FoundModel("a-b"), FoundModel("a b"), before=normal(first.tables))
    engines = normal(again.tables)["engines"]
    assert isinstance(engines, dict)
    assert engines["x"]["models"] == {"x/a-b": "a-b", "a-b": "a b"}


def test_an_output_is_never_longer_than_the_context(tmp_path: Path) -> None:
    short = FoundModel("s", context_tokens=1000, max_output_tokens=100)
    odd = FoundModel("o", context_tokens=1000, max_output_tokens=5000)
    rows = entries(discovered(tmp_path, short, odd))
    assert rows["s"]["max_output_tokens"] == 100
    assert "max_output_tokens" not in rows["o"]


def test_a_chat_template_says_how_a_model_thinks(tmp_path: Path) -> None:
    profile = TemplateProfile(usable=True, thinks=True, switchable=True)
    row = entries(discovered(tmp_path, FoundModel("m"), m=profile))["m"]
    assert row["reasoning"] == {"tags": True, "begun": False, "switch": "template"}


def test_a_name_without_a_letter_that_an_id_takes_is_left_out(tmp_path: Path) -> None:
    found = discovered(tmp_path, FoundModel("模型"), FoundModel("///"), FoundModel("模型-7b"))
    assert list(entries(found)) == ["7b"]
    assert sum("cannot be used as an id" in warning for warning in found.warnings) == 2


def test_an_engine_that_is_this_server_adds_no_models_of_its_own_models(tmp_path: Path) -> None:
    first = discovered(tmp_path, FoundModel("smollm2-135m"))
    assert list(entries(first)) == ["x/smollm2-135m"]
    again = discovered(
        tmp_path,
        FoundModel("smollm2-135m"),
        FoundModel("x/smollm2-135m"),
        FoundModel("x/another"),
        before=first.tables,
    )
    assert list(entries(again)) == ["x/smollm2-135m", "x/another"]
    assert any("forwards requests" in warning for warning in again.warnings)


def test_models_of_images_have_their_own_rows_and_prices(tmp_path: Path) -> None:
    images = FoundImages(width=832, height=1216, steps=70, longest_side=8_192, divisor=64)
    found = discovered(
        tmp_path,
        FoundModel("a b/heron.safetensors", images=images),
        FoundModel("small", images=FoundImages(32, 32)),
        FoundModel("m"),
        price={"generation": 0.5, "inpaint": 1, "input": 2},
    )
    row, small, chat = entries(found).values()
    assert list(entries(found)) == ["a-b/heron", "small", "m"]
    assert (row["name"], row["type"], row["privacy"]) == ("a b/heron", "image", "anonymized")
    assert row["image"] == {
        "steps": 50,
        "width": 832,
        "height": 1216,
        "divisor": 64,
        "shortest_side": 64,
        "longest_side": 4_096,
        "parameters": ["negative_prompt", "steps", "cfg_scale", "seed"],
    }
    assert row["price"] == {"generation": 0.5, "upscale_2x": 0, "upscale_4x": 0, "inpaint": 1}
    assert small["image"]["shortest_side"] == 32
    assert chat["price"] == {"input": 2, "output": 0}
    assert [warning.split(":")[0] for warning in found.warnings] == ["'m'"]
