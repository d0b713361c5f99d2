"""The `OutputFormats` port over sandboxed children."""

from collections import OrderedDict
from hashlib import sha256

import anyio

from fondaco.domain.output_format.output_format import Constraint
from fondaco.ports.output_formats import Enforcement
from fondaco.sandbox.children import CPU_S, QUEUE_S, WAIT_S, Children, EndedError
from fondaco.sandbox.constraints import named

MOST_CHILDREN = 2
"""For schemas and constraints, and as many for answers."""
MOST_REMEMBERED = 64
"""Of one scope: what it has judged last."""
MOST_SCOPES = 256
"""Those that asked last."""
_TOO_COMPLEX = "is too complex: it takes too long, or too much memory, to work out what fits it"


class AnswerCache:
    """What was judged, by a digest, for each scope apart.

    Both limits are of their own: however many schemas others send, none of a scope is forgotten for it
    while fewer than `MOST_SCOPES` of them ask.
    """

    def __init__(self) -> None:
        self._scopes: OrderedDict[str, OrderedDict[bytes, str | None]] = OrderedDict()

    def of(self, scope: str) -> OrderedDict[bytes, str | None]:
        """Return what is known for a scope, which asks now."""
        known = self._scopes.setdefault(scope, OrderedDict())
        self._scopes.move_to_end(scope)
        if len(self._scopes) > MOST_SCOPES:
            self._scopes.popitem(last=False)
        return known

    def keep(self, scope: str, digest: bytes, reason: str | None) -> None:
        """Remember the reason why something cannot be asked for; None: it can."""
        known = self.of(scope)
        known[digest] = reason
        if len(known) > MOST_REMEMBERED:
            known.popitem(last=False)


class SandboxedOutputFormats:
    """`OutputFormats` whose questions are answered by children."""

    def __init__(
        self,
        *,
        cpu_s: float = CPU_S,
        wait_s: float = WAIT_S,
        queue_s: float = QUEUE_S,
        children: int = MOST_CHILDREN,
    ) -> None:
        self._children = Children("forms", cpu_s=cpu_s, wait_s=wait_s, queue_s=queue_s)
        # Whoever has many schemas judged must not keep answers that are ready from being checked.
        self._judging = anyio.CapacityLimiter(children)
        self._checking = anyio.CapacityLimiter(children)
        self._remembered = AnswerCache()

    async def flaw(
        self, schema: str, held: Enforcement, *, scope: str, whitespace: str | None = None
    ) -> str | None:
        """Return why no answer can be asked for by the schema; see `Forms.flaw`."""
        about = (schema, held.value, *(() if whitespace is None else (whitespace,)))
        return await self._flaw(scope, "flaw", *about)

    async def grammar_error(self, grammar: str, *, scope: str) -> str | None:
        """Return why an engine would not follow the grammar; see `Forms.grammar_flaw`."""
        return await self._flaw(scope, "grammar_flaw", grammar)

    async def fault(self, schema: str, text: str) -> str | None:
        """Return why a text is no JSON that fits the schema; see `Forms.fault`."""
        return await self._fault("fault", schema, text)

    async def constraint_error(self, constraint: Constraint, *, scope: str) -> str | None:
        """Return why no answer can be asked for by the constraint; see `Forms.guide_flaw`."""
        return await self._flaw(scope, "guide_flaw", *named(constraint))

    async def constraint_mismatch(self, constraint: Constraint, text: str) -> str | None:
        """Return why a text is not what the constraint allows; see `Forms.guide_fault`."""
        return await self._fault("guide_fault", text, *named(constraint))

    async def aclose(self) -> None:
        """End the children."""
        await self._children.aclose()

    @property
    def child_pids(self) -> tuple[int, ...]:
        """The process ids of children that have nothing to do."""
        return self._children.idle_pids

    async def _flaw(self, scope: str, question: str, *about: str) -> str | None:
        digest = sha256("\0".join((question, *about)).encode()).digest()
        known = self._remembered.of(scope)
        if digest in known:
            known.move_to_end(digest)
            return known[digest]
        try:
            answer = await self._children.ask(self._judging, question, *about)
        except EndedError:
            return _TOO_COMPLEX  # not remembered: the machine may have been at fault
        reason = answer.get("reason")
        self._remembered.keep(scope, digest, reason)
        return reason

    async def _fault(self, question: str, *about: str) -> str | None:
        try:
            return (await self._children.ask(self._checking, question, *about)).get("reason")
        except EndedError:
            return "could not be checked against the schema in time"
