"""Placing: where each subject stands, how large, and in which order they are painted."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import numpy as np

from fondaco.engines.painter.brief import Subject
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.subjects.catalogue import Drawing, drawings

_CROWD = {1: 1.0, 2: 0.8, 3: 0.68, 4: 0.58, 5: 0.52}
"""Scale of things by their number: several are smaller."""
_WET = frozenset({"sea", "lake", "river", "beach", "harbour", "arctic", "waterfall", "city"})
_TABLES = frozenset({"still_life", "studio", "room"})
_BUILDING = 0.5
"""The size of drawings from which they are buildings and trees."""
_MARGIN = 0.06
"""Share of the height of a lighthouse that stays free above it: some styles have a frame."""
_STANDING_ON = ("riding", "on", "inside")


@dataclass(frozen=True, slots=True)
class Spot:
    """Spot where one thing is painted."""

    subject: Subject
    drawing: Drawing
    x: float
    """Of its middle."""
    y: float
    """Of its lower edge."""
    size: float
    """Height and width of its box."""
    flipped: bool = False
    standing: bool = True
    """On the ground, where it throws a shadow."""
    afloat: bool = False
    """In water, which hides its lowest part."""
    seated: bool = False
    depth: float = 0.0
    """Order of painting: a later thing hides an earlier one."""


def place(stage: Stage) -> tuple[Spot, ...]:
    """Return where the brief's subjects go, the farthest first."""
    subjects = stage.brief.subjects
    chance = stage.chance("placing")
    hosts = _hosts(subjects)
    free = [k for k in range(len(subjects)) if k not in hosts]
    spots: dict[int, list[Spot]] = {}
    slots = _slots(stage, chance, [subjects[k] for k in free])
    for k in free:
        spots[k] = [
            _free(stage, chance, subjects[k], next(slots), _total(subjects, free))
            for _ in range(subjects[k].count)
        ]
    for _ in subjects:  # a chain of hosts is at most as long as the list
        for k, (host, how) in hosts.items():
            if k not in spots and host in spots:
                spots[k] = [
                    _related(stage, chance, subjects[k], spots[host][n % len(spots[host])], how, n)
                    for n in range(subjects[k].count)
                ]
    every = [spot for group in spots.values() for spot in group]
    return tuple(sorted(every, key=lambda spot: spot.depth))


def _hosts(subjects: Sequence[Subject]) -> Mapping[int, tuple[int, str]]:
    """Return for each subject that depends on another: on which, and how."""
    found: dict[int, tuple[int, str]] = {}
    for k, one in enumerate(subjects):
        if one.to is None or one.relation in (None, "beside"):
            continue
        if one.relation == "under":
            if one.to not in found:
                found[one.to] = (k, "roof")
        elif found.get(one.to, (-1,))[0] != k:
            found[k] = (one.to, str(one.relation))
    return found


def _total(subjects: Sequence[Subject], free: Sequence[int]) -> int:
    return sum(subjects[k].count for k in free)


def _slots(
    stage: Stage, chance: np.random.Generator, subjects: Sequence[Subject]
) -> Iterator[float]:
    """Yield the share of the width at which each thing stands."""
    sizes = [
        _scale(stage, one, drawings()[one.noun], sum(each.count for each in subjects))
        for one in subjects
        for _ in range(one.count)
    ]
    if len(sizes) == 1:
        middle = float(chance.choice((0.36, 0.44, 0.5, 0.58)))
        return iter([middle if not stage.mirrored else 1 - middle])
    room = min(0.9 * stage.width, 1.12 * sum(sizes)) / stage.width
    ends = np.cumsum([0.0, *sizes]) / max(1.0, sum(sizes))
    middles = (ends[1:] + ends[:-1]) / 2
    shift = chance.uniform(-0.5, 0.5) * (0.92 - room)
    shares = [0.5 + shift + (middle - 0.5) * room for middle in middles]
    return iter([1 - share for share in shares] if stage.mirrored else shares)


