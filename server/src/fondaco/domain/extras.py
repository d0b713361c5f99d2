"""Optional parts of an installation: the extras of the server's distribution."""

from typing import Literal

Extra = Literal[
    "ddgs",
    "diffusion",
    "embedded",
    "embeddings",
    "images",
    "speech",
    "transcription",
    "video",
    "web",
    "web3",
]


def how_to_install(extra: Extra) -> str:
    """Return how an operator installs an extra, to end a message that says what is missing.

    Fondaco is published at no package index, so the commands run in a checkout.

    >>> how_to_install("web")
    "In a checkout of Fondaco run: make install, or: pip install './server[web]'"
    """
    return f"In a checkout of Fondaco run: make install, or: pip install './server[{extra}]'"
