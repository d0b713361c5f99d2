"""`fondaco chat` for programs: arguments, pipes, exit codes, and servers that answer strangely."""

import json
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from cli_program import Fondaco
from fake_upstream import (
    FakeUpstream,
    Script,
    cut_after,
    in_thread,
    raw,
    refusing,
    replying,
    saying,
)
from fondaco.cli.chat.arguments import asked_by
from fondaco.cli.exits import Exit
from pictures import png

HOSTILE = "a\x1b[2J\x1b]0;title\x07\x9b31m\u202eb\r\x08c"


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with in_thread(FakeUpstream(key="secret")) as one:
        yield one


@pytest.fixture(autouse=True)
def nothing_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(""))


def content(text: str) -> dict[str, object]:
    return {"model": "toy", "choices": [{"delta": {"content": text}}]}


END = {"choices": [{"delta": {}, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("words", "model", "piped", "meant"),
    [
        ([], None, "", (None, "")),
        (["qwen"], None, "", ("qwen", "")),
        (["Why so blue?"], None, "", (None, "Why so blue?")),
        (["qwen", "Hi"], None, "", ("qwen", "Hi")),
        (["Hi"], "qwen", "", ("qwen", "Hi")),
        ([], "qwen", "a text", ("qwen", "a text")),
        ([], None, "a text", (None, "a text")),
        (["Sum it up"], None, "a text", (None, "Sum it up\n\na text")),
        (["qwen", "Sum"], None, "a text", ("qwen", "Sum\n\na text")),
    ],
)
def test_arguments_name_the_model_and_the_prompt(
    words: list[str], model: str | None, piped: str, meant: tuple[str | None, str]
) -> None:
    asked = asked_by(words, model, piped)
    assert (asked.model, asked.prompt) == meant
    assert not asked.is_guess


def test_one_word_beside_a_pipe_is_the_prompt_where_no_model_has_this_name(
    fondaco: Fondaco, fake: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("a text"))
    named = asked_by(["summarise"], None, "a text")
    assert (named.model, named.is_guess) == ("summarise", True)
    fake.model = "default"
    done = fondaco("chat", "summarise", "--url", fake.base_url, "--key", "secret")
    assert done.code == 0, done.err
    [asked] = fake.asked
    assert asked.body["messages"] == [{"role": "user", "content": "summarise\n\na text"}]


def test_an_answer_is_all_that_is_on_stdout(fondaco: Fondaco, fake: FakeUpstream) -> None:
    done = fondaco("chat", "toy", "Count!", "--url", fake.base_url, "--key", "secret")
    assert done.code == 0, done.err
    assert len(done.out.split()) > 20
    assert done.out.count("\n") == 1
    assert "24 tokens" in done.err
    assert not fondaco("chat", "toy", "Hi", "-q", "--url", fake.base_url, "--key", "secret").err
    told = fondaco("chat", "toy", "Hi", "--json", "--url", fake.base_url, "--key", "secret").json
    assert isinstance(told, dict)
    assert (told["model"], told["finishReason"], told["outputTokens"]) == ("toy", "length", 24)


def test_options_are_those_of_the_api(fondaco: Fondaco, fake: FakeUpstream, tmp_path: Path) -> None:
    schema, image = tmp_path / "schema.json", tmp_path / "image.png"
    schema.write_text('{"type": "object"}')
    image.write_bytes(png(2, 2))
    options = [
        *("-s", "Be brief.", "--temperature", "0", "--top-p", "0.5", "--max-tokens", "9"),
        *("--seed", "7", "--reasoning", "none", "--web", "on", "--character", "pirate"),
        *("--json-schema", str(schema), "--image", str(image), "--image", str(image)),
    ]
    done = fondaco("chat", "toy", "Hi", *options, "--url", fake.base_url, "--key", "secret")
    assert done.code == 0, done.err
    body = fake.asked[0].body
    system, user = body.pop("messages")
    assert system == {"role": "system", "content": "Be brief."}
    text, *images = user["content"]
    assert text == {"type": "text", "text": "Hi"}
    assert [one["image_url"]["url"][:22] for one in images] == ["data:image/png;base64,"] * 2
    assert body == {
        "model": "toy",
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.0,
        "top_p": 0.5,
        "max_completion_tokens": 9,
        "seed": 7,
        "reasoning_effort": "none",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object"}},
        },
        "venice_parameters": {
            "enable_web_search": "on",
            "include_search_results_in_stream": True,
            "character_slug": "pirate",
        },
    }


@pytest.mark.parametrize(
    "names", [("VENICE_BASE_URL", "VENICE_API_KEY"), ("OPENAI_BASE_URL", "OPENAI_API_KEY")]
)
def test_the_environment_names_the_server(
    fondaco: Fondaco, fake: FakeUpstream, names: tuple[str, str]
) -> None:
    url, key = names
    others = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_API_KEY": "other"}
    done = fondaco("chat", "toy", "Hi", **{**others, url: fake.base_url, key: "secret"})
    assert done.code == 0, done.err
    assert len(fake.asked) == 1


def test_a_key_goes_to_the_url_that_it_was_given_with_and_to_no_other(
    fondaco: Fondaco, fake: FakeUpstream
) -> None:
    environ = {"OPENAI_API_KEY": "secret", "VENICE_API_KEY": "secret"}
    refused = fondaco("chat", "toy", "Hi", "--url", fake.base_url, **environ)
    assert refused.code == Exit.KEY
    read = fondaco("chat", "toy", "Hi", "--url", fake.base_url, "--key", "env:MINE", MINE="secret")
    assert read.code == 0, read.err
    alone = fondaco("chat", "toy", "Hi", "--key", "secret")
    assert alone.code == Exit.USAGE
    assert "--key needs --url" in alone.err


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        (refusing(401, {"message": "Invalid API Key"}), Exit.KEY, "Invalid API Key."),
        (refusing(402, {"message": "No funds"}), Exit.FUNDS, "fondaco balance grant"),
        (refusing(429, {"message": "Too many"}, retry_after_s=7), Exit.LIMITED, "again in 7 s"),
        (refusing(503, {"message": "Busy"}), Exit.UNREACHABLE, "Busy."),
        (refusing(500, "Oops"), Exit.FAILED, "Oops."),
        (raw(b"HTTP/1.1 418 X\r\nContent-Length: 4\r\n\r\n<a/>"), Exit.FAILED, "status 418"),
        (raw(b"nonsense\r\n\r\n", then="close"), Exit.UNREACHABLE, "closed before"),
        (cut_after(0), Exit.UNREACHABLE, "closed before"),
        (replying([]), Exit.UNREACHABLE, "before the answer was complete"),
        (saying("{nonsense"), Exit.FAILED, "not a chat completion"),
        (saying("<html>", done=False), Exit.FAILED, "not a chat completion"),
        (saying({"error": {"message": "It broke"}}), Exit.UNREACHABLE, "It broke."),
        (saying(content("a"), done=False), Exit.UNREACHABLE, "before the answer was complete"),
    ],
)
def test_what_goes_wrong_is_one_line_and_an_exit_code(
    fondaco: Fondaco, fake: FakeUpstream, script: Script, code: Exit, says: str
) -> None:
    fake.next(script)
    ended = fondaco("chat", "toy", "Hi", "--url", fake.base_url, "--key", "secret")
    assert ended.code == code, ended.err
    assert says in ended.err
    [line] = ended.err.splitlines()
    assert line.startswith("fondaco: ")


