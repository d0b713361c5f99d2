"""The grammar: a prompt's phrases joined to a scene, its weather, and subjects with their relations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from fondaco.engines.painter.brief import Brief, Relation, Subject, Time
from fondaco.engines.painter.prompts.lexicon import (
    LONGEST_PHRASE,
    Kind,
    Meaning,
    colours,
    meanings,
    order_of_scenes,
    words,
)
from fondaco.engines.painter.subjects.catalogue import drawings
from fondaco.engines.painter.surface.colour import Colour

MOST_SUBJECTS = 5
_MOST_OF_ONE = 7
_PLURAL = 3
"""Number of a plural such as "horses" without a numeral."""
_PARTS = {
    "sky": "sky", "sunset": "sky", "sunrise": "sky", "light": "sky", "dusk": "sky", "dawn": "sky",
    "clouds": "sky", "sea": "water", "ocean": "water", "water": "water", "lake": "water", "river": "water",
    "waves": "water", "lagoon": "water", "flowers": "flora", "tulips": "flora", "roses": "flora",
    "leaves": "leaves", "trees": "leaves", "mountains": "land", "hills": "land", "sand": "land",
    "desert": "land", "wall": "wall", "background": "wall", "bowl": "vessel", "vase": "vessel",
    "basket": "vessel", "table": "table",
}  # fmt: skip
"""Words for parts of a scene that may have a colour of their own."""
_OF_ITSELF = {("fox", "red"), ("monarch-butterfly", "orange"), ("bear", "brown"), ("bird", "blue"),
              ("black-bird", "black"), ("tangerine", "orange"), ("red-apple", "red"), ("balloon", "red"), ("rose", "red")}  # fmt: skip
_GROWING = {
    "beach": ("palm-tree",),
    "forest": ("tree", "evergreen-tree"),
    "pines": ("tree", "evergreen-tree"),
    "underwater": ("coral",),
}
"""Things that a scene contains by itself, so that it needs no subject."""
_WEATHERS = (Kind.WEATHER, Kind.SEASON, Kind.SKY, Kind.FLORA, Kind.VESSEL)


_DRY: Mapping[str, str] = {
    **dict.fromkeys(("mountain", "field", "hills", "vineyard", "forest", "pines", "birch"), "lake"),
    "jungle": "river",
    "street": "harbour",
}
"""Scene without water -> the one that it becomes where boats are in it."""


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words of the prompt that mean something, or one word that means nothing."""

    text: str
    meanings: tuple[Meaning, ...]

    def kind(self, *kinds: Kind) -> Meaning | None:
        return next((one for one in self.meanings if one.kind in kinds), None)


@dataclass(slots=True)
class _Notes:
    """Notes of the parser so far."""

    scenes: list[str] = field(default_factory=list)
    time: str | None = None
    also: set[str] = field(default_factory=set)
    palette: list[Colour] = field(default_factory=list)
    tinted: list[tuple[str, Colour]] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    stroke: str | None = None
    recipe: str | None = None
    unknown: list[str] = field(default_factory=list)


def read(prompt: str, negative: str = "") -> Brief:
    """Return what a prompt asks for; nothing that is known makes a brief for an abstract."""
    excluded = _excluded(negative)
    phrases = [one for one in _phrases(words(prompt)) if one.text not in excluded]
    notes = _Notes()
    _Reader(phrases, excluded, notes).read()
    return _brief(notes, excluded)


