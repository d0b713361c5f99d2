"""`fondaco chat` as a person has it: keys, an answer that is stopped, windows that change their size, no colour."""

import json
from pathlib import Path

import pytest

from fake_upstream import FakeUpstream, in_thread, refusing
from fondaco.cli.exits import Exit
from pictures import png
from program import Program
from slow_words import saying_slowly
from terminal import Terminal, fondaco_on_terminal, terminal

PROMPT = ">>> "
WORDS = [f"word{number} " for number in range(120)]
STYLE = "\x1b["


def leave(window: Terminal) -> None:
    """Press Ctrl-D at the prompt, which ends the chat; before it is there, the key is lost."""
    window.until(lambda screen: screen.rstrip().rpartition("\n")[2].startswith(PROMPT.rstrip()))
    window.type("", "C-d")
    assert window.ended() == 0


def test_a_chat_with_a_server_answers_counts_and_ends(
    environ_of_server: dict[str, str], served: Program, tmp_path: Path
) -> None:
    command = fondaco_on_terminal("chat", "smollm2-135m", "--max-tokens", "8", "--temperature", "0")
    with terminal(command, environ_of_server) as window:
        window.until(lambda screen: PROMPT in screen)
        assert f"at {served.url}/api/v1" in window.screen
        window.type("Say hello.", "Enter")
        window.until("8 tokens")
        assert "$0.0" in window.screen, "the charge stands under the answer"
        window.type("/usage", "Enter")
        window.until("1 answer,")
        window.type(f"/save {tmp_path / 'chat.json'}", "Enter")
        window.until("Saved:")
        window.type("/retry", "Enter")
        window.until(lambda screen: screen.count("8 tokens") == 2)
        window.type("/mdoel", "Enter")
        window.until("Did you mean /model?")
        window.type("/model qwen9", "Enter")
        window.until("Unknown model 'qwen9'")
        window.type("/clear", "Enter")
        window.until("Conversation cleared")
        leave(window)
    saved = json.loads((tmp_path / "chat.json").read_text())
    assert [one["role"] for one in saved["messages"]] == ["user", "assistant"]


def test_the_server_of_the_home_needs_no_key(environ: dict[str, str], served: Program) -> None:
    command = fondaco_on_terminal("chat", "--max-tokens", "4", "--home", str(served.home))
    with terminal(command, environ) as window:
        window.until(PROMPT)
        assert f"at {served.url}/api/v1" in window.screen
        window.type("Hi", "Enter")
        window.until("4 tokens")
        assert "$0.0" in window.screen
        window.type("/exit", "Enter")
        assert window.ended() == 0


def test_a_chat_does_not_begin_with_a_name_that_no_model_has(
    environ_of_server: dict[str, str],
) -> None:
    with terminal(fondaco_on_terminal("chat", "hi"), environ_of_server) as window:
        assert window.ended() == Exit.UNKNOWN
        assert "Unknown model 'hi'" in window.screen
        assert PROMPT not in window.screen


def test_without_a_server_the_command_runs_the_model_itself(environ: dict[str, str]) -> None:
    with terminal(fondaco_on_terminal("chat", "--max-tokens", "4"), environ) as window:
        window.until(PROMPT)
        assert "No server runs on this home" in window.screen
        window.type("Hi", "Enter")
        window.until("no charge")
        window.type("/exit", "Enter")
        assert window.ended() == 0


def test_an_interrupt_stops_the_answer_and_keeps_the_chat(environ: dict[str, str]) -> None:
    with in_thread(FakeUpstream()) as fake:
        fake.next(saying_slowly(WORDS, gate=5))
        command = fondaco_on_terminal("chat", "toy", "--url", fake.base_url)
        with terminal(command, environ) as window:
            window.until(PROMPT)
            window.type("Count!", "Enter")
            window.until("word3")
            window.type("", "C-c")
            window.until("Stopped.")
            window.type("Go on.", "Enter")
            window.until("24 tokens")
            assert fake.asked[0].hung_up, "the server stops, too"
            told = fake.asked[1].body["messages"]
            assert [one["role"] for one in told] == ["user", "assistant", "user"]
            assert told[1]["content"].startswith("word0 word1 "), "what was said stays said"
            window.type("half a question", "C-c")
            window.until(lambda screen: not screen.rstrip().endswith("half a question"))
            window.type("", "C-c")
            window.until("Type /exit or press Ctrl-D to exit.")
            leave(window)


