"""Model files from URLs: whole under their name, or not there at all."""

import threading
from hashlib import sha256
from http.client import HTTPMessage
from io import BytesIO
from pathlib import Path
from urllib.request import Request

import pytest

from fondaco.modelfiles import ModelFileError, ModelFolder
from fondaco.modelfiles.download import _SafeRedirects
from modelfiles.conftest import GGUF, Shelf

SHA256 = sha256(GGUF).hexdigest()


def left_over(tmp_path: Path) -> list[str]:
    """Name what lies about besides locks."""
    return [f.name for f in (tmp_path / "models/.fetching").iterdir() if f.suffix != ".lock"]


def test_a_url_becomes_a_file_of_its_last_segment(
    folder: ModelFolder, shelf: Shelf, tmp_path: Path
) -> None:
    path = folder.pull(f"{shelf.base_url}/tiny.gguf?token=secret")
    assert path == tmp_path / "models" / "tiny.gguf"
    assert path.read_bytes() == GGUF
    assert left_over(tmp_path) == []


def test_progress_ends_with_all_bytes(folder: ModelFolder, shelf: Shelf) -> None:
    seen: list[tuple[int, int | None]] = []
    folder.pull(f"{shelf.base_url}/tiny.gguf", progress=lambda *told: seen.append(told))
    assert seen == sorted(seen)
    assert seen[-1] == (len(GGUF), len(GGUF))


def test_a_cut_download_goes_on_where_it_was_cut(folder: ModelFolder, shelf: Shelf) -> None:
    shelf.cut_after = [300_000, 200_000]
    path = folder.pull(f"{shelf.base_url}/tiny.gguf", sha256=SHA256)
    assert path.read_bytes() == GGUF
    assert [wanted for _, wanted in shelf.asked] == [None, "bytes=300000-", "bytes=500000-"]


def test_a_later_pull_goes_on_with_what_an_earlier_one_left(
    folder: ModelFolder, shelf: Shelf
) -> None:
    url = f"{shelf.base_url}/tiny.gguf"
    shelf.cut_after = [300_000, 0, 0, 0]
    with pytest.raises(ModelFileError, match="the partial download is kept"):
        folder.pull(url)
    assert folder.pull(url).read_bytes() == GGUF
    assert shelf.asked[-1][1] == "bytes=300000-"


def test_a_server_without_ranges_starts_over(folder: ModelFolder, shelf: Shelf) -> None:
    shelf.ranges = False
    shelf.cut_after = [300_000]
    assert folder.pull(f"{shelf.base_url}/tiny.gguf").read_bytes() == GGUF


def test_a_file_that_changed_between_two_tries_is_not_spliced(
    folder: ModelFolder, shelf: Shelf
) -> None:
    url = f"{shelf.base_url}/tiny.gguf"
    shelf.cut_after = [300_000, 0, 0, 0]
    with pytest.raises(ModelFileError):
        folder.pull(url)
    newer = b"GGUF" + b"newer" * 200_000
    shelf.files["/tiny.gguf"], shelf.etag = newer, '"two"'
    assert folder.pull(url).read_bytes() == newer


def test_what_is_there_to_the_last_byte_is_not_fetched_again(
    folder: ModelFolder, shelf: Shelf, tmp_path: Path
) -> None:
    url = f"{shelf.base_url}/tiny.gguf"
    shelf.cut_after = [300_000, 0, 0, 0]
    with pytest.raises(ModelFileError):
        folder.pull(url)
    (part,) = (tmp_path / "models/.fetching").glob("*.part")
    part.write_bytes(GGUF)
    assert folder.pull(url).read_bytes() == GGUF


def test_a_wrong_hash_keeps_nothing(folder: ModelFolder, shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="SHA-256"):
        folder.pull(f"{shelf.base_url}/tiny.gguf", sha256="0" * 64)
    assert folder.installed() == ()
    assert [name for name in left_over(tmp_path) if not name.endswith(".etag")] == []


