"""Forms of answers, judged."""

from typing import Protocol


class Forms(Protocol):
    """Says what is wrong with schemas, and with answers that shall fit them.

    Whoever implements it does so where a hostile schema costs nobody anything: never in the process
    that serves calls. A schema is JSON text; what is said of it holds none of an answer's content.
    """

    async def flaw(self, schema: str) -> str | None:
        """Return why no answer can be asked for by the schema, or None if one can.

        The reason continues the sentence "The schema ...".

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
