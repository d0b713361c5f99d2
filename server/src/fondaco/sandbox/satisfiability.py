"""Satisfiability of schemas: whether any finite JSON value can match.

For each subschema and each JSON type, it computes whether a value of that type can match: a least fixed point
over the subschemas' references. Keywords that it does not interpret (`not`, `if`, lengths) count as satisfied,
so a satisfiable schema is never refused.

This runs in the child only.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeAlias

Schema: TypeAlias = dict[str, object]
_Node: TypeAlias = tuple[int, str]
"""A subschema, by its identity, and a JSON type."""
Verdict: TypeAlias = Literal["fits", "conflict", "endless"]

_TYPES = ("null", "boolean", "number", "string", "array", "object")
_MOST_CONJUNCTS = 500
"""Schemas that apply to one value at once; with more than these, it counts as satisfiable."""
_OLD_DRAFTS = ("draft-03", "draft-04", "draft-06", "draft-07")
"""Drafts in which the siblings of `$ref` are ignored."""


def verdict(root: Schema) -> Verdict:
    """Return whether a schema is satisfiable; if not, whether only infinite recursion prevents it."""
    if _Solver(root).solve(optimistic=False):
        return "fits"
    return "endless" if _Solver(root).solve(optimistic=True) else "conflict"


class _EndlessError(Exception):
    """A reference resolves to itself for the same value."""


class _ManyError(Exception):
    """Too many schemas apply to one value."""


class _Solver:
    """Computes which subschemas are satisfiable, by type."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._ref_only = any(draft in str(root.get("$schema", "")) for draft in _OLD_DRAFTS)
        self._values: dict[_Node, bool] = {}
        self._parts: dict[int, Schema] = {}
        self._dependents: dict[_Node, set[_Node]] = {}
        """Node -> the nodes to evaluate again once its value changes."""
        self._pending: deque[_Node] = deque()
        self._current: _Node | None = None
        self._initial = False

    def solve(self, *, optimistic: bool) -> bool:
        """Iterate to the fixed point and return whether the root is satisfiable.

        `optimistic` starts from "satisfiable" everywhere: what then fails does so without recursion.
        """
        self._initial = optimistic
        self._satisfiable(self._root)
        while self._pending:
            node = self._pending.popleft()
            if self._values[node] is not optimistic:
                continue
            self._current = node
            if self._matches(self._parts[node[0]], node[1]) is not optimistic:
                self._values[node] = not optimistic
                self._pending += self._dependents[node]
        return self._satisfiable(self._root)

    def _satisfiable(self, *parts: object) -> bool:
        """Whether some value can match all parts at once."""
        # No short circuit: every part must be registered as a dependency in this round.
        matches = [[self._evaluate(part, kind) for part in parts] for kind in _TYPES]
        return any(map(all, matches))

    def _evaluate(self, part: object, kind: str) -> bool:
        if not isinstance(part, dict):
            return part is not False
        node = id(part), kind
        if node not in self._values:
            self._parts[id(part)] = part
            self._values[node] = self._initial
            self._dependents[node] = set()
            self._pending.append(node)
        if self._current is not None:
            self._dependents[node].add(self._current)
        return self._values[node]

    def _matches(self, part: Schema, kind: str) -> bool:
        try:
            conjuncts = list(self._conjuncts(part, ()))
        except _EndlessError:
            return False
        except _ManyError:
            return True
        if any(one is False for one in conjuncts):
            return False
        schemas = [one for one in conjuncts if isinstance(one, dict)]
        return all(self._allows(one, kind) for one in schemas) and self._children_match(
            schemas, kind
        )

    def _conjuncts(self, part: object, followed: tuple[str, ...]) -> Iterator[object]:
        """Yield all schemas that apply to one value: the part, its references and its `allOf`."""
        stack = [(part, followed)]
        for _ in range(_MOST_CONJUNCTS):
            if not stack:
                return
            one, followed = stack.pop()
            if not isinstance(one, dict):
                yield one
                continue
            reference = one.get("$ref")
            if isinstance(reference, str):
                if reference in followed:
                    raise _EndlessError
                stack.append((resolve(self._root, reference), (*followed, reference)))
                if self._ref_only:
                    continue
            yield one
            stack += [(inner, followed) for inner in list_of(one, "allOf")]
        raise _ManyError

    def _allows(self, schema: Schema, kind: str) -> bool:
        """Whether a schema's own keywords allow a type."""
        kinds = schema.get("type", kind)
        names = kinds if isinstance(kinds, list) else [kinds]
        if kind not in names and not (kind == "number" and "integer" in names):
            return False
        if "const" in schema and kind_of(schema["const"]) != kind:
            return False
        if isinstance(values := schema.get("enum"), list) and kind not in map(kind_of, values):
            return False
        alternatives = (list_of(schema, "anyOf"), list_of(schema, "oneOf"))
        return all(
            not some or any(self._evaluate(one, kind) for one in some) for some in alternatives
        )

    def _children_match(self, schemas: Sequence[Schema], kind: str) -> bool:
        """Whether the members or items that a value must have are satisfiable."""
        if kind == "object":
            names = {n for one in schemas for n in list_of(one, "required") if isinstance(n, str)}
            satisfiable = [self._satisfiable(*_member_parts(schemas, name)) for name in names]
            return all(satisfiable)
        if kind == "array":
            length = max((_least(one, "minItems", 0) for one in schemas), default=0)
            distinct = max((len(_prefix(one)) for one in schemas), default=0) + 1
            items_match = all(
                self._satisfiable(*_item_parts(schemas, index))
                for index in range(min(length, distinct))
            )
            return items_match and all(
                self._satisfiable(one["contains"])
                for one in schemas
                if "contains" in one and _least(one, "minContains", 1)
            )
        return True


def _member_parts(schemas: Sequence[Schema], name: str) -> Iterator[object]:
    """Yield the schemas that apply to a member of an object."""
    for one in schemas:
        properties = one.get("properties")
        if isinstance(properties, dict) and name in properties:
            yield properties[name]
        elif "patternProperties" not in one and "additionalProperties" in one:
            yield one["additionalProperties"]


def _item_parts(schemas: Sequence[Schema], index: int) -> Iterator[object]:
    """Yield the schemas that apply to an item of an array."""
    for one in schemas:
        prefix = _prefix(one)
        if index < len(prefix):
            yield prefix[index]
        elif isinstance(one.get("items"), list):
            yield one.get("additionalItems", True)
        else:
            yield one.get("items", True)


def _prefix(schema: Schema) -> list[object]:
    """Return the schemas of the first items: `prefixItems`, or a list in `items` (older drafts)."""
    return list_of(schema, "prefixItems") or list_of(schema, "items")


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


def list_of(schema: Schema, keyword: str) -> list[object]:
    """Return the list at a keyword; empty if it holds none."""
    value = schema.get(keyword)
    return value if isinstance(value, list) else []


def resolve(root: object, reference: str) -> object:
    """Return the subschema that a `$ref` points at; `True`, which allows anything, if it is not local."""
    node = root
    if reference != "#" and not reference.startswith("#/"):
        return True
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict):
            node = node.get(name, True)
        elif isinstance(node, list) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        else:
            return True
    return node
