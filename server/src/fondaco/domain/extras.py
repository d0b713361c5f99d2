"""Optional parts of an installation: the extras of the server's distribution."""

from typing import Final, Literal

Extra = Literal[
    "chinese",
    "confidential",
    "ddgs",
    "diffusion",
    "embedded",
    "embeddings",
    "espeak",
    "images",
    "japanese",
    "speech",
    "transcription",
    "video",
    "web",
    "web3",
]

BY_CHOICE: Final[frozenset[Extra]] = frozenset({"chinese", "espeak", "japanese"})
"""Those that `make install` leaves out: for their size, or a licence that binds more than their own files."""


def how_to_install(extra: Extra) -> str:
    """Return how an operator installs an extra, to end a message that says what is missing.

    Fondaco is published at no package index, so the commands run in a checkout.

    >>> how_to_install("web")
    "In a checkout of Fondaco run: make install, or: pip install './server[web]'"
    >>> how_to_install("espeak")
    "In a checkout of Fondaco run: .venv/bin/python -m pip install -e './server[espeak]'"
    """
    if extra in BY_CHOICE:
        # An editable install: a copy of the sources would never be updated.
        return (
            f"In a checkout of Fondaco run: .venv/bin/python -m pip install -e './server[{extra}]'"
        )
    return f"In a checkout of Fondaco run: make install, or: pip install './server[{extra}]'"
