"""Pages: fetched through the door, read in a child of their own."""

import codecs
import json
import sys
from subprocess import DEVNULL

import anyio

from fondaco.domain.web import Page, UnreadableError
from fondaco.web.door import Door, Fetched
from fondaco.web.extra import expect_installed
from fondaco.web.reading import READERS, Reading

READING_TIMEOUT_S = 15.0
MOST_CHILDREN = 2


class WebPages:
    """Pages of the web as text.

    A child reads one page and ends: what a hostile page does to the parsers costs this process
    nothing, and nothing of it is there when the next caller's page is read.
    """

    def __init__(self, door: Door, *, reading_timeout_s: float = READING_TIMEOUT_S) -> None:
        self._door = door
        self._reading_timeout_s = reading_timeout_s
        self._children = anyio.CapacityLimiter(MOST_CHILDREN)

    def expect_ready(self) -> None:
        """Return if pages can be read here; see `Pages.expect_ready`."""
        expect_installed()

    async def read(self, url: str) -> Page:
        """Return a page as text; see `Pages.read`."""
        fetched = await self._door.fetch(url, READERS.keys())
        read = await self.text_of(fetched)
        return Page(fetched.url, read.title, read.text)

    async def text_of(self, fetched: Fetched) -> Reading:
        """Return what was fetched as text.

        Raises:
            UnreadableError: there is none in it, or not within the time.
        """
        try:
            with anyio.fail_after(self._reading_timeout_s):
                async with self._children:
                    return await _read_by_child(fetched, self._reading_timeout_s)
        except TimeoutError as error:
            raise UnreadableError(
                f"No text could be made of it within {self._reading_timeout_s:g} seconds."
            ) from error


async def _read_by_child(fetched: Fetched, cpu_s: float) -> Reading:
    command = [
        *(sys.executable, "-I", "-m", "fondaco.web.child"),
        *(fetched.media_type, _known(fetched.charset), str(max(1, int(cpu_s)))),
    ]
    ended = await anyio.run_process(command, input=fetched.body, stderr=DEVNULL, check=False)
    if ended.returncode != 0:
        raise UnreadableError("There is no text in it, or none that can be read.")
    told = json.loads(ended.stdout)
    return Reading(told["title"], told["text"])


def _known(charset: str | None) -> str:
    """Return a charset by its own name, or nothing for one that does not exist."""
    try:
        return codecs.lookup(charset).name if charset else ""
    except (LookupError, ValueError):
        return ""
