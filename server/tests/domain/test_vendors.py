"""Names with vendors and deployments: what they lead to, and to which engine."""

import pytest

from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import Model
from fondaco.domain.models.vendors import resolve_vendor
from fondaco.domain.money.price import TokenPrice


def model(model_id: str, *engines: str, traits: tuple[str, ...] = ()) -> Model:
    price = TokenPrice(input=0, output=0)
    return Model(
        id=model_id,
        name=model_id,
        price=price,
        context_tokens=64,
        engines=engines,
        traits=traits,
    )


CATALOGUE = Catalogue(
    [
        model("small", "embedded", traits=("default", "fastest")),
        model("large", "vllm", "openai"),
        model("org/tuned", "vllm"),
        model("gpt-4o", "openai"),
    ],
    {
        "openai/gpt-3.5-turbo": "fastest",
        "openai/gpt-4o": "default",
        "gpt-3.5-turbo": "fastest",
        "claude-opus-4-5": "default",
    },
)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("small", ("small", "")),
        ("default", ("default", "")),
        ("openai/gpt-3.5-turbo", ("openai/gpt-3.5-turbo", "")),
        ("anthropic/claude-opus-4-5", ("claude-opus-4-5", "")),
        ("Anthropic/claude-opus-4-5", ("claude-opus-4-5", "")),
        ("local/large", ("large", "")),
        ("venice/default", ("default", "")),
        ("org/tuned", ("org/tuned", "")),
        ("local/org/tuned", ("org/tuned", "")),
    ],
)
def test_a_vendor_that_is_no_engine_leaves_the_engine_open(
    name: str, found: tuple[str, str]
) -> None:
    assert resolve_vendor(CATALOGUE, name) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("embedded/small", ("small", "embedded")),
        ("embedded/default", ("default", "embedded")),
        ("openai/large", ("large", "openai")),
        ("vllm/org/tuned", ("org/tuned", "vllm")),
    ],
)
def test_a_vendor_that_is_an_engine_is_the_one_that_answers(
    name: str, found: tuple[str, str]
) -> None:
    assert resolve_vendor(CATALOGUE, name) == found


def test_an_engine_that_runs_the_model_comes_before_a_name_that_programs_have_for_another() -> None:
    assert resolve_vendor(CATALOGUE, "openai/gpt-4o") == ("gpt-4o", "openai")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("local/large/vllm", ("large", "vllm")),
        ("local/large/openai", ("large", "openai")),
        ("openai/gpt-3.5-turbo/embedded", ("openai/gpt-3.5-turbo", "embedded")),
        ("vllm/large/vllm", ("large", "vllm")),
        ("local/org/tuned/vllm", ("org/tuned", "vllm")),
    ],
)
def test_a_deployment_is_the_engine_that_answers(name: str, found: tuple[str, str]) -> None:
    assert resolve_vendor(CATALOGUE, name) == found


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("smal", "small"),
        ("locl/small", "local/small"),
        ("nobody/small", "local/small"),
        ("local/smalll", "local/small"),
        ("vllm/small", "local/small"),
        ("vlm/large", "vllm/large"),
        ("local/large/embedded", "local/large"),
        ("local/large/vlm", "local/large/vllm"),
        ("vllm/large/openai", "vllm/large"),
    ],
)
def test_a_name_that_leads_nowhere_meets_the_one_that_was_meant(name: str, near: str) -> None:
    with pytest.raises(ModelNotFoundError, match=f"Did you mean '{near}'"):
        resolve_vendor(CATALOGUE, name)


@pytest.mark.parametrize("name", ["", "/", "a/b/c/d", "/small", "small/", "openai/" + "x" * 900])
def test_what_no_name_is_like_is_unknown(name: str) -> None:
    with pytest.raises(ModelNotFoundError, match="GET /v4/models"):
        resolve_vendor(CATALOGUE, name)
