"""The `Pages` port: pages fetched by the egress client and parsed in a child process."""

import codecs
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import anyio
from anyio.abc import Process

from fondaco.domain.web import Page, UnreadableError
from fondaco.processes import environment_of_child, opened_child
from fondaco.web.extra import expect_installed
from fondaco.web.reading import READERS, ParsedDocument

if TYPE_CHECKING:  # aiohttp costs 0.2 s to load
    from fondaco.web.egress import EgressClient, Fetched

READING_TIMEOUT_S = 15.0
MOST_CHILDREN = 2


class WebPages:
    """Pages of the web as text.

    Each page is parsed by its own child process, so a hostile page can neither harm this process nor
    reach the next caller's page.
    """

    def __init__(
        self, opening: Callable[[], "EgressClient"], *, reading_timeout_s: float = READING_TIMEOUT_S
    ) -> None:
        """Prepare; `opening` creates the egress client at the first use."""
        self._opening = opening
        self._egress: EgressClient | None = None
        self._reading_timeout_s = reading_timeout_s
        self._children = anyio.CapacityLimiter(MOST_CHILDREN)

    def expect_ready(self) -> None:
        """Check that pages can be parsed; see `Pages.expect_ready`."""
        expect_installed()

    async def read(self, url: str) -> Page:
        """Return a page as text; see `Pages.read`."""
        if self._egress is None:
            self._egress = self._opening()
        fetched = await self._egress.fetch(url, READERS.keys())
        document = await self.text_of(fetched)
        return Page(fetched.url, document.title, document.text)

    async def aclose(self) -> None:
        """Close the egress client, if it was opened."""
        if self._egress is not None:
            await self._egress.aclose()

    async def text_of(self, fetched: "Fetched") -> ParsedDocument:
        """Extract the text of a response.

        Raises:
            UnreadableError: it has no text, or parsing took too long.
        """
        try:
            with anyio.fail_after(self._reading_timeout_s):
                async with self._children:
                    return await _read_by_child(fetched, self._reading_timeout_s)
        except TimeoutError as error:
            raise UnreadableError(
                f"No text could be extracted from it within {self._reading_timeout_s:g} seconds."
            ) from error


async def _read_by_child(fetched: "Fetched", cpu_s: float) -> ParsedDocument:
    command = [
        *(sys.executable, "-I", "-m", "fondaco.web.child"),
        *(fetched.media_type, _charset_name(fetched.charset), str(max(1, int(cpu_s)))),
    ]
    try:
        child = await opened_child(command, stderr=DEVNULL, env=environment_of_child())
    except OSError as error:  # out of processes, memory or file descriptors
        raise UnreadableError("It cannot be read now.") from error
    async with child, anyio.create_task_group() as tasks:
        tasks.start_soon(_send, child, fetched.body)
        output = b"".join([piece async for piece in child.stdout]) if child.stdout else b""
    if child.returncode != 0:
        raise UnreadableError("It has no readable text.")
    document = json.loads(output)
    return ParsedDocument(document["title"], document["text"])


async def _send(child: Process, body: bytes) -> None:
    if child.stdin is not None:
        with suppress(anyio.BrokenResourceError):
            # The child ended early; its exit code has the cause.
            await child.stdin.send(body)
        await child.stdin.aclose()


def _charset_name(charset: str | None) -> str:
    """Return a charset's canonical name; empty if it is unknown."""
    try:
        return codecs.lookup(charset).name if charset else ""
    except (LookupError, ValueError):
        return ""
