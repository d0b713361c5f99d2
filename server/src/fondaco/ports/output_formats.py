"""The port `OutputFormats`: checks of schemas and constraints, and of output against them."""

from enum import StrEnum
from typing import Protocol

from fondaco.domain.output_format.output_format import Constraint


class Enforcement(StrEnum):
    """Degree to which a schema is enforced, and so the demands on the schema."""

    CHECK = "check"
    """Output is validated when it is complete: the schema must be valid and satisfiable."""
    GRAMMAR = "grammar"
    """An embedded engine compiles what it supports to a grammar; nothing is guaranteed."""
    WHOLLY = "wholly"
    """Guaranteed: output is validated, and an embedded engine must enforce every keyword too."""


class OutputFormats(Protocol):
    """Reports errors in schemas and constraints, and output that does not match them.

    Implementations run outside the process that serves calls, since a hostile schema can hang or
    crash them. A schema is JSON text; reasons never quote the content of output.
    """

    async def schema_error(
        self, schema: str, enforcement: Enforcement, *, scope: str, whitespace: str | None = None
    ) -> str | None:
        """Return why the schema is unusable, or None if it is usable.

        The reason continues the sentence "The schema ...".

        Args:
            schema: JSON text.
            enforcement: how strictly the output will be held to it.
            scope: the cache's scope, such as an account. Results are cached for each scope separately,
                so response times never reveal what others sent.
            whitespace: a regular expression of what may stand between tokens of JSON; None: anything.

        Raises:
            EngineBusyError: too many schemas are being checked.
        """
        ...

    async def grammar_error(self, grammar: str, *, scope: str) -> str | None:
        """Return why an embedded engine would not follow a grammar, or None if it will.

        The reason continues the sentence "Their grammar ...".

        Raises:
            EngineBusyError: too many schemas are being checked.
        """
        ...

    async def schema_mismatch(self, schema: str, text: str) -> str | None:
        """Return why a text is not JSON that matches the schema, or None if it is.

        The reason continues the sentence "The answer ...".

        Raises:
            EngineBusyError: too many schemas are being checked.
        """
        ...

    async def constraint_error(self, constraint: Constraint, *, scope: str) -> str | None:
        """Return why the constraint is unusable, or None; `scope` as for `schema_error`.

        The reason continues a sentence that begins with where the caller sent it.

        Raises:
            EngineBusyError: too many schemas are being checked.
        """
        ...

    async def constraint_mismatch(self, constraint: Constraint, text: str) -> str | None:
        """Return why a text violates the constraint, or None; like `schema_mismatch`."""
        ...