def _brief(notes: _Notes, excluded: frozenset[str]) -> Brief:
    ordered = [scene for scene in order_of_scenes() if scene in notes.scenes]
    subjects = tuple(notes.subjects)
    if ordered and all(one.to is None for one in subjects):
        subjects = tuple(one for one in subjects if one.noun not in _GROWING.get(ordered[0], ()))
    understood = bool(ordered or subjects or notes.also or notes.time or notes.palette)
    if ordered:
        scene = ordered[0]
    elif subjects:
        scene = drawings()[_main(subjects).noun].home
        if scene in ("studio", "still_life") and (notes.time or notes.also):
            scene = "field"
    else:
        scene = _implied(notes) if understood else "abstract"
    if scene == "sea" and subjects and not _at_sea(_main(subjects)):
        scene = "beach"
    also = {*notes.also, *ordered[1:]}
    if scene in _DRY and "grass" not in also and any(map(_is_vessel, subjects)):
        also.add(scene)
        scene = _DRY[scene]
    if scene == "mountain" and subjects and _main(subjects).noun == "lighthouse":
        also.add(scene)  # its cliff is by the sea, with the mountains behind
        scene = "sea"
    return Brief(
        scene=scene,
        time=_time(notes, scene),
        also=frozenset(also),
        without=excluded,
        palette=tuple(notes.palette),
        tinted=tuple(notes.tinted),
        subjects=subjects,
        stroke=notes.stroke,
        recipe=notes.recipe,
        understood=understood,
        unknown=tuple(dict.fromkeys(notes.unknown)),
    )


def _at_sea(subject: Subject) -> bool:
    """Return whether a subject can be on the open sea."""
    drawing = drawings()[subject.noun]
    return (
        subject.noun == "lighthouse" or subject.flying or drawing.place in ("water", "deep", "air")
    )


def _is_vessel(subject: Subject) -> bool:
    """Return whether a subject is a boat, or another thing of the sea, that is not in the air."""
    drawing = drawings()[subject.noun]
    return drawing.place == "water" and drawing.home == "sea" and not subject.flying


def _implied(notes: _Notes) -> str:
    """Return the scene where none is named, and no subject brings its own."""
    if notes.also or notes.time:
        return "mountain" if notes.also & {"snow", "aurora"} else "field"
    return "abstract"


def _main(subjects: Sequence[Subject]) -> Subject:
    """Return the subject that decides where the picture is set: what is ridden, or comes first."""
    ridden = [
        one for one in subjects if one.relation in ("riding", "inside", "on") and one.to is not None
    ]
    target = ridden[0].to if ridden else None
    return subjects[target] if target is not None else subjects[0]


def _time(notes: _Notes, scene: str) -> Time:
    if notes.time:
        return cast("Time", notes.time)
    nightly = notes.also & {
        "stars",
        "aurora",
        "fireworks",
        "moon",
        "fireflies",
        "lanterns",
        "milky_way",
    }
    return "night" if nightly or scene == "space" else "day"


def _excluded(negative: str) -> frozenset[str]:
    """Return the words of a negative prompt, and the names of what they mean."""
    found: set[str] = set()
    for phrase in _phrases(words(negative)):
        found.add(phrase.text)
        found.update(one.value for one in phrase.meanings if one.kind is not Kind.GLUE)
    return frozenset(found)


def _phrases(text: Sequence[str]) -> list[_Phrase]:
    """Part words into the longest phrases that mean something."""
    found, at = [], 0
    while at < len(text):
        for length in range(min(LONGEST_PHRASE, len(text) - at), 0, -1):
            some = tuple(text[at : at + length])
            known = () if "," in some else meanings(some)
            if known or length == 1:
                found.append(_Phrase(" ".join(some), known))
                at += length
                break
    return found