def test_a_request_that_fails_loses_no_answer_and_no_image(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "dot.png").write_bytes(png(2, 2))
    with in_thread(FakeUpstream()) as fake:
        command = fondaco_on_terminal("chat", "toy", "--url", fake.base_url)
        with terminal(command, environ) as window:
            window.until(PROMPT)
            window.type(f"/image {tmp_path / 'dot.png'}", "Enter")
            window.until("will be sent with your next message")
            fake.next(refusing(503, {"message": "Busy"}))
            window.type("First?", "Enter")
            window.until("Busy.")
            fake.next(saying_slowly(WORDS[:4]))
            window.type("Second?", "Enter")
            window.until("4 tokens")
            fake.next(refusing(503, {"message": "Busy again"}))
            window.type("/retry", "Enter")
            window.until("Busy again.")
            fake.next(saying_slowly(WORDS[:5]))
            window.type("Third?", "Enter")
            window.until("5 tokens")
            leave(window)
    second, third = fake.asked[1].body["messages"], fake.asked[-1].body["messages"]
    assert [part["type"] for part in second[0]["content"]] == ["text", "image_url"]
    assert third[0] == second[0]
    assert [one["role"] for one in third] == ["user", "assistant", "user"]
    assert third[-1]["content"] == "Third?"


@pytest.mark.parametrize("sizes", [[(40, 12)], [(120, 30), (30, 10), (80, 24)]])
def test_a_window_that_changes_its_size_loses_no_word(
    environ: dict[str, str], sizes: list[tuple[int, int]]
) -> None:
    with in_thread(FakeUpstream()) as fake:
        fake.next(saying_slowly(WORDS))
        command = fondaco_on_terminal("chat", "toy", "--url", fake.base_url)
        with terminal(command, environ) as window:
            window.until(PROMPT)
            window.type("Count!", "Enter")
            for number, (columns, rows) in enumerate(sizes, 1):
                window.until(f"word{20 * number}")
                window.resize(columns, rows)
            screen = window.until("120 tokens")
            said = screen[screen.index("word0") :].split()
            assert said[: len(WORDS)] == [word.strip() for word in WORDS]
            assert all(len(row) <= sizes[-1][0] for row in window.rows)
            leave(window)


def test_keys_pressed_during_an_answer_are_the_next_question(environ: dict[str, str]) -> None:
    with in_thread(FakeUpstream()) as fake:
        fake.next(saying_slowly(WORDS[:40]))
        command = fondaco_on_terminal("chat", "toy", "--url", fake.base_url)
        with terminal(command, environ) as window:
            window.until(PROMPT)
            window.type("Count!", "Enter")
            window.until("word5")
            window.type("And next?", "Enter")
            screen = window.until("24 tokens")
            answer = screen[screen.index("word0") : screen.index("40 tokens")]
            assert "And next?" not in answer
            assert fake.asked[1].body["messages"][-1]["content"] == "And next?"


def test_a_pasted_text_of_many_lines_is_one_question(environ: dict[str, str]) -> None:
    with in_thread(FakeUpstream()) as fake:
        command = fondaco_on_terminal("chat", "toy", "--url", fake.base_url)
        with terminal(command, environ) as window:
            window.until(PROMPT)
            window.paste("one\ntwo\n\tthree")
            window.until("... ")
            assert not fake.asked, "pasted line breaks send nothing"
            window.type("", "Enter")
            window.until("24 tokens")
            content = fake.asked[0].body["messages"][-1]["content"]
            assert content.split() == ["one", "two", "three"]
            assert content.count("\n") == 2


def test_tab_completes_commands_and_models(environ_of_server: dict[str, str]) -> None:
    with terminal(fondaco_on_terminal("chat", "default"), environ_of_server) as window:
        window.until(PROMPT)
        window.type("/mo", "Tab")
        window.until("/model")
        window.type(" smol", "Tab")
        window.until("/model smollm2-")
        window.type("", "C-c")
        leave(window)


MARKED = ["# Title\n", "Some **bo", "ld** and `co", "de` words.\n", "- item\n", "```\n**x**\n```\n"]


def test_markdown_is_styled_on_a_terminal(environ: dict[str, str]) -> None:
    with in_thread(FakeUpstream()) as fake:
        fake.next(saying_slowly(MARKED))
        with terminal(
            fondaco_on_terminal("chat", "toy", "Mark!", "--url", fake.base_url), environ
        ) as window:
            assert window.ended() == 0
            screen = window.screen
            assert "Title\nSome bold and code words.\n• item\n```\n**x**\n```" in screen
            assert STYLE in window.styled


@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colour_an_answer_is_as_it_came(
    environ: dict[str, str], plain: dict[str, str]
) -> None:
    with in_thread(FakeUpstream()) as fake:
        fake.next(saying_slowly(MARKED))
        command = fondaco_on_terminal("chat", "toy", "Mark!", "--url", fake.base_url)
        with terminal(command, {**environ, **plain}) as window:
            assert window.ended() == 0
            assert "".join(MARKED).strip() in window.screen
            assert STYLE not in window.styled.partition("Pane is dead")[0]
