"""Watched forms: judged by children, of whom none takes too long over it."""

from collections import OrderedDict
from hashlib import sha256

import anyio

from fondaco.domain.form import Guide
from fondaco.forms.children import CPU_S, QUEUE_S, WAIT_S, Children, EndedError
from fondaco.forms.guiding import named

MOST_CHILDREN = 2
"""For schemas and guides, and as many for answers."""
_MOST_REMEMBERED = 256
_TOO_COMPLEX = "is too complex: it takes too long, or too much memory, to work out what fits it"


class WatchedForms:
    """`Forms` whose questions are answered by children."""

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
        self._flaws: OrderedDict[bytes, str | None] = OrderedDict()
        """By a digest: of what was judged last."""

    async def flaw(self, schema: str, whitespace: str | None = None) -> str | None:
        """Return why no answer can be asked for by the schema; see `Forms.flaw`."""
        return await self._flaw("flaw", schema, *(() if whitespace is None else (whitespace,)))

    async def fault(self, schema: str, text: str) -> str | None:
        """Return why a text is no JSON that fits the schema; see `Forms.fault`."""
        return await self._fault("fault", schema, text)

    async def guide_flaw(self, guide: Guide) -> str | None:
        """Return why no answer can be asked for by the guide; see `Forms.guide_flaw`."""
        return await self._flaw("guide_flaw", *named(guide))

    async def guide_fault(self, guide: Guide, text: str) -> str | None:
        """Return why a text is not what the guide allows; see `Forms.guide_fault`."""
        return await self._fault("guide_fault", text, *named(guide))

    async def aclose(self) -> None:
        """End the children."""
        await self._children.aclose()

    @property
    def child_pids(self) -> tuple[int, ...]:
        """The process ids of children that have nothing to do."""
        return self._children.idle_pids

    async def _flaw(self, question: str, *about: str) -> str | None:
        digest = sha256("\0".join((question, *about)).encode()).digest()
        if digest in self._flaws:
            self._flaws.move_to_end(digest)
            return self._flaws[digest]
        try:
            answer = await self._children.ask(self._judging, question, *about)
        except EndedError:
            return _TOO_COMPLEX  # not remembered: the machine may have been at fault
        self._flaws[digest] = answer.get("reason")
        if len(self._flaws) > _MOST_REMEMBERED:
            self._flaws.popitem(last=False)
        return self._flaws[digest]

    async def _fault(self, question: str, *about: str) -> str | None:
        try:
            return (await self._children.ask(self._checking, question, *about)).get("reason")
        except EndedError:
            return "could not be checked against the schema in time"
