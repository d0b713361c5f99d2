"""Where engines listen, and what may travel in the headers to them."""

import ssl

import pytest

from fondaco.clients.base_url import BaseUrl, fixed_headers
from fondaco.clients.connect import ssl_context


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("http://gpu", "gpu", "/chat"),
        ("http://gpu:80/v1/", "gpu", "/v1/chat"),
        ("https://api.example.com:8443/a/v1", "api.example.com:8443", "/a/v1/chat"),
        ("http://[::1]:8001/v1", "[::1]:8001", "/v1/chat"),
    ],
)
def test_a_base_url_says_where_to_send(url: str, authority: str, target: str) -> None:
    address = BaseUrl.parse(url)
    assert address.authority == authority
    assert address.target("/chat") == target


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://gpu", "gpu:8000/v1", "http://", "http://gpu/v1?x=1", "http://gpu/v1#x"),
        *("http://gpu/ä", "http://gpu/a\x00b"),
    ],
)
def test_a_base_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not an http|invalid"):
        BaseUrl.parse(url)


def test_credentials_in_a_url_are_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="`key`") as refused:
        BaseUrl.parse("http://ann:hunter2@gpu/v1")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("key", ["a\r\nX: y", "a\nb", "schlüssel"])
def test_a_key_that_cannot_travel_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="'Authorization'") as refused:
        fixed_headers(key, None)
    assert key not in str(refused.value)


def test_without_a_key_nothing_is_authorized() -> None:
    assert "Authorization" not in fixed_headers("", None)


def test_engines_behind_tls_have_to_show_a_certificate_of_their_host() -> None:
    context = ssl_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.VerifyMode.CERT_REQUIRED
    assert context is ssl_context(), "certificates are read once for all engines"
