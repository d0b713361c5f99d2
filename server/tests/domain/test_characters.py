"""Which characters are found, and in which order."""

import pytest

from fondaco.domain.chat.character import (
    Character,
    CharacterQuery,
    CharacterRegistry,
    Listing,
    Order,
)
from fondaco.domain.errors import CharacterNotFoundError


def one(slug: str, name: str = "", **fields: object) -> Character:
    return Character(slug=slug, name=name or slug, instructions="Be.", **fields)  # type: ignore[arg-type]  # one dict for all types


def listings(*characters: Character) -> list[Listing]:
    return [Listing(character, "toy", 0) for character in characters]


def slugs(query: CharacterQuery, *characters: Character) -> list[str]:
    return [found.character.slug for found in query.page(listings(*characters)).listings]


def test_the_later_of_two_characters_with_one_slug_counts() -> None:
    cast = CharacterRegistry([one("a", "built in"), one("b"), one("a", "own")])
    assert [(character.slug, character.name) for character in cast] == [("a", "own"), ("b", "b")]


def test_a_characters_instructions_are_not_in_its_repr() -> None:
    assert "Be." not in repr(one("a"))


@pytest.mark.parametrize("slug", ["", "b" * 10_000_000, "zzz"])
def test_a_slug_that_nothing_is_like_is_refused_without_a_hint(slug: str) -> None:
    with pytest.raises(CharacterNotFoundError) as refused:
        CharacterRegistry([one("alan-watts")]).find(slug)
    assert "Did you mean" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_the_nearest_slugs_are_named_whatever_their_case() -> None:
    with pytest.raises(CharacterNotFoundError, match="Did you mean 'alan-watts'"):
        CharacterRegistry([one("alan-watts"), one("cook")]).find("Alan-Watts")


def test_equal_places_go_by_name_in_both_directions() -> None:
    characters = (one("1", "C"), one("2", "a"), one("3", "B"))
    for descending in (None, True, False):
        query = CharacterQuery(order=Order.IMPORTS, descending=descending)
        assert slugs(query, *characters) == ["2", "3", "1"]


def test_without_an_order_featured_ones_come_first() -> None:
    assert slugs(CharacterQuery(), one("a"), one("b", featured=True)) == ["b", "a"]


def test_the_total_counts_all_pages() -> None:
    page = CharacterQuery(limit=1, offset=1).page(listings(one("a"), one("b"), one("c")))
    assert (page.listings[0].character.slug, page.total) == ("b", 3)


@pytest.mark.parametrize("search", ["STRASSE", "#strasse", " Straße "])
def test_words_are_compared_without_their_case(search: str) -> None:
    query = CharacterQuery(search=search)
    assert slugs(query, one("a", tags=("Straße",)), one("b", tags=("Weg",))) == ["a"]


def test_a_tag_is_searched_for_as_a_whole_where_a_hash_says_so() -> None:
    assert slugs(CharacterQuery(search="#zen"), one("a", tags=("Zenith",))) == []
    assert slugs(CharacterQuery(search="zen"), one("a", tags=("Zenith",))) == ["a"]
