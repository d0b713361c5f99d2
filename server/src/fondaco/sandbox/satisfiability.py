"""Satisfiability of schemas: whether any finite JSON value can match.

Each place of a schema is asked for each type of JSON whether a value of it may fit. What is found grows from
nothing until it no longer does: a least fixed point. What is not looked at (`not`, `if`, lengths) is taken to
be fulfilled, so that a schema which something fits is never refused.

This runs in the child alone.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeAlias

Schema: TypeAlias = dict[str, object]
_Place: TypeAlias = tuple[int, str]
"""A part of the schema, by its identity, and a type of JSON."""
Verdict: TypeAlias = Literal["fits", "conflict", "endless"]

_TYPES = ("null", "boolean", "number", "string", "array", "object")
_MOST_TOGETHER = 500
"""Schemas that hold for one value; beyond that many, what they say together is not looked at."""
_OLD_DRAFTS = ("draft-03", "draft-04", "draft-06", "draft-07")
"""In which a reference stands alone, whatever is beside it."""


def verdict(root: Schema) -> Verdict:
    """Return whether something fits a schema; if not, whether that is for its endless requirements alone."""
    if _Places(root).settled(hopeful=False):
        return "fits"
    return "endless" if _Places(root).settled(hopeful=True) else "conflict"


class _EndlessError(Exception):
    """A reference leads back to itself for the same value."""


class _ManyError(Exception):
    """Too many schemas hold for one value."""


class _Places:
    """Which places of a schema may be fulfilled, by type."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._alone = any(draft in str(root.get("$schema", "")) for draft in _OLD_DRAFTS)
        self._known: dict[_Place, bool] = {}
        self._parts: dict[int, Schema] = {}
        self._asking: dict[_Place, set[_Place]] = {}
        """What has to be asked again once a place is known better."""
        self._unsettled: deque[_Place] = deque()
        self._at: _Place | None = None
        self._hope = False

    def settled(self, *, hopeful: bool) -> bool:
        """Return whether the root may be fulfilled, once nothing changes any more.

        `hopeful` begins with everything fulfilled: what then fails does so without any reference.
        """
        self._hope = hopeful
        self._may(self._root)
        while self._unsettled:
            place = self._unsettled.popleft()
            if self._known[place] is not hopeful:
                continue
            self._at = place
            if self._fits(self._parts[place[0]], place[1]) is not hopeful:
                self._known[place] = not hopeful
                self._unsettled += self._asking[place]
        return self._may(self._root)

    def _may(self, *parts: object) -> bool:
        """Whether a value may fit all parts at once."""
        # All are looked at, also after it is clear: what is met is asked in one round.
        found = [[self._look(part, kind) for part in parts] for kind in _TYPES]
        return any(map(all, found))

    def _look(self, part: object, kind: str) -> bool:
        if not isinstance(part, dict):
            return part is not False
        place = id(part), kind
        if place not in self._known:
            self._parts[id(part)] = part
            self._known[place] = self._hope
            self._asking[place] = set()
            self._unsettled.append(place)
        if self._at is not None:
            self._asking[place].add(self._at)
        return self._known[place]

    def _fits(self, part: Schema, kind: str) -> bool:
        try:
            together = list(self._together(part, ()))
        except _EndlessError:
            return False
        except _ManyError:
            return True
        if any(one is False for one in together):
            return False
        schemas = [one for one in together if isinstance(one, dict)]
        return all(self._takes(one, kind) for one in schemas) and self._inner(schemas, kind)

    def _together(self, part: object, led: tuple[str, ...]) -> Iterator[object]:
        """Yield all schemas that hold for one value: the part, what it refers to, and all of its `allOf`."""
        reach = [(part, led)]
        for _ in range(_MOST_TOGETHER):
            if not reach:
                return
            one, led = reach.pop()
            if not isinstance(one, dict):
                yield one
                continue
            reference = one.get("$ref")
            if isinstance(reference, str):
                if reference in led:
                    raise _EndlessError
                reach.append((at(self._root, reference), (*led, reference)))
                if self._alone:
                    continue
            yield one
            reach += [(inner, led) for inner in listed(one, "allOf")]
        raise _ManyError

    def _takes(self, schema: Schema, kind: str) -> bool:
        """Whether a schema by itself takes a type."""
        kinds = schema.get("type", kind)
        names = kinds if isinstance(kinds, list) else [kinds]
        if kind not in names and not (kind == "number" and "integer" in names):
            return False
        if "const" in schema and kind_of(schema["const"]) != kind:
            return False
        if isinstance(values := schema.get("enum"), list) and kind not in map(kind_of, values):
            return False
        ways = (listed(schema, "anyOf"), listed(schema, "oneOf"))
        return all(not some or any(self._look(one, kind) for one in some) for some in ways)

    def _inner(self, schemas: Sequence[Schema], kind: str) -> bool:
        """Whether what a value of a type has to hold may be there."""
        if kind == "object":
            names = {n for one in schemas for n in listed(one, "required") if isinstance(n, str)}
            found = [self._may(*_member_parts(schemas, name)) for name in names]
            return all(found)
        if kind == "array":
            long = max((_least(one, "minItems", 0) for one in schemas), default=0)
            told = max((len(_prefix(one)) for one in schemas), default=0) + 1
            places = all(self._may(*_item_parts(schemas, at)) for at in range(min(long, told)))
            return places and all(
                self._may(one["contains"])
                for one in schemas
                if "contains" in one and _least(one, "minContains", 1)
            )
        return True


def _member_parts(schemas: Sequence[Schema], name: str) -> Iterator[object]:
    """Yield what holds for a member of an object."""
    for one in schemas:
        properties = one.get("properties")
        if isinstance(properties, dict) and name in properties:
            yield properties[name]
        elif "patternProperties" not in one and "additionalProperties" in one:
            yield one["additionalProperties"]


def _item_parts(schemas: Sequence[Schema], at: int) -> Iterator[object]:
    """Yield what holds for an item of an array, at its place."""
    for one in schemas:
        prefix = _prefix(one)
        if at < len(prefix):
            yield prefix[at]
        elif isinstance(one.get("items"), list):
            yield one.get("additionalItems", True)
        else:
            yield one.get("items", True)


def _prefix(schema: Schema) -> list[object]:
    """Return the schemas of the first items: `prefixItems`, or `items` as drafts of old have it."""
    return listed(schema, "prefixItems") or listed(schema, "items")


def _least(schema: Schema, keyword: str, otherwise: int) -> int:
    value = schema.get(keyword, otherwise)
    return int(value) if isinstance(value, int | float) else otherwise


def kind_of(value: object) -> str:
    """Return the type of a JSON value."""
    kinds: tuple[tuple[str, Callable[[object], bool]], ...] = (
        ("null", lambda one: one is None),
        ("boolean", lambda one: isinstance(one, bool)),
        ("number", lambda one: isinstance(one, int | float)),
        ("string", lambda one: isinstance(one, str)),
        ("array", lambda one: isinstance(one, list)),
    )
    return next((kind for kind, is_one in kinds if is_one(value)), "object")


def listed(schema: Schema, keyword: str) -> list[object]:
    """Return the list that a keyword has; empty: it has none."""
    value = schema.get(keyword)
    return value if isinstance(value, list) else []


def at(root: object, reference: str) -> object:
    """Return what a reference leads to; one by a name of its own leads anywhere."""
    place = root
    if reference != "#" and not reference.startswith("#/"):
        return True
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(place, dict):
            place = place.get(name, True)
        elif isinstance(place, list) and name.isdigit() and int(name) < len(place):
            place = place[int(name)]
        else:
            return True
    return place
