"""The grammar of prompts: scenes, times, weather, subjects and how they stand to each other."""

import pytest

from fondaco.engines.painter.brief import Subject
from fondaco.engines.painter.prompts.grammar import read
from fondaco.engines.painter.prompts.lexicon import order_of_scenes, phrases
from fondaco.engines.painter.scenes.index import SCENES
from fondaco.engines.painter.subjects.catalogue import drawings
from fondaco.engines.painter.subjects.figures import COSTUMES
from fondaco.engines.painter.subjects.sprite import bodies, noto


def nouns(prompt: str) -> list[tuple[str, int]]:
    return [(one.noun, one.count) for one in read(prompt).subjects]


@pytest.mark.parametrize(
    ("prompt", "scene", "time", "also"),
    [
        ("a wolf in a snowy forest at night", "forest", "night", {"snow"}),
        ("a lighthouse at dusk over a stormy sea", "sea", "dusk", {"storm"}),
        ("a lighthouse on a cliff", "sea", "day", {"mountain"}),
        ("a goat on a cliff", "mountain", "day", set()),
        ("isometric city at night, neon", "isometric", "night", set()),
        ("misty mountains at dawn, low-poly", "mountain", "dawn", {"fog"}),
        ("lavender field under the stars", "field", "night", {"lavender", "stars"}),
        ("a whale", "sea", "day", set()),
        ("a violin", "studio", "day", set()),
        ("northern lights", "mountain", "night", {"aurora"}),
        ("sailing boats at dusk", "sea", "dusk", set()),
        ("sailing boats before snowy mountains", "lake", "day", {"mountain", "snow"}),
        ("sailing boats in the countryside", "lake", "day", {"field"}),
        ("a fisherman and his boat", "lake", "day", set()),
        ("a ship in the desert", "desert", "day", set()),
        ("a boat on grass", "field", "day", set()),
        ("a swan in a field", "field", "day", set()),
    ],
)
def test_scene_time_and_weather_are_read(
    prompt: str, scene: str, time: str, also: set[str]
) -> None:
    brief = read(prompt)
    assert (brief.scene, brief.time) == (scene, time)
    assert also <= brief.also


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("two black cats and a dog", [("black-cat", 2), ("dog", 1)]),
        ("a herd of horses", [("horse", 5)]),
        ("wolves", [("wolf", 3)]),
        ("a hot air balloon, oil painting", [("hot-air-balloon", 1)]),
        ("pencil sketch of a house", [("house", 1)]),
        ("an orange in an orange bowl", [("tangerine", 1)]),
        ("a quokka", []),
        ("9999 elephants", [("elephant", 3)]),
    ],
)
def test_subjects_are_counted_and_styles_are_none(
    prompt: str, expected: list[tuple[str, int]]
) -> None:
    assert nouns(prompt) == expected


@pytest.mark.parametrize("relation", ["riding", "on", "under", "over", "behind"])
def test_relations_tie_a_subject_to_the_next(relation: str) -> None:
    subjects = read(f"an astronaut {relation} a horse").subjects
    assert [(one.relation, one.to) for one in subjects] == [(relation, 1), (None, None)]


def test_colours_belong_to_what_follows_them() -> None:
    brief = read("a white horse beside a turquoise sea under a purple sky, red and gold")
    assert [one.colour for one in brief.subjects] == [(246, 244, 238)]
    assert {part for part, _ in brief.tinted} == {"water", "sky"}
    assert len(brief.palette) == 2


def test_what_is_excluded_is_not_read() -> None:
    brief = read("a cat beside a dog in the rain", "dogs, rain")
    assert [one.noun for one in brief.subjects] == ["cat"]
    assert not brief.has("rain")


def test_a_prompt_full_of_subjects_is_cut() -> None:
    assert len(read("a cat and a dog and " * 500).subjects) <= 5
    assert sum(one.count for one in read("seven cats and seven dogs").subjects) <= 14


def test_every_scene_of_the_lexicon_can_be_painted() -> None:
    homes = {one.home for one in drawings().values()}
    assert {*order_of_scenes(), *homes} <= SCENES.keys()


def test_every_drawing_is_there() -> None:
    for one in drawings().values():
        if one.drawn == "code":
            continue
        assert noto(one.name, 32)[..., 3].max() > 200, one.name
    assert bodies().keys() <= drawings().keys()
    assert {one.name for one in drawings().values() if one.drawn == "code"} >= COSTUMES.keys()


def test_words_of_the_lexicon_are_found_as_written() -> None:
    assert all(phrase == phrase.strip().lower() and phrase for phrase in phrases())


def test_a_subject_alone_is_the_plainest_value() -> None:
    assert read("a cat").subjects == (Subject("cat"),)
