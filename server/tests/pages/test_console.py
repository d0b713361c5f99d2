"""How the commands of a console block are read, and compared with what they print."""

import pytest

from pages.console import commands


@pytest.mark.parametrize(
    "command",
    [
        "curl \\\n  -f",
        "curl -d '{\n    1}'",
        "cat > f <<'END'\n{}\nEND",
        "cat <<END | wc\n$ no prompt\nEND",
    ],
)
def test_a_command_ends_where_its_shell_ends_it(command: str) -> None:
    first, second = commands(f"$ {command}\nsaid\n$ date\n")
    assert (first.text, first.output) == (command, "said\n")
    assert (second.text, second.output) == ("date", "")


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("", "anything"),
        ("ok  disk: 5 GB", "ok disk: 68.2 GB"),
        ("id: ...", "id: 4d09"),
        ("head\n...\nlast\n...", "head\nlast"),
        ("head\n...\nlast", "head\none\ntwo\nlast"),
    ],
)
def test_output_may_differ_in_numbers_spaces_and_what_the_page_leaves_out(
    shown: str, printed: str
) -> None:
    [command] = commands(f"$ date\n{shown}")
    assert command.prints(printed)


@pytest.mark.parametrize(
    ("shown", "printed"), [("ok", "bad"), ("ok", "ok\nmore"), ("a ... z", "a b")]
)
def test_output_of_other_words_is_found(shown: str, printed: str) -> None:
    [command] = commands(f"$ date\n{shown}\n")
    assert not command.prints(printed)


@pytest.mark.parametrize("output", ["fondaco: There is no account.", "ok  disk\nerror  home: open"])
def test_a_command_fails_where_the_page_shows_a_fault(output: str) -> None:
    [command] = commands(f"$ fondaco doctor\n{output}\n")
    assert command.fails


def test_lines_without_a_prompt_are_no_commands() -> None:
    with pytest.raises(AssertionError, match="without a prompt"):
        commands("date\n")