def _scale(stage: Stage, subject: Subject, drawing: Drawing, total: int) -> float:
    """Return the height of a thing's box in pixels."""
    share = drawing.size * _CROWD.get(total, 0.44) * subject.scale
    if drawing.place == "table" and stage.brief.scene not in _TABLES:
        share *= 0.85
    elif drawing.place == "ground" and stage.brief.scene in ("still_life", "studio"):
        share *= 1.1
    return stage.unit * min(0.92, share)


def _free(
    stage: Stage, chance: np.random.Generator, subject: Subject, share: float, total: int
) -> Spot:
    """Place a thing that depends on no other."""
    drawing = drawings()[subject.noun]
    size = _scale(stage, subject, drawing, total)
    room = min(size * 0.42, stage.width / 2)
    x = float(np.clip(stage.width * share, room, stage.width - room))
    flipped = bool(chance.random() < 0.5)  # faces either side
    spot = Spot(subject, drawing, x, stage.ground, size, flipped, standing=False, depth=1)
    scene, place = stage.brief.scene, drawing.place
    if scene in ("space", "underwater", "abstract", "clouds") or place == "space":
        return _floating(stage, chance, spot)
    if (subject.flying or place == "air") and scene not in _TABLES:
        low = min(stage.horizon * 1.02, stage.height * 0.62)
        return replace(spot, y=max(size * 1.06, low * chance.uniform(0.72, 1.0)), depth=0.2)
    if scene == "sea" and subject.noun == "lighthouse":
        return _lighthouse(stage, chance, spot, alone=total == 1)
    if scene == "sea" or (place in ("water", "deep") and scene in _WET):
        return _afloat(stage, chance, spot)
    return _standing(stage, chance, spot, alone=total == 1)


def _floating(stage: Stage, chance: np.random.Generator, spot: Spot) -> Spot:
    """Place a thing where there is no ground; under water, what lives on the ground stands there."""
    scene, size = stage.brief.scene, spot.size
    if scene == "underwater" and spot.drawing.place == "ground":
        return replace(spot, y=stage.ground + size * 0.02, standing=True)
    y = stage.height * chance.uniform(0.46, 0.56) + size / 2
    if scene not in ("space", "abstract", "underwater", "clouds"):
        y = min(y, stage.height * 0.12 + size)
    return replace(spot, y=min(y, stage.height * 0.94))


def _standing(stage: Stage, chance: np.random.Generator, spot: Spot, *, alone: bool) -> Spot:
    """Place a thing on the ground; buildings stand behind what is smaller, and are larger."""
    if not alone and spot.drawing.size >= _BUILDING and stage.brief.scene not in _TABLES:
        back = (stage.ground - stage.horizon) * 0.5
        size = min(stage.unit * 0.62, spot.size * 1.3)
        return replace(spot, y=stage.ground - back, size=size, standing=True, depth=0.5)
    back = chance.uniform(0, 0.05) if not alone else 0.0
    y = stage.ground - stage.height * back
    return replace(spot, y=y, size=spot.size * (1 - back * 2), standing=True, depth=1 - back)


def _afloat(stage: Stage, chance: np.random.Generator, spot: Spot) -> Spot:
    """Place a thing in the water, the near ones larger."""
    near = chance.uniform(0.22, 0.42)
    scene = stage.brief.scene
    low = stage.height if scene not in ("beach", "lake", "arctic") else stage.height * 0.86
    y = stage.horizon + (low - stage.horizon) * near
    if scene in ("lake", "city", "harbour", "waterfall"):
        y = max(y, stage.height * 0.76)
    size = spot.size * (0.75 + 0.5 * near)
    return replace(spot, y=y + size * 0.06, size=size, afloat=True, depth=near)


