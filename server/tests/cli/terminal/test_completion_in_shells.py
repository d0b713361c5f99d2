"""Completion as bash, zsh and fish do it: keys pressed in a real shell, set up as the documentation says."""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli_program import Fondaco
from terminal import Terminal, terminal

PROMPT = "ready> "
BASH = f"PS1='{PROMPT}'\nsource <(fondaco completion bash)\n"
ZSH = f"PS1='{PROMPT}'\nfpath=(~/.zfunc $fpath)\nautoload -Uz compinit\ncompinit -u -D\n"
FISH = f"function fish_prompt\n  echo -n '{PROMPT}'\nend\nset -g fish_greeting\n"


def bash(home: Path, _script: str) -> list[str]:
    (home / "bashrc").write_text(BASH)
    return ["bash", "--noprofile", "--rcfile", str(home / "bashrc"), "-i"]


def zsh(home: Path, script: str) -> list[str]:
    (home / ".zfunc").mkdir()
    (home / ".zfunc/_fondaco").write_text(script)
    (home / ".zshrc").write_text(ZSH)
    return ["zsh", "-i"]


def fish(home: Path, script: str) -> list[str]:
    completions = home / ".config/fish/completions"
    completions.mkdir(parents=True)
    (completions / "fondaco.fish").write_text(script)
    (home / ".config/fish/config.fish").write_text(FISH)
    return ["fish", "-i"]


SHELLS: Mapping[str, Callable[[Path, str], list[str]]] = {"bash": bash, "zsh": zsh, "fish": fish}


@contextmanager
def shell(name: str, fondaco: Fondaco, home: Path, **more: str) -> Iterator[Terminal]:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    home.mkdir()
    command = SHELLS[name](home, fondaco("completion", name).out)
    folders = {"HOME": home, "ZDOTDIR": home, "XDG_CONFIG_HOME": home / ".config"}
    environ = fondaco.environ(**{key: str(folder) for key, folder in folders.items()}, **more)
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    with terminal(command, environ) as window:
        window.until(lambda screen: screen.rstrip().endswith(PROMPT.rstrip()))
        yield window


@pytest.mark.parametrize("name", SHELLS)
def test_a_tab_completes_commands_options_and_names(
    fondaco: Fondaco, tmp_path: Path, name: str
) -> None:
    assert fondaco("accounts", "create", "friends").code == 0
    with shell(name, fondaco, tmp_path / "person") as window:
        window.type("fondaco mod", "Tab")
        window.until(f"{PROMPT}fondaco models")
        window.type("", "C-u")
        window.type("fondaco keys create --acc", "Tab")
        window.until("--account")
        window.type("", "C-u")
        window.type("fondaco accounts show fri", "Tab")
        window.until(f"{PROMPT}fondaco accounts show friends")


@pytest.mark.parametrize("name", SHELLS)
def test_a_tab_after_pull_completes_what_can_be_pulled(
    fondaco: Fondaco, tmp_path: Path, name: str
) -> None:
    with shell(name, fondaco, tmp_path / "person", FONDACO_MODELS=str(tmp_path)) as window:
        window.type("fondaco models pull qwen2.5-c", "Tab")
        window.until(f"{PROMPT}fondaco models pull qwen2.5-coder-0.5b")
