"""The `OutputFormats` port over sandboxed children."""

from collections import OrderedDict
from hashlib import sha256

import anyio

from fondaco.domain.output_format.output_format import Constraint
from fondaco.ports.output_formats import Enforcement
from fondaco.sandbox.children import CPU_S, QUEUE_S, WAIT_S, Children, EndedError
from fondaco.sandbox.constraints import wire_format

MOST_CHILDREN = 2
"""For checking schemas and constraints, and as many again for validating output."""
MOST_REMEMBERED = 64
"""Cached verdicts of one scope; the least recently used are evicted."""
MOST_SCOPES = 256
"""Scopes with a cache; the least recently used are evicted."""
_TOO_COMPLEX = "is too complex: it takes too long, or too much memory, to compile"


class VerdictCache:
    """Verdicts on schemas and constraints, an LRU cache for each scope.

    Scopes do not evict each other's entries: however many schemas others send, those of a scope stay
    cached while fewer than `MOST_SCOPES` scopes are active.
    """

    def __init__(self) -> None:
        self._scopes: OrderedDict[str, OrderedDict[bytes, str | None]] = OrderedDict()

    def of(self, scope: str) -> OrderedDict[bytes, str | None]:
        """Return a scope's cache, and mark the scope as most recently used."""
        cached = self._scopes.setdefault(scope, OrderedDict())
        self._scopes.move_to_end(scope)
        if len(self._scopes) > MOST_SCOPES:
            self._scopes.popitem(last=False)
        return cached

    def keep(self, scope: str, digest: bytes, reason: str | None) -> None:
        """Cache why a schema or constraint is unusable; None: it is usable."""
        cached = self.of(scope)
        cached[digest] = reason
        if len(cached) > MOST_REMEMBERED:
            cached.popitem(last=False)


class SandboxedOutputFormats:
    """`OutputFormats` that run in sandboxed children."""

    def __init__(
        self,
        *,
        cpu_s: float = CPU_S,
        wait_s: float = WAIT_S,
        queue_s: float = QUEUE_S,
        children: int = MOST_CHILDREN,
    ) -> None:
        self._children = Children("output_formats", cpu_s=cpu_s, wait_s=wait_s, queue_s=queue_s)
        # Separate limiters: checks of many schemas must not delay the validation of output.
        self._schema_limiter = anyio.CapacityLimiter(children)
        self._output_limiter = anyio.CapacityLimiter(children)
        self._verdicts = VerdictCache()

    async def schema_error(
        self, schema: str, enforcement: Enforcement, *, scope: str, whitespace: str | None = None
    ) -> str | None:
        """Return why the schema is unusable; see `OutputFormats.schema_error`."""
        arguments = (schema, enforcement.value, *(() if whitespace is None else (whitespace,)))
        return await self._cached_error(scope, "schema_error", *arguments)

    async def grammar_error(self, grammar: str, *, scope: str) -> str | None:
        """Return why an engine would not follow the grammar; see `OutputFormats.grammar_error`."""
        return await self._cached_error(scope, "grammar_error", grammar)

    async def schema_mismatch(self, schema: str, text: str) -> str | None:
        """Return why a text does not match the schema; see `OutputFormats.schema_mismatch`."""
        return await self._mismatch("schema_mismatch", schema, text)

    async def constraint_error(self, constraint: Constraint, *, scope: str) -> str | None:
        """Return why the constraint is unusable; see `OutputFormats.constraint_error`."""
        return await self._cached_error(scope, "constraint_error", *wire_format(constraint))

    async def constraint_mismatch(self, constraint: Constraint, text: str) -> str | None:
        """Return why a text violates the constraint; see `OutputFormats.constraint_mismatch`."""
        return await self._mismatch("constraint_mismatch", text, *wire_format(constraint))

    async def aclose(self) -> None:
        """End the children."""
        await self._children.aclose()

    @property
    def child_pids(self) -> tuple[int, ...]:
        """The process ids of idle children."""
        return self._children.idle_pids

    async def _cached_error(self, scope: str, function: str, *arguments: str) -> str | None:
        digest = sha256("\0".join((function, *arguments)).encode()).digest()
        cached = self._verdicts.of(scope)
        if digest in cached:
            cached.move_to_end(digest)
            return cached[digest]
        try:
            result = await self._children.ask(self._schema_limiter, function, *arguments)
        except EndedError:
            return _TOO_COMPLEX  # not cached: the time-out may be due to load
        reason = result.get("reason")
        self._verdicts.keep(scope, digest, reason)
        return reason

    async def _mismatch(self, function: str, *arguments: str) -> str | None:
        try:
            return (await self._children.ask(self._output_limiter, function, *arguments)).get(
                "reason"
            )
        except EndedError:
            return "could not be checked against the schema in time"
