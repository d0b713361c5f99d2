"""Forms of answers, judged."""

from enum import StrEnum
from typing import Protocol

from fondaco.domain.output_format.output_format import Constraint


class Enforcement(StrEnum):
    """How an answer is held to a schema, and so what the schema must be."""

    CHECK = "check"
    """It is checked at its end: the schema has to be valid, and something has to fit it."""
    GRAMMAR = "grammar"
    """An engine here makes a grammar of what it knows of the schema, and nothing is promised."""
    WHOLLY = "wholly"
    """It is promised: it is checked, and an engine here has to enforce every keyword as well."""


class OutputFormats(Protocol):
    """Reports errors in schemas and constraints, and output that does not match them.

    Whoever implements it does so where a hostile one costs nobody anything: never in the process
    that serves calls. A schema is JSON text; what is said of it holds none of an answer's content.
    """

    async def flaw(
        self, schema: str, held: Enforcement, *, scope: str, whitespace: str | None = None
    ) -> str | None:
        """Return why no answer can be asked for by the schema, or None if one can.

        The reason continues the sentence "The schema ...".

        Args:
            schema: JSON text.
            held: how the answer will be held to it.
            scope: whoever asks, such as an account. What was judged is remembered for its scope alone,
                so that nobody can tell by the time that it takes what others sent.
            whitespace: a regular expression of what may stand between tokens of JSON; None: anything.

        Raises:
            EngineBusyError: too many schemas are being judged.
        """
        ...

    async def grammar_error(self, grammar: str, *, scope: str) -> str | None:
        """Return why an engine here would not follow a grammar that is made for it, or None if it will.

        The reason continues the sentence "Their grammar ...".

        Raises:
            EngineBusyError: too many are being judged.
        """
        ...

    async def fault(self, schema: str, text: str) -> str | None:
        """Return why a text is no JSON that fits the schema, or None if it is.

        The reason continues the sentence "The answer ...".

        Raises:
            EngineBusyError: too many schemas are being judged.
        """
        ...

    async def constraint_error(self, constraint: Constraint, *, scope: str) -> str | None:
        """Return why no answer can be asked for by the constraint, or None if one can; `scope` as for `flaw`.

        The reason continues a sentence that begins with where the caller sent it.

        Raises:
            EngineBusyError: too many are being judged.
        """
        ...

    async def constraint_mismatch(self, constraint: Constraint, text: str) -> str | None:
        """Return why a text is not what the constraint allows, or None if it is; as `fault` does."""
        ...
