"""The hub's answers: which file is chosen, and that odd answers do no harm."""

import json

import pytest
from hypothesis import given, strategies as st

from fondaco.modelfiles import ModelFileError, NoSuchModelFileError
from fondaco.modelfiles.hub import (
    HubName,
    Repository,
    chosen,
    endpoint_of,
    file_url,
    has_projector,
    models_in,
    repository_in,
)

SHA = "a" * 40
HASH = "b" * 64


def repository(*paths: str, **more: object) -> Repository:
    siblings = [
        {
            "rfilename": path,
            "size": 1234,
            "blobId": "c" * 40,
            "lfs": {"sha256": HASH, "size": 1234, "pointerSize": 134},
        }
        for path in paths
    ]
    told = {"id": "o/r", "modelId": "o/r", "sha": SHA, "siblings": siblings, "gated": False, **more}
    return repository_in(json.dumps(told).encode(), "o/r")


FILES = ("README.md", "m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-IQ4_XS.gguf", "mmproj-m-f16.gguf")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", "m-Q4_K_M.gguf"),
        ("Q8_0", "m-Q8_0.gguf"),
        ("q4_k_m", "m-Q4_K_M.gguf"),
        ("m-IQ4_XS.gguf", "m-IQ4_XS.gguf"),
    ],
)
def test_a_file_is_found_by_quantization_or_name(wanted: str, found: str) -> None:
    assert [file.path for file in chosen(repository(*FILES), wanted)] == [found]


@pytest.mark.parametrize("wanted", ["Q4", "Q4_K", "F32", "other.gguf"])
def test_what_is_not_there_is_said_with_what_is(wanted: str) -> None:
    with pytest.raises(NoSuchModelFileError, match="m-Q8_0"):
        chosen(repository(*FILES), wanted)


def test_two_files_that_fit_are_asked_about() -> None:
    with pytest.raises(NoSuchModelFileError, match="2 files fit 'Q8_0'"):
        chosen(repository("a-Q8_0.gguf", "b-Q8_0.gguf"), "Q8_0")


def test_a_model_in_parts_comes_with_all_of_them() -> None:
    parts = [f"Q4_K_M/m-Q4_K_M-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    found = chosen(repository(*reversed(parts)), "Q4_K_M")
    assert [file.path for file in found] == parts
    with pytest.raises(ModelFileError, match="3 parts"):
        chosen(repository(*parts[:2]), "Q4_K_M")


def test_a_repository_without_models_says_how_to_search() -> None:
    with pytest.raises(NoSuchModelFileError, match="fondaco models search"):
        chosen(repository("model.safetensors"), "")


def test_files_are_fetched_at_the_commit_that_was_looked_at() -> None:
    found = repository("a b-Q8_0.gguf")
    url = file_url("http://h", found, found.files[0])
    assert url == f"http://h/o/r/resolve/{SHA}/a%20b-Q8_0.gguf"
    assert found.files[0].sha256 == HASH
    assert repository(*FILES, sha="../../etc").revision == "main"
    assert has_projector(repository(*FILES))


@pytest.mark.parametrize(
    "path", ["../x.gguf", "a/../../x.gguf", "/etc/x.gguf", "a\nb.gguf", "x" * 300 + ".gguf", 7]
)
def test_files_with_odd_names_are_passed_over(path: str) -> None:
    assert [file.path for file in repository(path, "m.gguf").files] == ["m.gguf"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"siblings": 7}', b"[" * 100_000])
def test_what_is_no_repository_is_refused(body: bytes) -> None:
    with pytest.raises(ModelFileError, match="is invalid"):
        repository_in(body, "o/r")


WORDS = ("", "o/r", "total", "context_length", "architecture", "\x1b[2J", "llama")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(WORDS), below),
    max_leaves=12,
)


@given(row=st.dictionaries(st.sampled_from(("id", "downloads", "gguf", "likes")), JSON))
def test_odd_rows_of_a_search_are_passed_over_or_bounded(row: dict[str, object]) -> None:
    for model in models_in(json.dumps([row, {"id": "o/r"}]).encode()):
        assert model.downloads is None or 0 <= model.downloads <= 10**15
        assert model.id.isprintable()


@pytest.mark.parametrize(
    "name", ["hf:", "hf:alone", "hf:a/b/c", "hf:../x", "hf:a/b?x=1", "hf:a /b"]
)
def test_an_invalid_repository_name_is_reported(name: str) -> None:
    with pytest.raises(NoSuchModelFileError, match="hf:OWNER/REPO"):
        HubName.parse(name)


def test_the_endpoint_is_the_operators() -> None:
    assert endpoint_of(None) == "https://huggingface.co"
    assert endpoint_of("http://mirror:8080/hf/") == "http://mirror:8080/hf"
    for odd in ("ftp://h", "h", "http://", "https://u:p@h", "http://[x", "http://h?x=1"):
        with pytest.raises(ModelFileError, match="HF_ENDPOINT"):
            endpoint_of(odd)
