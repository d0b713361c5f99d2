"""The optional dependencies of the extra `web`: HTML and PDF parsers."""

from collections.abc import Sequence
from importlib.util import find_spec

from fondaco.domain.errors import WebNotInstalledError

LIBRARIES = ("trafilatura", "lxml_html_clean", "pypdf")


def expect_installed(libraries: Sequence[str] = LIBRARIES) -> None:
    """Check that the libraries that parse pages are installed.

    Raises:
        WebNotInstalledError: a library is missing.
    """
    if any(find_spec(name) is None for name in libraries):
        raise WebNotInstalledError
