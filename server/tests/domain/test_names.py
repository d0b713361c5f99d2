"""What names lead to, over the ends of any models in any order."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import ModelGoneError, ModelNotFoundError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import Deprecation, EmbeddingModel, Model, ModelType
from fondaco.domain.money.epoch import starts_at
from fondaco.domain.money.price import EmbeddingPrice, TokenPrice

FIRST = date(2027, 1, 1)
DAYS = 8
TRAITS = ("default", "fastest", "wise")
NUMBERS = st.integers(0, DAYS)


@dataclass
class Hand:
    """The time."""

    at: float = 0.0

    def now(self) -> float:
        return self.at


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[Model, ...]:
    """Models of which each may end, and lead to one further down the list."""
    count = draw(st.integers(1, 5))
    models = []
    for index in range(count):
        later = [f"m{n}" for n in range(index + 1, count)]
        first, last = sorted((draw(NUMBERS), draw(NUMBERS)))
        replacement = draw(st.none() | st.sampled_from(later)) if later else None
        end = Deprecation(_day(first), _day(last), replacement)
        models.append(
            Model(
                id=f"m{index}",
                name="",
                price=TokenPrice(input=0, output=0),
                context_tokens=64,
                traits=tuple(draw(st.sets(st.sampled_from(TRAITS)))),
                installed=draw(st.booleans()),
                deprecation=draw(st.none() | st.just(end)),
            )
        )
    return tuple(models)


def _day(number: int) -> date:
    return FIRST + timedelta(days=number)


@given(
    catalogues(), st.dictionaries(st.sampled_from("xyz"), st.sampled_from([*TRAITS, "m0", "m1"]))
)
def test_every_name_leads_to_a_model_that_has_not_ended_or_says_that_it_is_gone(
    models: tuple[Model, ...], aliases: dict[str, str]
) -> None:
    clock = Hand()
    catalogue = Catalogue(models, aliases, clock.now)
    for day in map(_day, range(DAYS + 2)):
        clock.at = starts_at(day)
        listed = {model.id for model in catalogue.models()}
        assert listed == {m.id for m in models if not _ended(m, day)}
        for model in models:
            heir = _led(catalogue, model.id)
            assert heir in listed or heir is None
            assert heir == model.id or _ended(model, day)
        assert set(catalogue.traits().values()) <= listed
        assert set(catalogue.aliases().values()) <= listed
        for name in (*catalogue.traits(), *catalogue.aliases()):
            assert catalogue.route(name).model.id in listed


def _ended(model: Model, day: date) -> bool:
    return model.deprecation is not None and model.deprecation.sunset <= day


def _led(catalogue: Catalogue, name: str) -> str | None:
    try:
        return catalogue.route(name).model.id
    except ModelGoneError:
        return None


@given(catalogues(), st.lists(st.integers(0, 24 * (DAYS + 2)), min_size=2))
def test_a_catalogue_that_has_run_since_says_what_a_fresh_one_says(
    models: tuple[Model, ...], hours: list[int]
) -> None:
    clock = Hand()
    running = Catalogue(models, {"x": "default"}, clock.now)
    for hour in sorted(hours):
        clock.at = starts_at(FIRST) + hour * 3600.0
        fresh = Catalogue(models, {"x": "default"}, clock.now)
        assert running.models() == fresh.models()
        assert running.traits() == fresh.traits()
        assert running.aliases() == fresh.aliases()
        for name in ("x", *(model.id for model in models)):
            assert _said(running, name) == _said(fresh, name)


def _said(catalogue: Catalogue, name: str) -> object:
    try:
        return catalogue.route(name)
    except ModelNotFoundError as error:
        return str(error)


def test_a_trait_stays_where_it_is_while_its_model_does() -> None:
    """The first that is available serves it, and its heir after it, though others have it too."""
    end = Deprecation(_day(0), _day(2), "c")
    price = TokenPrice(input=0, output=0)
    a, b, c = (
        Model(id=i, name="", price=price, context_tokens=64, traits=traits, deprecation=ends)
        for i, traits, ends in (
            ("a", ("default",), end),
            ("b", ("default",), None),
            ("c", (), None),
        )
    )
    clock = Hand()
    catalogue = Catalogue((a, b, c), {}, clock.now)
    served = []
    for clock.at in (starts_at(_day(number)) for number in range(4)):
        served += [catalogue.traits()["default"]]
    assert served == ["a", "a", "c", "c"]


def test_names_are_separate_by_type() -> None:
    price = EmbeddingPrice(1)
    embedder = EmbeddingModel(
        id="vectors",
        name="Vectors",
        price=price,
        traits=("default",),
        context_tokens=256,
        dimensions=8,
    )
    text = Model(
        id="talker",
        name="Talker",
        price=TokenPrice(input=0, output=0),
        traits=("default",),
        context_tokens=8,
    )
    catalogue = Catalogue([text, embedder], {"ada": "vectors", "gpt": "default"})
    kind = ModelType.EMBEDDING
    assert catalogue.route("default").model is not catalogue.route("default", kind).model
    assert catalogue.route("ada", kind).model.id == "vectors"
    assert catalogue.traits(ModelType.TEXT) == catalogue.traits() == {"default": "talker"}
    assert catalogue.traits(kind) == {"default": "vectors"}
    assert catalogue.aliases(kind) == {"ada": "vectors"}
    assert set(catalogue.names(kind)) == {"default", "ada", "vectors"}
    assert not catalogue.knows("gpt", kind)
    with pytest.raises(ModelNotFoundError, match="Did you mean 'vectors'"):
        catalogue.route("vector", kind)
    with pytest.raises(ModelNotFoundError, match="of type 'text', not 'embedding'"):
        catalogue.route("talker", kind)
