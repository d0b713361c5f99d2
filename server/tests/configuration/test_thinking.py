"""Models that think: what the configuration makes of them, and what it refuses."""

from pathlib import Path

import pytest

from fondaco.configuration import catalogue_of, load
from fondaco.domain.chat.reasoning import ReasoningField, ReasoningProfile, ReasoningSwitch
from fondaco.engines.common.dialects import DIALECTS
from fondaco.environment import ConfigurationError
from fondaco.settings import Settings

ENGINES = """
[engines.near]
base_url = "http://127.0.0.1:1/v1"
dialect = "vllm"

[engines.far]
base_url = "http://127.0.0.1:2/v1"

[engines.farther]
base_url = "http://127.0.0.1:3/v1"
dialect = "openrouter"
"""


def _settings(tmp_path: Path, reasoning: str, engines: str = '["near"]') -> Settings:
    text = (
        f'{ENGINES}\n[models.thinker]\nname = "Thinker"\ncontext_tokens = 4096\n'
        f'engines = {engines}\nfile = "thinker.gguf"\nprice = {{input = 1, output = 1}}\n'
        f'traits = ["default_reasoning"]\n{reasoning}'
    )
    (tmp_path / "fondaco.toml").write_text(text)
    return load(environ={"FONDACO_HOME": str(tmp_path)}).settings


def _fault(tmp_path: Path, reasoning: str, engines: str = '["near"]') -> str:
    with pytest.raises(ConfigurationError) as refused:
        _settings(tmp_path, reasoning, engines)
    [line] = refused.value.faults
    return line


def _table(lines: str = "") -> str:
    return f"[models.thinker.reasoning]\n{lines}\n"


def test_an_empty_table_makes_a_model_one_that_thinks(tmp_path: Path) -> None:
    model = catalogue_of(_settings(tmp_path, _table())).route("thinker").model
    assert model.reasoning == ReasoningProfile()
    assert model.capabilities.reasoning


def test_without_the_table_a_model_does_not_think(tmp_path: Path) -> None:
    model = catalogue_of(_settings(tmp_path, "")).route("thinker").model
    assert model.reasoning is None
    assert not model.capabilities.reasoning


def test_reasoning_settings_are_copied_to_the_catalogue(tmp_path: Path) -> None:
    lines = (
        'begun = true\nshown = "content"\nswitch = "prompt"\nswitch_name = "/no_think"\n'
        'efforts = ["low", "high"]'
    )
    model = catalogue_of(_settings(tmp_path, _table(lines))).route("thinker").model
    assert model.reasoning == ReasoningProfile(
        tags=True,
        opens_think_tag=True,
        shown=ReasoningField.CONTENT,
        switch=ReasoningSwitch.PROMPT,
        switch_name="/no_think",
        efforts=("low", "high"),
    )


def test_a_model_of_ones_own_takes_the_trait_of_reasoning(tmp_path: Path) -> None:
    catalogue = catalogue_of(_settings(tmp_path, _table()))
    for name in ("default_reasoning", "deepseek-ai-DeepSeek-R1", "kimi-k2-thinking"):
        assert catalogue.route(name).model.id == "thinker"


def test_without_a_model_that_reasons_the_default_one_answers(tmp_path: Path) -> None:
    catalogue = catalogue_of(load(environ={"FONDACO_HOME": str(tmp_path)}).settings)
    assert catalogue.route("default_reasoning").model is catalogue.route("default").model


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("tags = false\nbegun = true", "reasoning.begun needs tags"),
        ('switch = "prompt"', "switch_name is missing"),
        (
            'switch = "template"\nswitch_name = "no think"',
            "not a valid template variable: 'no think'",
        ),
        (
            'switch = "template"\nswitch_name = "messages"',
            "not a valid template variable: 'messages'",
        ),
        ('efforts = ["none", "low"]', "switch = 'effort'"),
        ('efforts = ["low", "low"]', "names an effort twice"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, lines: str, told: str) -> None:
    assert told in _fault(tmp_path, _table(lines))


@pytest.mark.parametrize("lines", ['shown = "nowhere"', 'efforts = ["huge"]', "tag = true"])
def test_unknown_words_are_refused(tmp_path: Path, lines: str) -> None:
    assert "models.thinker.reasoning" in _fault(tmp_path, _table(lines))


def test_a_templates_switch_needs_an_engine_that_takes_it(tmp_path: Path) -> None:
    line = _fault(tmp_path, _table('switch = "template"'), '["far", "farther"]')
    able = [name for name, dialect in DIALECTS.items() if dialect.switches]
    assert line.endswith(f"the dialects that do are {', '.join(able)}.")


@pytest.mark.parametrize("engines", ['["far", "near"]', '["far", "embedded"]'])
def test_one_engine_that_takes_a_templates_switch_will_do(tmp_path: Path, engines: str) -> None:
    chosen = _settings(tmp_path, _table('switch = "template"'), engines)
    assert chosen.models["thinker"].reasoning is not None
