"""The child process that parses one untrusted document.

It reads the document on stdin, writes title and text as JSON on stdout, and ends. It cannot write a file.
"""

import json
import logging
import resource
import sys

from fondaco.processes import harden
from fondaco.web.reading import LONGEST_TEXT, READERS

MOST_MEMORY = 1 * 2**30
UNREADABLE = 3
"""Exit code: no text could be extracted from the document."""


def main(media_type: str, charset: str, cpu_s: str) -> int:
    """Read the document and return the exit code."""
    harden()  # a core dump would hold the document
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s), int(cpu_s)))
    logging.disable()  # libraries would log parts of the document
    body = sys.stdin.buffer.read()
    try:
        parsed = READERS[media_type](body, charset or None, LONGEST_TEXT)
    except Exception:  # noqa: BLE001 - the libraries raise anything at such documents
        return UNREADABLE
    if not parsed.text:
        return UNREADABLE
    sys.stdout.write(json.dumps({"title": parsed.title, "text": parsed.text}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
