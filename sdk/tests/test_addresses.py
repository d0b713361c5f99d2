"""Which addresses a client takes, and how it gets there."""

import pytest

from venice_ai import SyncVeniceClient, VeniceClient

NO_SCHEME = "does not begin with http://"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("127.0.0.1:8000/api/v1", NO_SCHEME),
        ("localhost:8000/api/v1", NO_SCHEME),
        ("api.venice.ai/api/v1", NO_SCHEME),
        ("//127.0.0.1/api/v1", NO_SCHEME),
        ("/api/v1", NO_SCHEME),
        ("ftp://127.0.0.1", NO_SCHEME),
        ("htp://127.0.0.1", NO_SCHEME),
        ("http:127.0.0.1", "names no host"),
        ("http:///api/v1", "names no host"),
        ("http://:8000/api/v1", "names no host"),
        ("http://127.0.0.1:port/api/v1", "no address"),
        ("http://127.0.0.1:99999/api/v1", "no address"),
        ("http://[::1/api/v1", "no address"),
        ("http://127.0.0.1/api/v1?key=1", "a query"),
        ("http://127.0.0.1/api/v1#top", "a fragment"),
        ("http://127.0.0.1/api/v1\n", "a line break"),
        (" http://127.0.0.1/api/v1", "a blank"),
        ("http://127.0.0.1 /api/v1", "a blank"),
        ("http://bücher.example/api/v1", "not ASCII"),
    ],
)
@pytest.mark.parametrize("kind", [VeniceClient, SyncVeniceClient])
def test_an_address_that_is_none_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[VeniceClient | SyncVeniceClient],
    url: str,
    why: str,
) -> None:
    with pytest.raises(ValueError, match=f"^base_url='.*{why}.*Give one such as 'http://"):
        kind(base_url=url)
    monkeypatch.setenv("VENICE_BASE_URL", url)
    with pytest.raises(ValueError, match=f"^VENICE_BASE_URL='.*{why}"):
        kind()


def test_an_address_is_a_text() -> None:
    with pytest.raises(TypeError, match="base_url has to be a str, not int"):
        VeniceClient(base_url=8000)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url", ["HTTP://127.0.0.1:8000/api/v1/", "https://[::1]:8000", "http://xn--bcher-kva.example//"]
)
def test_an_address_is_taken_without_slashes_at_its_end(url: str) -> None:
    assert VeniceClient(base_url=url).base_url == url.rstrip("/")
