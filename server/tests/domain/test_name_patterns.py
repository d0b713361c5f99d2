"""Name patterns: which names match, and what they lead to in a catalogue."""

from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import AnyModel, Capabilities, EmbeddingModel, Model, ModelType
from fondaco.domain.models.name_patterns import NamePattern
from fondaco.domain.money.price import EmbeddingPrice, TokenPrice

PATTERNS = st.text("ab*", min_size=1, max_size=8).filter(lambda text: "*" in text)


def text_model(name: str, *traits: str) -> Model:
    return Model(
        id=name,
        name="",
        price=TokenPrice(input=0, output=0),
        context_tokens=64,
        traits=traits,
    )


VECTORS = EmbeddingModel(
    id="vectors", name="", price=EmbeddingPrice(input=0), context_tokens=64, dimensions=3
)
MODELS: tuple[AnyModel, ...] = (
    text_model("large", "default"),
    text_model("small", "fastest"),
    VECTORS,
)
ALIASES = {
    "gpt-4o": "large",
    "gpt-*": "default",
    "gpt-*-mini*": "fastest",
    "gpt-embedding-*": "vectors",
    "openai/*": "default",
}
CATALOGUE = Catalogue(MODELS, ALIASES)


@given(PATTERNS, st.text("ab", max_size=10))
def test_a_pattern_matches_as_in_a_shell(pattern: str, name: str) -> None:
    assert NamePattern.of(pattern).matches(name) == fnmatchcase(name, pattern)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-4o", "large"),
        ("gpt-6", "large"),
        ("GPT-6", "large"),
        ("gpt-6-mini-2026-08-07", "small"),
        ("openai/gpt-6", "large"),
        ("small", "small"),
    ],
)
def test_a_name_of_no_model_leads_where_the_most_specific_pattern_says(
    name: str, model: str
) -> None:
    assert CATALOGUE.route(name).model.id == model
    assert CATALOGUE.serves(name)


@pytest.mark.parametrize("name", ["claude-6", "gp", "chatgpt-4o", "gpt-" + "x" * 1000])
def test_a_name_that_matches_nothing_is_refused(name: str) -> None:
    assert not CATALOGUE.serves(name)
    with pytest.raises(ModelNotFoundError, match="model not found"):
        CATALOGUE.route(name)


@pytest.mark.parametrize("name", ["gpt-embedding-9", "vectors"])
def test_a_pattern_belongs_to_the_type_of_its_model(name: str) -> None:
    assert CATALOGUE.route(name, ModelType.EMBEDDING).model == VECTORS
    eager = Catalogue(MODELS, ALIASES, default_for_unknown=True)
    for catalogue in (CATALOGUE, eager):
        with pytest.raises(ModelNotFoundError, match="of type 'embedding', not 'text'"):
            catalogue.route(name)
    with pytest.raises(ModelNotFoundError, match="of type 'text', not 'embedding'"):
        CATALOGUE.route("gpt-6", ModelType.EMBEDDING)


def test_the_default_model_serves_unknown_names_where_the_operator_says_so() -> None:
    eager = Catalogue(MODELS, ALIASES, default_for_unknown=True)
    assert eager.route("whatever").model.id == "large"
    assert eager.leaves_open("whatever")
    assert not eager.leaves_open("small")
    assert eager.route("gpt-6-mini").model.id == "small"
    with pytest.raises(ModelNotFoundError):
        eager.route("whatever", ModelType.EMBEDDING)


def test_patterns_are_no_compatible_names_of_their_own() -> None:
    assert CATALOGUE.aliases() == {"gpt-4o": "large"}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("gpt-6", ("gpt-6", None)),
        ("gpt-6:beta", ("gpt-6:beta", None)),
        ("gpt-6:enable_web_search=on", ("gpt-6", "enable_web_search=on")),
        ("ft:gpt-6:org::id", ("ft:gpt-6:org::id", None)),
        ("qwen3:8b:enable_web_search=on", ("qwen3:8b", "enable_web_search=on")),
        ("qwen3:8b:character_slug=a:b", ("qwen3:8b", "character_slug=a:b")),
        ("small:enable_web_search=on", ("small", "enable_web_search=on")),
    ],
)
def test_a_suffix_follows_the_last_colon_before_an_equals_sign(
    name: str, parts: tuple[str, str | None]
) -> None:
    assert CATALOGUE.split(name) == parts


def roles(
    *order: str, seeing: str = "", calling: tuple[str, ...] = ("small", "large")
) -> Catalogue:
    """Return a catalogue of models in an order: `small` is the default, and `large` has the roles."""
    traits = {
        "small": ("default", "fastest"),
        "large": ("function_calling_default", "default_vision"),
    }
    models = [
        replace(
            text_model(name, *traits[name]),
            capabilities=Capabilities(function_calling=name in calling, vision=name == seeing),
        )
        for name in order
    ]
    aliases = {"gpt-4o": "default", "gpt-*-mini": "fastest", "mine": "small"}
    return Catalogue(models, aliases)


@pytest.mark.parametrize(
    ("name", "with_tools"),
    [
        ("default", "large"),
        ("gpt-4o", "large"),
        ("gpt-5-mini", "large"),
        ("small", "small"),
        ("fastest", "small"),
        ("mine", "small"),
    ],
)
def test_tools_go_to_the_model_of_that_role_where_the_name_leaves_it_open(
    name: str, with_tools: str
) -> None:
    catalogue = roles("large", "small")
    assert catalogue.route_for(name, tools=True, images=False).model.id == with_tools
    assert catalogue.route_for(name, tools=False, images=False).model.id == "small"


def test_a_default_model_that_comes_first_and_calls_functions_keeps_its_requests() -> None:
    assert roles("small", "large").route_for("gpt-4o", tools=True, images=False).model.id == "small"
    unable = roles("small", "large", calling=("large",))
    assert unable.route_for("gpt-4o", tools=True, images=False).model.id == "large"
    nobody = roles("small", "large", calling=())
    assert nobody.route_for("gpt-4o", tools=True, images=False).model.id == "small"


def test_images_go_to_a_model_that_sees() -> None:
    assert (
        roles("small", "large").route_for("default", tools=False, images=True).model.id == "small"
    )
    seeing = roles("small", "large", seeing="large")
    assert seeing.route_for("default", tools=False, images=True).model.id == "large"
    both = roles("small", "large", seeing="large", calling=("small",))
    assert both.route_for("default", tools=True, images=True).model.id == "small"