def test_what_is_no_model_file_keeps_nothing(
    folder: ModelFolder, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.files["/page.gguf"] = b"<html>Please log in</html>"
    with pytest.raises(ModelFileError, match="not a GGUF file"):
        folder.pull(f"{shelf.base_url}/page.gguf")
    assert folder.installed() == ()
    assert left_over(tmp_path) == []


def test_a_server_error_is_tried_again(folder: ModelFolder, shelf: Shelf) -> None:
    shelf.statuses = [503, 500]
    assert folder.pull(f"{shelf.base_url}/tiny.gguf").read_bytes() == GGUF


def test_a_refusal_is_named_without_the_secrets_of_the_url(
    folder: ModelFolder, shelf: Shelf
) -> None:
    with pytest.raises(ModelFileError, match="404") as refused:
        folder.pull(f"{shelf.base_url}/none.gguf?token=secret")
    assert "secret" not in str(refused.value)
    assert len(shelf.asked) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"200 OK\r\nContent-Length: " + b"9" * 5_000,
        b"206 Partial Content\r\nContent-Range: bytes 0-1/" + b"9" * 5_000,
        b"302 Found\r\nLocation: http://[::1\r\nContent-Length: 0",
    ],
    ids=["length", "range", "location"],
)
def test_an_answer_that_makes_no_sense_is_an_error_of_the_model_file(
    folder: ModelFolder, shelf: Shelf, head: bytes
) -> None:
    shelf.raw = b"HTTP/1.1 %b\r\n\r\n" % head
    with pytest.raises(ModelFileError, match="is invalid"):
        folder.pull(f"{shelf.base_url}/tiny.gguf")


def test_a_server_puts_no_words_into_an_error(folder: ModelFolder, shelf: Shelf) -> None:
    shelf.raw = b"HTTP/1.1 404 \x1b[2JAll is well\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(ModelFileError, match="returned 404") as refused:
        folder.pull(f"{shelf.base_url}/tiny.gguf")
    assert str(refused.value).isprintable()
    assert "well" not in str(refused.value)


def test_no_network_is_said_after_a_few_tries(folder: ModelFolder) -> None:
    with pytest.raises(ModelFileError, match="Check the network"):
        folder.pull("http://127.0.0.1:9/tiny.gguf")


def test_two_pulls_at_once_fetch_once(folder: ModelFolder, shelf: Shelf) -> None:
    url = f"{shelf.base_url}/tiny.gguf"
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(folder.pull(url, sha256=SHA256)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(shelf.asked) == 1


def test_another_file_of_the_same_name_is_not_overwritten(
    folder: ModelFolder, shelf: Shelf
) -> None:
    path = folder.pull(f"{shelf.base_url}/tiny.gguf")
    shelf.files["/other/tiny.gguf"] = b"GGUF other"
    with pytest.raises(ModelFileError, match="fondaco models remove"):
        folder.pull(f"{shelf.base_url}/other/tiny.gguf")
    assert path.read_bytes() == GGUF


@pytest.mark.parametrize(
    "url", ["ftp://host/tiny.gguf", "http://127.0.0.1/", "http://127.0.0.1/..%2Fetc.gguf"]
)
def test_an_address_without_a_safe_name_is_refused(folder: ModelFolder, url: str) -> None:
    with pytest.raises(ModelFileError):
        folder.pull(url)


def test_a_file_url_is_taken(folder: ModelFolder, tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(GGUF)
    assert folder.pull((tmp_path / "tiny.gguf").as_uri()).read_bytes() == GGUF


def test_a_redirect_from_tls_to_plain_http_is_not_followed() -> None:
    asked, reply = Request("https://hub.example/tiny.gguf"), BytesIO()
    follow = _SafeRedirects().redirect_request
    with pytest.raises(ModelFileError, match="without TLS"):
        follow(asked, reply, 302, "Found", HTTPMessage(), "http://cdn.example/tiny.gguf?secret=1")
    followed = follow(asked, reply, 302, "Found", HTTPMessage(), "https://cdn.example/tiny.gguf")
    assert followed is not None
    assert followed.full_url == "https://cdn.example/tiny.gguf"
