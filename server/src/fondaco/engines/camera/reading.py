"""Prompts, read for the moves of a camera that they name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from fondaco.engines.camera.shot import Ease, Motion, Move, Shot

USUAL: Final = Shot(((Move(Motion.DOLLY, 1, 0.7),),))
"""For prompts that name no move."""
_STILL: Final = Shot(((),))

_MOST_PHASES = 4
_LEFT, _RIGHT, _UP, _DOWN, _IN, _OUT = "left", "right", "up", "down", "in", "out"
_DIRECTIONS: Mapping[str, str] = {
    word: direction
    for direction, words in (
        (_LEFT, "left leftward leftwards clockwise"),
        (_RIGHT, "right rightward rightwards counterclockwise anticlockwise"),
        (_UP, "up upward upwards higher skyward skywards"),
        (_DOWN, "down downward downwards lower"),
        (_IN, "in into inward inwards forward forwards closer towards toward onto"),
        (_OUT, "out outward outwards back backward backwards away"),
    )
    for word in words.split()
}

_TURNS = {_LEFT: Motion.PAN, _RIGHT: Motion.PAN, _UP: Motion.TILT, _DOWN: Motion.TILT}
_TRAVELS = {
    _LEFT: Motion.TRUCK,
    _RIGHT: Motion.TRUCK,
    _UP: Motion.PEDESTAL,
    _DOWN: Motion.PEDESTAL,
    _IN: Motion.DOLLY,
    _OUT: Motion.DOLLY,
}
_PUSHES = {_IN: Motion.DOLLY, _OUT: Motion.DOLLY}
_ZOOMS = {_IN: Motion.ZOOM, _OUT: Motion.ZOOM}
_ORBITS = {_LEFT: Motion.ORBIT, _RIGHT: Motion.ORBIT}


@dataclass(frozen=True, slots=True)
class _Verb:
    """A verb for a camera move."""

    motions: Mapping[str, Motion]
    """Motions by the direction that is named."""
    usual: str = ""
    """The direction where none is named; empty: then the word means something else."""
    aimless: str = ""
    """The direction where none is named, but what stands beside the word tells that a camera is meant."""
    camera: bool = False
    """Whether a camera must be named before it, as other things do the same; a prompt may begin with
    it."""


def _forms(stem: str) -> tuple[str, ...]:
    """Return the forms of a verb.

    >>> _forms("pan"), _forms("orbit"), _forms("dolly")
    (('pan', 'pans', 'panning', 'panned'), ('orbit', 'orbits', 'orbiting', 'orbited'), ('dolly', 'dollies', 'dollying', 'dollied'))
    """
    if stem.endswith("y") and stem[-2] not in "aeiou":
        return stem, stem[:-1] + "ies", stem + "ing", stem[:-1] + "ied"
    if stem.endswith("e"):
        return stem, stem + "s", stem[:-1] + "ing", stem + "d"
    third = stem + "es" if stem.endswith(("s", "sh", "ch")) else stem + "s"
    base = stem + stem[-1] if stem in {"pan", "cam"} else stem
    return stem, third, base + "ing", base + "ed"


def _verbs(stems: str, verb: _Verb) -> dict[str, _Verb]:
    return {form: verb for stem in stems.split() for form in _forms(stem)}


_VERBS: Mapping[str, _Verb] = {
    **_verbs("pan", _Verb(_TURNS, aimless=_RIGHT)),
    **_verbs("tilt", _Verb(_TURNS)),
    "panning": _Verb(_TURNS, _RIGHT),
    **_verbs("zoom", _Verb(_ZOOMS, _IN)),
    **_verbs("dolly", _Verb(_TRAVELS, _IN)),
    **_verbs("pedestal crane boom jib", _Verb(_TRAVELS)),
    **_verbs("push pull", _Verb(_PUSHES)),
    "dollyzoom": _Verb({_IN: Motion.DOLLY_ZOOM, _OUT: Motion.DOLLY_ZOOM}, _IN),
    **_verbs("orbit", _Verb(_ORBITS, _RIGHT)),
    **_verbs("arc circle revolve rotate", _Verb(_ORBITS, _RIGHT, camera=True)),
    **_verbs(
        "truck move glide slide drift float fly travel track sweep follow",
        _Verb(_TRAVELS, camera=True),
    ),
    **_verbs("turn swing look", _Verb(_TURNS, camera=True)),
    **_verbs("approach advance", _Verb(_TRAVELS, _IN, camera=True)),
    **_verbs("retreat", _Verb(_TRAVELS, _OUT, camera=True)),
    **_verbs("rise ascend climb lift", _Verb(_TRAVELS, _UP, camera=True)),
    **_verbs("descend lower sink", _Verb(_TRAVELS, _DOWN, camera=True)),
}
_FIRST = frozenset({_RIGHT, _UP, _IN})
_CAMERA = frozenset(["camera", "cam", "shot", "lens", "drone"])
_ARTICLES = frozenset(["the", "a", "an"])
_NOT = frozenset(["no", "not", "never", "without", "don't", "doesn't", "avoid"])
_STRENGTHS: Mapping[str, float] = {
    **dict.fromkeys(
        ["slow", "slowly", "gentle", "gently", "subtle", "subtly", "slight", "slightly", "softly"],
        0.6,
    ),
    **dict.fromkeys(
        [
            "fast",
            "quick",
            "quickly",
            "rapid",
            "rapidly",
            "swift",
            "swiftly",
            "dramatic",
            "dramatically",
        ],
        1.6,
    ),
    **dict.fromkeys(["strong", "strongly", "wide", "whip"], 1.6),
}
_PAST = frozenset(["across", "along", "around", "over", "past", "through"])
"""Words before what a camera passes: `pan over the bay`."""
_BEFORE, _AFTER = 3, 5
"""Words around a verb in which its direction and its strength are."""
_THEN = frozenset(["then", "finally", "afterwards", "followed"])
_WORD = re.compile(r"[a-z']+|[.;!?]", re.IGNORECASE)
_ENDS = frozenset(".;!?")
_BESIDE = _ENDS | _THEN | _PAST | _STRENGTHS.keys()
"""Words that may follow a word of the camera which begins a sentence."""
_EASES = (
    (Ease.NONE, re.compile(r"\b(?:linear|(?:constant|steady|even|uniform) (?:speed|pace))\b")),
    (Ease.START, re.compile(r"\b(?:accelerat(?:es|ing)|speed(?:s|ing) up)\b")),
    (Ease.END, re.compile(r"\b(?:decelerat(?:es|ing)|slow(?:s|ing) down)\b")),
)
_STANDS = re.compile(
    r"\b(?:static|stationary|motionless|fixed|locked[- ](?:off|down)|tripod|still) (?:camera|shot|view)\b"
    r"|\bcamera (?:is|stays|remains|holds|keeps|stands) (?:still|static|fixed|motionless|stationary)\b"
    r"|\bcamera (?:does not|doesn't|never) moves?\b"
    r"|\b(?:no|without(?: any)?) camera (?:movements?|motions?|moves?)\b"
)
_VERTIGO = re.compile(r"\b(?:dolly[- ]zooms?|zolly|vertigo(?: effect| shot))\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CameraReading:
    """Camera instructions that a prompt contains."""

    shot: Shot
    scene: str
    """The prompt without its words about the camera."""


def read(prompt: str) -> CameraReading:
    """Return the moves that a prompt names; where it names none, the usual one.

    >>> [[move.motion.value for move in phase] for phase in read("The camera pans left and zooms in, then tilts up").shot.phases]
    [['pan', 'zoom'], ['tilt']]
    >>> read("A quiet harbour, camera slowly pans left").scene
    'A quiet harbour'
    """
    text = _VERTIGO.sub("dollyzoom", prompt)
    words = _Words(text)
    phases = tuple(words.phases())
    lower = text.lower()
    if phases:
        shot = Shot(phases[:_MOST_PHASES], _ease(lower))
    else:
        shot = _STILL if _STANDS.search(lower) else USUAL
    return CameraReading(shot, words.rest())


def _ease(text: str) -> Ease:
    return next((ease for ease, said in _EASES if said.search(text)), Ease.BOTH)


class _Words:
    """The words of a prompt, of which those about the camera are marked."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found = list(_WORD.finditer(text))
        self._words = [one.group().lower() for one in self._found]
        self._used = {place for place, word in enumerate(self._words) if word in _CAMERA}

    def phases(self) -> Iterator[tuple[Move, ...]]:
        """Yield the moves of each phase that has some, each motion once."""
        breaks = [place for place, word in enumerate(self._words) if word in _THEN]
        verb: _Verb | None = None
        for start, end in pairwise((0, *breaks, len(self._words))):
            moves: dict[Motion, Move] = {}
            for place in range(start, end):
                if (found := self._verb(place)) is not None:
                    move = self._move(place, end, found)
                    if move is not None:
                        verb = found
                        moves.setdefault(move.motion, move)
            if not moves and verb is not None:  # "pans left, then right"
                move = self._move(start, end, replace(verb, usual="", aimless=""))
                moves = {} if move is None else {move.motion: move}
            if moves:
                self._used |= {start} if start in breaks else set()
                yield tuple(moves.values())

    def rest(self) -> str:
        """Return what is left of the text."""
        kept = list(self._text)
        articles = {
            place - 1 for place in self._used if place and self._words[place - 1] in _ARTICLES
        }
        for place in self._used | articles:
            start, end = self._found[place].span()
            kept[start:end] = " " * (end - start)
        return " ".join("".join(kept).split()).strip(" ,;-")

    def _verb(self, place: int) -> _Verb | None:
        """Return what the word at a place says of a camera."""
        verb = _VERBS.get(self._words[place])
        before = self._words[max(0, place - _BEFORE) : place]
        if verb is None or not _NOT.isdisjoint(before) or (before[-1:] == ["in"]):
            return None
        if verb.camera and place and _CAMERA.isdisjoint(self._sentence(place)):
            return None
        return verb

    def _sentence(self, place: int) -> Sequence[str]:
        """Return the words of a sentence before a place."""
        start = max((at for at in range(place) if self._words[at] in _ENDS), default=-1)
        return self._words[start + 1 : place]

    def _move(self, place: int, end: int, verb: _Verb) -> Move | None:
        """Return the move of a verb at a place, with what the words around it add."""
        after = self._after(place, end)
        before = range(place - 1, max(-1, place - 1 - _BEFORE), -1)
        named = self._direction(after, verb) or self._direction(before[:2], verb)
        if named is not None:
            direction = _DIRECTIONS[self._words[named]]
        else:
            direction = verb.usual or (verb.aimless if self._is_of_camera(place) else "")
        if not direction:
            return None
        last = place if named is None else max(place, named)
        near = [*before, *(at for at in after if at <= last + 2)]
        strengths = [at for at in near if self._words[at] in _STRENGTHS]
        self._used |= {place, *strengths[:1], *([] if named is None else [named])}
        strength = _STRENGTHS[self._words[strengths[0]]] if strengths else 1.0
        return Move(verb.motions[direction], 1 if direction in _FIRST else -1, strength)

    def _is_of_camera(self, place: int) -> bool:
        """Whether a word that means other things, too, is meant of a camera: "slow pan", "Pan over the bay"."""
        before = self._sentence(place)
        if not before:
            after = self._words[place + 1 : place + 2]
            return not after or after[0] in _BESIDE
        return before[-1] in _STRENGTHS or not _CAMERA.isdisjoint(before)

    def _after(self, place: int, end: int) -> list[int]:
        """Return the places of the words after a verb, up to the next verb or the sentence's end."""
        places: list[int] = []
        for at in range(place + 1, min(place + 1 + _AFTER, end)):
            if self._words[at] in _ENDS or self._words[at] in _VERBS:
                break
            places.append(at)
        return places

    def _direction(self, places: Sequence[int], verb: _Verb) -> int | None:
        """Return the place of the direction among some words: of "from left to right", the second."""
        found = [at for at in places if _DIRECTIONS.get(self._words[at], "") in verb.motions]
        if not found:
            return None
        if len(found) > 1 and self._words[found[1] - 1] == "to":
            return found[1]
        return found[0]