def test_a_name_that_no_model_has_is_answered_with_the_nearest(
    fondaco: Fondaco, fake: FakeUpstream
) -> None:
    ended = fondaco("chat", "tow", "Hi", "--url", fake.base_url, "--key", "secret")
    assert ended.code == Exit.UNKNOWN
    assert "Unknown model 'tow'" in ended.err


def test_nobody_at_the_address_is_said(fondaco: Fondaco) -> None:
    ended = fondaco("chat", "toy", "Hi", "--url", "http://127.0.0.1:9")
    assert ended.code == Exit.UNREACHABLE
    assert "No server answers at http://127.0.0.1:9/api/v1" in ended.err
    assert "refused" in ended.err


@pytest.mark.parametrize(
    "url", ["gpu:8000", "ftp://gpu", "http://", "http://a:b@gpu", "http://[", ""]
)
def test_a_url_that_is_none_is_a_slip_of_the_command_line(fondaco: Fondaco, url: str) -> None:
    ended = fondaco("chat", "toy", "Hi", "--url", url)
    assert ended.code == Exit.USAGE
    assert "Traceback" not in ended.err


def test_an_answer_that_breaks_off_is_kept_as_far_as_it_came(
    fondaco: Fondaco, fake: FakeUpstream
) -> None:
    fake.next(cut_after(3))
    ended = fondaco("chat", "toy", "Hi", "--url", fake.base_url, "--key", "secret")
    assert ended.code == Exit.UNREACHABLE
    assert len(ended.out.split()) == 3
    assert ended.out.endswith("\n")


