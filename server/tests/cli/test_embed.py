"""`fondaco embed`: texts as vectors, by a server or without one."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from cli_program import Fondaco
from fake_upstream import FakeUpstream, in_thread, replying
from fondaco.cli.exits import Exit
from program import model_file


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with in_thread(FakeUpstream(key="secret")) as one:
        yield one


@pytest.fixture(autouse=True)
def piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("one\n\ntwo\n"))


def test_each_text_is_a_line_with_its_vector(fondaco: Fondaco, fake: FakeUpstream) -> None:
    server = ("--url", fake.base_url, "--key", "secret", "-m", "toy")
    given = fondaco("embed", "one", "two", "three", *server)
    assert given.code == 0, given.err
    vectors = [json.loads(line) for line in given.out.splitlines()]
    assert len(vectors) == 3
    assert all(isinstance(number, float) for vector in vectors for number in vector)
    lines = fondaco("embed", *server)
    assert [json.loads(line) for line in lines.out.splitlines()] == vectors[:2]
    rows = fondaco("embed", "one", "--json", *server).json
    assert rows == [{"text": "one", "embedding": vectors[0]}]
    assert fake.embedded[0].body["input"] == ["one", "two", "three"]


def test_many_texts_are_several_requests(fondaco: Fondaco, fake: FakeUpstream) -> None:
    texts = [f"text {number}" for number in range(130)]
    done = fondaco("embed", *texts, "--url", fake.base_url, "--key", "secret", "-m", "toy")
    assert len(done.out.splitlines()) == 130
    assert [len(one.body["input"]) for one in fake.embedded] == [64, 64, 2]


@pytest.mark.parametrize("reply", [[], {"data": []}, {"data": [7]}, {"data": None}])
def test_a_reply_of_another_shape_is_one_line(
    fondaco: Fondaco, fake: FakeUpstream, reply: object
) -> None:
    fake.embed_next.append(replying(reply))
    ended = fondaco("embed", "one", "--url", fake.base_url, "--key", "secret")
    assert ended.code == Exit.FAILED
    assert "a different number of vectors" in ended.err


def test_no_text_is_said(fondaco: Fondaco, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("\n"))
    assert "No text given" in fondaco("embed").err


def test_without_a_server_the_command_runs_the_model(fondaco: Fondaco, tmp_path: Path) -> None:
    if not model_file("all-MiniLM-L6-v2.int8.onnx").is_file():
        pytest.skip("the embedding model is not installed")
    rows = fondaco("embed", "one", "two", "--json").json
    assert isinstance(rows, list)
    assert [len(row["embedding"]) for row in rows] == [384, 384]
    shorter = fondaco("embed", "one", "-m", "nothing-so-called")
    assert shorter.code == Exit.UNKNOWN
    missing = fondaco("embed", "one", FONDACO_MODELS=str(tmp_path))
    assert missing.code == Exit.UNREACHABLE
    assert "fondaco models pull" in missing.err