def _lighthouse(stage: Stage, chance: np.random.Generator, spot: Spot, *, alone: bool) -> Spot:
    """Place a lighthouse at a side, near and large or far and small, and its lamp within the picture."""
    size = spot.size * (float(chance.choice((0.72, 1.0, 1.25))) if alone else 1.0)
    sea = stage.height - stage.horizon
    # A larger lighthouse stands lower; limit its size so that its top stays within the margin.
    room = stage.horizon + 0.1 * sea - _MARGIN * stage.height
    size = min(size, room / (1 - 0.34 * sea / stage.unit))
    x = stage.side(float(chance.choice((0.7, 0.76, 0.64)))) if alone else spot.x
    y = stage.horizon + sea * (0.1 + 0.34 * size / stage.unit)
    return replace(spot, x=x, y=y, size=size, depth=0.1)


def _related(
    stage: Stage, chance: np.random.Generator, subject: Subject, host: Spot, how: str, index: int
) -> Spot:
    """Place a thing by how it stands to another."""
    drawing = drawings()[subject.noun]
    own = _scale(stage, subject, drawing, 1)
    shift = (index - (0.5 if subject.count > 1 else 0)) * own * 0.5
    if how in _STANDING_ON:
        return _on(subject, drawing, host, own, how, shift)
    if how == "roof":  # under a tree or an umbrella
        size = max(own, host.size * 1.35)
        return Spot(
            subject,
            drawing,
            host.x + host.size * 0.08,
            host.y - (0 if drawing.place == "ground" else host.size * 0.55),
            size,
            standing=host.standing and drawing.place == "ground",
            depth=host.depth - 0.01,
        )
    if how == "over":
        top = host.y - host.size * 1.05
        y = (
            max(own * 1.02, top)
            if drawing.place != "ground" or subject.flying
            else max(own * 1.02, host.y - host.size * 0.75)
        )
        return Spot(
            subject,
            drawing,
            host.x + shift,
            y,
            own * 0.85,
            bool(chance.random() < 0.5),
            standing=False,
            depth=host.depth + 0.02,
        )
    side = -1 if host.x > stage.width / 2 else 1
    if how == "behind":
        return Spot(
            subject,
            drawing,
            host.x + side * host.size * 0.45,
            host.y - stage.height * 0.045,
            own * 0.85,
            standing=host.standing,
            depth=host.depth - 0.05,
        )
    return Spot(
        subject,
        drawing,
        host.x + side * host.size * 0.4,
        min(host.y + stage.height * 0.05, stage.height * 0.98),
        own * 0.75,
        standing=host.standing,
        depth=host.depth + 0.05,
    )


def _on(subject: Subject, drawing: Drawing, host: Spot, own: float, how: str, shift: float) -> Spot:
    across, down = seats().get(host.drawing.name, (0.5, 0.3))
    across = 1 - across if host.flipped else across
    person = drawing.drawn == "code" and drawing.name not in (
        "lighthouse",
        "windmill",
        "tree",
        "hot-air-balloon",
        "unicorn",
    )
    vessel = host.afloat or how == "inside"
    size = host.size * (0.78 if person else 0.62) if not vessel else min(own, host.size * 0.5)
    seated = person and (
        how == "riding" or host.drawing.name in ("chair", "couch-and-lamp", "rock")
    )
    x = host.x + (across - 0.5) * host.size + shift
    y = host.y - host.size * (1 - down) + (size * 0.24 if seated else size * 0.02)
    return Spot(
        subject,
        drawing,
        x,
        y,
        size,
        host.flipped,
        standing=False,
        seated=seated,
        depth=host.depth + 0.01,
    )


@cache
def seats() -> Mapping[str, tuple[float, float]]:
    """Return where riders sit on a drawing: shares of its width and height."""
    text = resources.files(__package__).joinpath("drawings.toml").read_text(encoding="utf-8")
    return {name: (float(x), float(y)) for name, (x, y) in tomllib.loads(text)["seats"].items()}