def test_control_characters_of_an_answer_reach_no_terminal(
    fondaco: Fondaco, fake: FakeUpstream
) -> None:
    thought = {"choices": [{"delta": {"reasoning_content": HOSTILE}}]}
    said = {**content(HOSTILE), "model": HOSTILE}
    fake.next(saying(thought, said, END), saying(thought, said, END))
    arguments = ("chat", "toy", "Hi", "--url", fake.base_url, "--key", "secret")
    piped, shown = fondaco(*arguments), fondaco.on_terminal(40, *arguments, TERM="dumb")
    assert piped.out == "a[2J]0;title31mbc\n"
    for text in (piped.out, piped.err, shown.out, shown.err):
        assert all(sign.isprintable() or sign == "\n" for sign in text), repr(text)
    assert shown.out.startswith("[reasoning]\na[2J]0;title31mbc\n")


def test_deltas_of_any_shape_are_survived(fondaco: Fondaco, fake: FakeUpstream) -> None:
    odd = [
        *([], 7, "null", {"choices": None}, {"choices": [None]}, {"choices": [{"delta": []}]}),
        *({"choices": [{"delta": {"content": 7}}]}, {"usage": {"prompt_tokens": "many"}}),
        *({"venice_parameters": {"web_search_citations": [7, {"url": 7}]}}, {"model": 7}),
    ]
    fake.next(saying(*map(json.dumps, odd), content("fine"), END))
    done = fondaco("chat", "toy", "Hi", "--url", fake.base_url, "--key", "secret")
    assert (done.code, done.out) == (0, "fine\n"), done.err


def test_a_whole_body_in_place_of_a_stream_is_an_answer_too(
    fondaco: Fondaco, fake: FakeUpstream
) -> None:
    choice = {"message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}
    fake.next(replying({"model": "toy", "choices": [choice]}))
    done = fondaco("chat", "toy", "Hi", "--url", fake.base_url, "--key", "secret")
    assert (done.code, done.out) == (0, "fine\n"), done.err


def test_a_reader_that_leaves_early_is_no_error(fondaco: Fondaco, fake: FakeUpstream) -> None:
    fake.next(saying(*(content(f"line {number}\n") for number in range(20_000)), END))
    program = f"{sys.executable} -m fondaco chat toy Hi -q --url {fake.base_url} --key secret"
    ended = subprocess.run(
        ["sh", "-c", f"{program} </dev/null | head -1"],
        env=fondaco.environ(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("line 0\n", "")


def test_nowhere_to_type_and_nothing_to_ask_is_said(fondaco: Fondaco) -> None:
    ended = fondaco("chat")
    assert ended.code == 1
    assert "needs a terminal" in ended.err
    assert fondaco("chat", "--json").code == Exit.USAGE
    assert fondaco("chat", "one", "two", "three").code == Exit.USAGE


@pytest.mark.parametrize(
    "wrong",
    [
        ("--image", "no picture", "not a PNG, JPEG"),
        ("--json-schema", "{", "not valid JSON"),
        ("--json-schema", "[]", "expected a JSON object"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_before_anything_is_asked(
    fondaco: Fondaco, fake: FakeUpstream, tmp_path: Path, wrong: tuple[str, str, str]
) -> None:
    option, text, says = wrong
    file = tmp_path / "file"
    file.write_text(text)
    for name, said in ((file, says), (tmp_path / "none", "cannot be read")):
        ended = fondaco("chat", "toy", "Hi", option, str(name), "--url", fake.base_url)
        assert ended.code == 1
        assert said in ended.err
    assert not fake.asked


def test_piped_bytes_that_are_no_text_are_refused(fondaco: Fondaco) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "fondaco", "chat", "toy", "Hi"],
        input=b"text \xff\xfe",
        env=fondaco.environ(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert b"not UTF-8 text (byte 5)" in ended.stderr