class _Reader:
    """Goes through phrases from left to right."""

    def __init__(self, phrases: Sequence[_Phrase], excluded: frozenset[str], notes: _Notes) -> None:
        self._phrases = phrases
        self._excluded = excluded
        self._notes = notes
        self._adjectives: list[Meaning] = []
        self._relation: Relation | None = None
        self._flying = False

    def read(self) -> None:
        for at, phrase in enumerate(self._phrases):
            if phrase.text == ",":
                self._end_of_clause()
            elif not phrase.meanings:
                self._notes.unknown.append(phrase.text)
                self._adjectives.clear()
            elif not self._as_adjective(phrase, at):
                self._as_noun_or_scene(phrase)
        self._end_of_clause()

    def _as_adjective(self, phrase: _Phrase, at: int) -> bool:
        """Take a phrase as what describes a later one; return whether it is such."""
        colour = phrase.kind(Kind.COLOUR)
        if colour and (len(phrase.meanings) == 1 or self._describes(at)):
            self._adjectives.append(colour)
            return True
        if meaning := phrase.kind(Kind.COUNT, Kind.SIZE):
            self._adjectives.append(meaning)
            return len(phrase.meanings) == 1
        if pose := phrase.kind(Kind.POSE):
            self._flying = pose.value == "flying"
        if relation := phrase.kind(Kind.RELATION):
            self._relation = cast("Relation", relation.value)
        return not phrase.kind(
            Kind.NOUN, Kind.SCENE, *_WEATHERS, Kind.TIME, Kind.STYLE, Kind.RECIPE, Kind.GLUE
        )

    def _describes(self, at: int) -> bool:
        """Return whether a colour word stands before something that can have a colour."""
        following = self._phrases[at + 1] if at + 1 < len(self._phrases) else None
        return following is not None and (
            following.text in _PARTS
            or following.kind(Kind.NOUN, Kind.SCENE, Kind.FLORA, Kind.SKY, Kind.COLOUR, Kind.VESSEL)
            is not None
        )

    def _as_noun_or_scene(self, phrase: _Phrase) -> None:
        self._tint(phrase)
        for one in phrase.meanings:
            self._note(one)
        noun = phrase.kind(Kind.NOUN)
        if noun and not phrase.kind(Kind.STYLE, Kind.SCENE):
            self._add(noun)
        elif phrase.kind(Kind.SCENE, *_WEATHERS) and not phrase.kind(Kind.VESSEL):
            self._relation = None
            self._adjectives.clear()

    def _note(self, one: Meaning) -> None:
        """Note what a phrase says of the picture as a whole."""
        notes = self._notes
        match one.kind:
            case Kind.SCENE:
                notes.scenes.append(one.value)
            case Kind.TIME:
                notes.time = notes.time or one.value
            case Kind.STYLE:
                notes.stroke = notes.stroke or one.value
            case Kind.RECIPE:
                notes.recipe = notes.recipe or one.value
            case Kind.VESSEL:
                notes.scenes.append("still_life")
                notes.also.add(one.value)
            case Kind.WEATHER | Kind.SEASON | Kind.SKY | Kind.FLORA:
                notes.also.add(one.value)
            case _:
                pass

    def _tint(self, phrase: _Phrase) -> None:
        """Give a part of the scene the colour that stands before it."""
        part = _PARTS.get(phrase.text)
        if part is None:
            return
        named = [one.value for one in self._adjectives if one.kind is Kind.COLOUR]
        self._notes.tinted += [(part, colours()[name]) for name in named]
        if not phrase.kind(Kind.NOUN):
            self._adjectives.clear()

    def _add(self, noun: Meaning) -> None:
        """Note a subject with what was said before it."""
        subjects = self._notes.subjects
        if noun.value in self._excluded or len(subjects) >= MOST_SUBJECTS:
            return
        named = [one.value for one in self._adjectives if one.kind is Kind.COLOUR]
        count = [int(one.value) for one in self._adjectives if one.kind is Kind.COUNT]
        scale = [float(one.value) for one in self._adjectives if one.kind is Kind.SIZE]
        own = bool(named) and (noun.value, named[-1]) in _OF_ITSELF
        relation = self._relation if subjects else None
        if relation is not None:
            subjects[-1] = replace(subjects[-1], relation=relation, to=len(subjects))
        subjects.append(
            Subject(
                noun=noun.value,
                count=min(
                    _MOST_OF_ONE,
                    count[-1]
                    if count and (count[-1] > 1 or not noun.plural)
                    else _PLURAL
                    if noun.plural
                    else 1,
                ),
                colour=colours()[named[-1]] if named and not own else None,
                scale=scale[-1] if scale else 1.0,
                flying=self._flying,
            )
        )
        self._adjectives.clear()
        self._relation = None
        self._flying = False

    def _end_of_clause(self) -> None:
        """Colours that describe nothing are the picture's palette; a pose belongs to what it follows."""
        named = [one.value for one in self._adjectives if one.kind is Kind.COLOUR]
        self._notes.palette += [colours()[name] for name in named]
        if self._flying and self._notes.subjects:
            self._notes.subjects[-1] = replace(self._notes.subjects[-1], flying=True)
        self._adjectives.clear()
        self._relation = None
        self._flying = False
