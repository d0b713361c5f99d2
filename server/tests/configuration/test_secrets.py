"""Secrets are read where they lie, at use."""

from pathlib import Path

import pytest

from fondaco.environment import ConfigurationError, secret


def test_no_reference_is_no_secret() -> None:
    assert secret("") == ""


def test_a_secret_is_read_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_KEY", "s3cret")
    assert secret("env:VLLM_KEY") == "s3cret"


def test_a_secret_is_read_from_a_file_without_its_line_break(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    assert secret(f"file:{tmp_path / 'key'}") == "s3cret"


@pytest.mark.parametrize("reference", ["env:NOT_THERE_AT_ALL", "file:/not/there/at/all"])
def test_a_secret_that_is_not_there_is_named(reference: str) -> None:
    with pytest.raises(ConfigurationError, match=reference):
        secret(reference)


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    with pytest.raises(ConfigurationError, match="is empty"):
        secret(f"file:{tmp_path / 'key'}")


@pytest.mark.parametrize("content", ["two\nlines\n", "a\rb", "a\x00b", "a\x1b[1m", "schlüssel"])
def test_a_secret_that_no_header_could_carry_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_bytes(content.encode())
    with pytest.raises(ConfigurationError, match="invalid in a header") as caught:
        secret(f"file:{tmp_path / 'key'}")
    assert "two" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_a_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbfs3cret\r\n")
    assert secret(f"file:{tmp_path / 'key'}") == "s3cret"


def test_a_secret_below_a_home_directory_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no-such-user"):
        secret("file:~no-such-user/key")
