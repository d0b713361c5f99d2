"""`fondaco init`, `service` and `completion`: what is there before the first start."""

import os
import pty
import pwd
import re
import select
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli_program import Fondaco
from fondaco.cli.setup import service
from fondaco.cli.setup.unit import ServerUnit, quoted
from fondaco.configuration import load
from fondaco.stores.server_lock import Reloads, ServerLock, locked

OTHER = next(one.pw_name for one in pwd.getpwall() if one.pw_uid != os.geteuid())
"""A user who does not run the tests."""
INSTALLED = Path(sys.executable).with_name("fondaco")


def test_init_without_a_terminal_writes_a_file_that_is_sound(fondaco: Fondaco, home: Path) -> None:
    assert fondaco("init").code == 0
    assert (home / "fondaco.toml").stat().st_mode & 0o777 == 0o600
    checked = fondaco("config", "check")
    assert (checked.code, checked.err) == (0, "")
    text = (home / "fondaco.toml").read_text()
    uncommented = re.sub(r"^# (?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)
    (home / "fondaco.toml").write_text(uncommented)  # the examples, too, name settings that exist
    assert fondaco("config", "check").code == 0


def test_init_beside_a_running_server_keeps_its_port(fondaco: Fondaco, home: Path) -> None:
    home.mkdir()
    descriptor = locked(home)
    try:
        ServerLock(descriptor, Reloads.YES).says_url("http://127.0.0.1:8123")
        done = fondaco("init")
    finally:
        os.close(descriptor)
    assert "port = 8123\n" in (home / "fondaco.toml").read_text()
    assert done.out.endswith("Next: fondaco reload\n")


def test_init_keeps_a_file_that_is_there(fondaco: Fondaco, home: Path) -> None:
    home.mkdir()
    (home / "fondaco.toml").write_text("# mine\n")
    for arguments in ((), ("--yes",)):
        refused = fondaco("init", *arguments)
        assert (refused.code, "--force" in refused.err) == (1, True)
        assert (home / "fondaco.toml").read_text() == "# mine\n"
    assert fondaco("init", "--force").code == 0
    assert "[server]" in (home / "fondaco.toml").read_text()
    assert [one.name for one in home.iterdir()] == ["fondaco.toml"]


def answered(fondaco: Fondaco, *answers: str) -> tuple[int, str]:
    """Run `fondaco init` on a terminal, answer one question after the other; return code and screen."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fondaco", "init"]
    shown = b""
    with subprocess.Popen(
        command, env=fondaco.environ(), stdin=theirs, stdout=theirs, stderr=theirs
    ) as running:
        os.close(theirs)
        waiting = list(answers)
        try:
            while select.select([ours], [], [], 60)[0]:
                shown += os.read(ours, 65_536)
                if waiting and shown.rstrip(b"\r\n ").endswith((b":", b"]", b"?")):
                    os.write(ours, f"{waiting.pop(0)}\n".encode())
                    shown += b"\n"
        except OSError:  # the terminal was closed
            pass
        finally:
            os.close(ours)
        return running.wait(60), shown.decode()


def test_init_asks_three_questions_and_again_where_an_answer_cannot_be(
    fondaco: Fondaco, home: Path
) -> None:
    code, shown = answered(
        fondaco, "eighty", "8123", "ai.example.com", "ollama", "http://127.0.0.1:11434/v1"
    )
    assert code == 0, shown
    text = (home / "fondaco.toml").read_text()
    assert "port = 8123" in text
    assert 'allowed_hosts = ["ai.example.com"]' in text
    assert 'base_url = "http://127.0.0.1:11434/v1"' in text
    assert fondaco("config", "check").code == 0
    code, shown = answered(fondaco, "n")
    assert (code, "Nothing was changed" in shown) == (1, True)
    assert (home / "fondaco.toml").read_text() == text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("kind", ["--user", "--system"])
def test_systemd_accepts_the_unit(fondaco: Fondaco, tmp_path: Path, kind: str) -> None:
    odd = Fondaco(tmp_path / 'a "b" 100% $HOME \\ é')
    printed = odd("service", "install", "--print", kind, "--config", str(tmp_path / "c d.toml"))
    assert printed.code == 3  # there is no such configuration
    printed = odd("service", "install", "--print", kind)
    assert printed.code == 0
    unit = tmp_path / "fondaco.service"
    unit.write_text(printed.out)
    manager = ["--user"] if kind == "--user" else []
    verified = subprocess.run(
        ["systemd-analyze", *manager, "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        env={**fondaco.environ(), "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert str(unit.name) not in verified.stderr, verified.stderr
    assert not odd.home.exists()


def test_a_unit_names_this_installation_and_its_folders(tmp_path: Path) -> None:
    one = ServerUnit(tmp_path / "h", tmp_path / "m", tmp_path / "c.toml", "nobody")
    lines = one.unit.splitlines()
    assert f"ExecStart={INSTALLED} serve --config {tmp_path}/c.toml" in lines
    assert f"ExecReload={INSTALLED} reload --config {tmp_path}/c.toml" in lines
    assert f"Environment=FONDACO_HOME={tmp_path}/h" in lines
    assert f"ReadWritePaths={tmp_path}/h {tmp_path}/m" in lines
    assert {"User=nobody", "ProtectSystem=strict", "NoNewPrivileges=yes"} <= set(lines)
    own = ServerUnit(tmp_path / "h", tmp_path / "m", None, None).unit
    assert "User=" not in own
    assert "ProtectSystem" not in own
    assert "NoNewPrivileges=yes" in own


def test_a_service_of_another_user_gets_folders_that_it_may_use(tmp_path: Path) -> None:
    own = load(environ={"HOME": str(tmp_path)})
    assert service._folders(own, None)[0] == own.settings.home
    assert service._folders(own, pwd.getpwuid(os.geteuid()).pw_name)[0] == own.settings.home
    of_machine = (Path("/var/lib/fondaco"), Path("/var/cache/fondaco/models"))
    assert service._folders(own, OTHER) == of_machine
    chosen = load(environ={"HOME": str(tmp_path), "FONDACO_HOME": "/srv/fondaco"})
    assert service._folders(chosen, OTHER) == (Path("/srv/fondaco"), of_machine[1])


def test_words_of_a_unit_are_quoted() -> None:
    assert quoted('a "b"\\') == '"a \\"b\\"\\\\"'
    assert quoted("50% of $x") == '"50%% of $$x"'
    assert quoted("X=$y", variables=False) == '"X=$y"'
    assert quoted("a\nb\tc\x7f") == '"a\\x0ab\\x09c\\x7f"'


def test_without_systemd_nothing_is_written(
    fondaco: Fondaco, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_RUNNING", tmp_path / "none")
    refused = fondaco("service", "install", "--user", XDG_CONFIG_HOME=str(tmp_path))
    assert (refused.code, "systemd is not running" in refused.err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_service_is_installed_shown_and_uninstalled(
    fondaco: Fondaco, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools, told = tmp_path / "bin", tmp_path / "told"
    tools.mkdir()
    (tools / "systemctl").write_text(
        f'#!/bin/sh\necho "$@" >>{shlex.quote(str(told))}\n'
        'case "$*" in *is-active*) echo active;; *is-enabled*) echo enabled;; esac\n'
    )
    (tools / "systemctl").chmod(0o755)
    monkeypatch.setattr(service, "_RUNNING", tmp_path)
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "PATH": f"{tools}:/usr/bin:/bin"}
    unit = tmp_path / "systemd" / "user" / "fondaco.service"
    assert fondaco("service", "status", "--user", **environ).code == 1
    installed = fondaco("service", "install", "--user", **environ)
    assert installed.code == 0, installed.err
    assert f"Written: {unit}" in installed.out
    assert home.is_dir()
    shown = fondaco("service", "status", "--user", "--json", **environ).json
    assert isinstance(shown, dict)
    assert (shown["installed"], shown["startsAtBoot"], shown["state"]) == (True, True, "active")
    assert fondaco("service", "uninstall", "--user", **environ).code == 0
    assert not unit.exists()
    assert home.is_dir()
    assert fondaco("service", "uninstall", "--user", **environ).code == 5
    asked = [line for line in told.read_text().splitlines() if " is-" not in line]
    assert asked == [
        "--user daemon-reload",
        "--user enable fondaco.service",
        "--user restart fondaco.service",
        "--user disable --now fondaco.service",
        "--user daemon-reload",
    ]


def test_what_systemctl_refuses_is_said(
    fondaco: Fondaco, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "systemctl").write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setattr(service, "_RUNNING", tmp_path)
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    refused = fondaco("service", "install", "--user", **environ)
    assert (refused.code, "Failed to connect to bus" in refused.err) == (1, True)


COMPLETE = """
source <({program} completion bash)
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_fondaco_completion fondaco
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(fondaco: Fondaco, *words: str) -> set[str]:
    """Return what bash offers after a line, whose last word is begun."""
    script = COMPLETE.format(
        program=INSTALLED, words=" ".join(map(shlex.quote, ("fondaco", *words)))
    )
    path = f"{INSTALLED.parent}:/usr/bin:/bin"
    ended = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=fondaco.environ(PATH=path),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert ended.stderr == ""
    return set(ended.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_options_and_names(fondaco: Fondaco, home: Path) -> None:
    assert {"serve", "service"} <= completed(fondaco, "serv")
    assert completed(fondaco, "ledger", "ver") == {"verify"}
    assert completed(fondaco, "backup", "--fo") == {"--force"}
    assert completed(fondaco, "models", "show", "smol") == {"smollm2-135m"}
    assert completed(fondaco, "accounts", "show", "") == set()  # nothing is made for a completion
    assert not home.exists()
    assert fondaco("accounts", "create", "ada").code == 0
    assert completed(fondaco, "accounts", "show", "a") == {"ada"}
    assert completed(fondaco, "keys", "create", "--account", "") == {"ada"}
    (home / "fondaco.toml").write_text("[engines.vllm]\nbase_url = 'http://127.0.0.1:9/v1'\n")
    assert completed(fondaco, "engines", "test", "v") == {"vllm"}
    (home / "fondaco.toml").write_text("no TOML")
    assert completed(fondaco, "engines", "test", "v") == set()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts_for_other_shells_are_accepted_by_them(fondaco: Fondaco, shell: str) -> None:
    script = fondaco("completion", shell)
    assert (script.code, "_FONDACO_COMPLETE" in script.out) == (0, True)
    if (program := shutil.which(shell)) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([program, "-n"], input=script.out, text=True, check=True)


def test_an_unknown_shell_is_refused(fondaco: Fondaco) -> None:
    assert fondaco("completion", "tcsh").code == 2
