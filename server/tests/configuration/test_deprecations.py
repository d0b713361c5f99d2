"""The ends of models in the configuration: what they become, and which are refused."""

from datetime import date
from pathlib import Path

import pytest

from fondaco.app.platform import charge_of
from fondaco.configuration import catalogue_of, load
from fondaco.domain.models.model import Deprecation
from fondaco.domain.money.epoch import starts_at
from fondaco.domain.money.usage import Usage
from fondaco.environment import ConfigurationError
from fondaco.settings import Settings

END = "announced = 2027-01-10\nsunset = 2027-03-01\n"
AFTER = float(starts_at(date(2027, 3, 1)))
SMOLLM2 = "smollm2-135m"
QWEN = "qwen2.5-coder-0.5b"
USAGE = Usage(input_tokens=1_000_000, output_tokens=1)


def settings(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "fondaco.toml").write_text(text)
    return load(environ={"FONDACO_HOME": str(tmp_path)}).settings


def ending(model: str, more: str = "") -> str:
    return f'[models."{model}".deprecation]\n{END}{more}\n'


def mine(name: str, price: str = "input = 0.15, output = 0.6") -> str:
    return (
        f'[models.{name}]\nname = "Mine"\ncontext_tokens = 4096\nengines = ["embedded"]\n'
        f'file = "mine.gguf"\nprice = {{{price}}}\n'
    )


def fault(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        settings(tmp_path, text)
    [line] = refused.value.faults
    return line


def test_an_end_is_taken_into_the_catalogue(tmp_path: Path) -> None:
    chosen = settings(tmp_path, ending(QWEN, f'replacement = "{SMOLLM2}"\nreason = "Old."'))
    model = catalogue_of(chosen).entry(QWEN)
    assert model is not None
    expected = Deprecation(date(2027, 1, 10), date(2027, 3, 1), SMOLLM2, "Old.")
    assert model.deprecation == expected
    assert catalogue_of(chosen, now=lambda: AFTER - 1).route(QWEN).model.id == QWEN
    assert catalogue_of(chosen, now=lambda: AFTER).route(QWEN).model.id == SMOLLM2


def test_a_call_left_open_by_a_crash_is_charged_by_the_model_that_ran(tmp_path: Path) -> None:
    chosen = settings(tmp_path, ending(QWEN, f'replacement = "{SMOLLM2}"'))
    charge = charge_of(catalogue_of(chosen, now=lambda: AFTER), QWEN, USAGE)
    assert {row.sku for row in charge.rows} == {
        f"{QWEN}-llm-input-mtoken",
        f"{QWEN}-llm-output-mtoken",
    }
    assert charge.amount == 150_000_000 + 600
    gone = charge_of(catalogue_of(chosen), "nobody", USAGE)
    assert gone.rows == ()


def test_a_sunset_comes_after_its_announcement(tmp_path: Path) -> None:
    text = f'[models."{QWEN}".deprecation]\nannounced = 2027-03-02\nsunset = 2027-03-01'
    assert "sunset is before announced: 2027-03-01 is before 2027-03-02" in fault(tmp_path, text)


def test_both_days_are_needed(tmp_path: Path) -> None:
    text = f'[models."{QWEN}".deprecation]\nannounced = 2027-03-02'
    assert fault(tmp_path, text).endswith(f'models."{QWEN}".deprecation.sunset is missing.')


def test_a_replacement_has_to_be_a_model(tmp_path: Path) -> None:
    line = fault(tmp_path, ending(QWEN, 'replacement = "smollm-135m"'))
    assert line == (
        f"models.\"{QWEN}\".deprecation.replacement names 'smollm-135m', which is not a model of the "
        "catalogue. Did you mean 'smollm2-135m'?"
    )


def test_a_replacement_is_of_the_same_type(tmp_path: Path) -> None:
    speaker = '[models.speaker]\nname = "S"\ntype = "tts"\nprice = {input = 0}\noffline = true\n'
    line = fault(tmp_path, speaker + ending(QWEN, 'replacement = "speaker"'))
    assert "which is of type 'tts', not 'text'" in line


@pytest.mark.parametrize(
    ("price", "dearer"),
    [
        ("input = 0.16, output = 0.6", "input, cached_input"),
        ("input = 0.15, output = 0.600000001", "output"),
        ("input = 0.1, output = 0.6, cached_input = 0.2", "cached_input"),
        ("input = 0.1, output = 0.1, web_search = 11", "web_search"),
    ],
)
def test_a_replacement_is_not_dearer_in_any_price(tmp_path: Path, price: str, dearer: str) -> None:
    line = fault(tmp_path, mine("new", price) + ending(QWEN, 'replacement = "new"'))
    assert f"which is dearer ({dearer})" in line


def test_a_replacement_of_the_same_price_will_do(tmp_path: Path) -> None:
    chosen = settings(tmp_path, mine("new") + ending(QWEN, 'replacement = "new"'))
    assert catalogue_of(chosen, now=lambda: AFTER).route(QWEN).model.id == "new"


def test_replacements_do_not_lead_in_a_circle(tmp_path: Path) -> None:
    itself = fault(tmp_path, ending(QWEN, f'replacement = "{QWEN}"'))
    assert f"leads back to '{QWEN}': {QWEN} -> {QWEN}." in itself
    text = (
        mine("a") + ending("a", 'replacement = "b"') + mine("b") + ending("b", 'replacement = "a"')
    )
    with pytest.raises(ConfigurationError) as refused:
        settings(tmp_path, text)
    assert [line.partition(": ")[2] for line in refused.value.faults] == [
        "a -> b -> a.",
        "b -> a -> b.",
    ]
