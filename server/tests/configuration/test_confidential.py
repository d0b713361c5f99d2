"""Twins for encrypted content: which models have one, what it is like, and which names lead to it."""

from pathlib import Path

import pytest

from fondaco.configuration import ConfigurationError, catalogue_of, confidential, load
from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import Model, ModelType, takes_plain
from fondaco.settings import Settings

SMOLLM2 = "smollm2-135m"
TWIN = "e2ee-smollm2-135m"
UPSTREAM = """
[engines.gpu]
base_url = "http://gpu:8000/v1"
[models.large]
name = "Large"
context_tokens = 32_000
price = { input = 1, output = 2 }
engines = ["gpu"]
"""
OWN_ENGINE = """
[enclave.engines.vault]
base_url = "http://vault:8000/v1"
models = { large = "meta/large" }
"""


def settings(tmp_path: Path, text: str = "") -> Settings:
    (tmp_path / "fondaco.toml").write_text(text)
    return load(environ={"FONDACO_HOME": str(tmp_path)}).settings


def catalogue(tmp_path: Path, text: str = "") -> Catalogue:
    return catalogue_of(settings(tmp_path, text))


def twins(tmp_path: Path, text: str = "") -> list[str]:
    return [model.id for model in catalogue(tmp_path, text).models() if not takes_plain(model)]


def faults(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(tmp_path, text)
    return "\n".join(caught.value.faults)


def test_embedded_models_have_twins_from_the_start_and_upstream_models_none(tmp_path: Path) -> None:
    assert twins(tmp_path, UPSTREAM) == ["e2ee-qwen2.5-coder-0.5b", TWIN]


def test_a_twin_costs_what_the_plain_model_costs_and_has_no_trait(tmp_path: Path) -> None:
    models = catalogue(tmp_path)
    plain, twin = models.route(SMOLLM2).model, models.route(TWIN).model
    assert (twin.price, twin.context_tokens, twin.rate_class) == (
        plain.price,
        plain.context_tokens,
        plain.rate_class,
    )
    assert (twin.traits, twin.engines, twin.capabilities.e2ee) == ((), ("enclave",), True)
    assert not plain.capabilities.e2ee


def test_a_twin_does_nothing_that_would_pass_the_gateway_in_plain(tmp_path: Path) -> None:
    able = catalogue(tmp_path).route(TWIN).model.capabilities
    assert not any(
        (able.function_calling, able.response_schema, able.web_search, able.log_probs, able.vision)
    )


def test_twins_come_after_all_other_models(tmp_path: Path) -> None:
    listed = [takes_plain(model) for model in catalogue(tmp_path).models()]
    assert listed == sorted(listed, reverse=True)


def test_no_trait_and_no_plain_name_leads_to_a_twin(tmp_path: Path) -> None:
    models = catalogue(tmp_path, UPSTREAM)
    routes = [models.route(name).model for name in models.names() if not name.startswith("e2ee-")]
    assert routes
    assert all(takes_plain(model) for model in routes)


@pytest.mark.parametrize("name", ["e2ee-llama-3.3-70b", "e2ee-gpt-4o", "e2ee-default", TWIN])
def test_a_foreign_name_leads_to_the_twin_of_what_serves_it_in_plain(
    tmp_path: Path, name: str
) -> None:
    assert catalogue(tmp_path).route(name).model.id == TWIN


@pytest.mark.parametrize("name", ["e2ee-large", "e2ee-unheard-of", "e2ee-", "e2ee-e2ee-default"])
@pytest.mark.parametrize("unknown", ["refuse", "default"])
def test_a_name_that_asks_for_encryption_never_leads_to_a_plain_model(
    tmp_path: Path, name: str, unknown: str
) -> None:
    models = catalogue(tmp_path, f'[catalogue]\nunknown = "{unknown}"\n{UPSTREAM}')
    try:
        model: Model | None = models.route(name).model
    except ModelNotFoundError:
        model = None
    assert model is None or model.capabilities.e2ee


def test_the_default_model_serves_unknown_names_encrypted_where_it_does_in_plain(
    tmp_path: Path,
) -> None:
    models = catalogue(tmp_path, '[catalogue]\nunknown = "default"')
    assert models.route("e2ee-unheard-of").model.id == TWIN


def test_an_upstream_model_has_a_twin_once_an_engine_of_the_enclave_names_it(
    tmp_path: Path,
) -> None:
    chosen = settings(tmp_path, UPSTREAM + OWN_ENGINE)
    twin = catalogue_of(chosen).route("e2ee-large").model
    assert (twin.engines, twin.context_tokens) == (("enclave",), 32_000)
    assert confidential.enclave_engine(chosen, "large") == "vault"
    assert confidential.enclave_engine(chosen, SMOLLM2) == "embedded"


def test_models_of_an_enclave_elsewhere_are_switched_on_one_by_one(tmp_path: Path) -> None:
    text = UPSTREAM + "e2ee = true\n" + '[enclave]\nbase_url = "http://vault:8100"\ntoken = "env:T"'
    assert "e2ee-large" in twins(tmp_path, text)


def test_a_twin_is_not_installed_where_the_file_of_its_model_is_missing(tmp_path: Path) -> None:
    models = catalogue_of(settings(tmp_path), missing=[SMOLLM2])
    assert not models.route(TWIN).model.installed


def test_a_model_and_the_whole_enclave_can_be_switched_off(tmp_path: Path) -> None:
    assert twins(tmp_path, f'[models."{SMOLLM2}"]\ne2ee = false') == ["e2ee-qwen2.5-coder-0.5b"]
    assert twins(tmp_path, "[enclave]\nenabled = false") == []
    assert twins(tmp_path, "[embedded]\nenabled = false") == []


def test_without_its_libraries_there_are_no_twins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confidential, "find_spec", lambda name: None if name == "rfc8785" else 1)
    assert twins(tmp_path) == []
    assert confidential.missing_libraries() == ("rfc8785",)


def test_a_retired_twin_is_replaced_by_another_twin(tmp_path: Path) -> None:
    text = (
        f'[models."qwen2.5-coder-0.5b".deprecation]\nannounced = 2020-01-01\nsunset = 2020-02-01\n'
        f'replacement = "{SMOLLM2}"'
    )
    chosen = settings(tmp_path, text)
    models = catalogue_of(chosen, now=lambda: 1_900_000_000.0)
    assert models.route("e2ee-qwen2.5-coder-0.5b").model.id == TWIN


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[engines.enclave]\nbase_url = "http://x/v1"', "belongs to the enclave"),
        ('[enclave]\nbase_url = "http://x"', "enclave.token is missing"),
        (UPSTREAM + "e2ee = true", "no engine of the enclave runs it"),
        ('[models."all-minilm-l6-v2"]\ne2ee = true', "only models of type 'text'"),
        (OWN_ENGINE, "not a model of type 'text'"),
    ],
)
def test_what_cannot_be_encrypted_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    assert fault in faults(tmp_path, text)


def test_an_alias_may_lead_to_a_twin(tmp_path: Path) -> None:
    models = catalogue(tmp_path, f'[aliases]\nsecret = "{TWIN}"')
    assert models.route("secret", ModelType.TEXT).model.id == TWIN
