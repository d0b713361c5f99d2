"""Forms of answers, judged."""

from typing import Protocol

from fondaco.domain.form import Guide


class Forms(Protocol):
    """Says what is wrong with schemas and guides, and with answers that shall fit them.

    Whoever implements it does so where a hostile one costs nobody anything: never in the process
    that serves calls. A schema is JSON text; what is said of it holds none of an answer's content.
    """

    async def flaw(self, schema: str, whitespace: str | None = None) -> str | None:
        """Return why no answer can be asked for by the schema, or None if one can.

        The reason continues the sentence "The schema ...".

        Args:
            schema: JSON text.
            whitespace: a regular expression of what may stand between tokens of JSON; None: anything.

        Raises:
            EngineBusyError: too many schemas are being judged.
        """
        ...

    async def fault(self, schema: str, text: str) -> str | None:
        """Return why a text is no JSON that fits the schema, or None if it is.

        The reason continues the sentence "The answer ...".

        Raises:
            EngineBusyError: too many schemas are being judged.
        """
        ...

    async def guide_flaw(self, guide: Guide) -> str | None:
        """Return why no answer can be asked for by the guide, or None if one can.

        The reason continues a sentence that begins with where the caller sent it.

        Raises:
            EngineBusyError: too many are being judged.
        """
        ...

    async def guide_fault(self, guide: Guide, text: str) -> str | None:
        """Return why a text is not what the guide allows, or None if it is; as `fault` does."""
        ...
