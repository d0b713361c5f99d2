"""`fondaco serve` as an operator meets it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli_program import Fondaco
from fondaco.cli.running.serve import _larger
from fondaco.configuration.loading import load
from fondaco.domain.models.model import Model
from fondaco.domain.money.price import TokenPrice
from guards.source import ROOT
from program import until

STOP_TIMEOUT_S = 60
NO_MODEL = {"FONDACO_EMBEDDED__ENABLED": "false"}


@contextmanager
def serving(fondaco: Fondaco, *program: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Run a server on a free port; its output can be read."""
    command = [sys.executable, *(program or ("-m", "fondaco")), "serve", "--port", "0"]
    with subprocess.Popen(
        command,
        env=fondaco.environ(**{"FONDACO_SERVER__DRAIN_DELAY_S": "0", **(environ or NO_MODEL)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            yield server
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(STOP_TIMEOUT_S)


def first_line(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    return server.stdout.readline()


def rest(server: subprocess.Popen[str]) -> str:
    """Stop the server and return what else it said."""
    server.send_signal(signal.SIGTERM)
    assert server.stdout is not None
    said = server.stdout.read()
    assert server.wait(STOP_TIMEOUT_S) == 0
    return said


def test_sigterm_fails_readiness_first_and_a_second_one_ends_at_once(fondaco: Fondaco) -> None:
    with serving(fondaco, FONDACO_SERVER__DRAIN_DELAY_S="600", **NO_MODEL) as server:
        url = first_line(server).removeprefix("Fondaco listens on ").strip()
        server.send_signal(signal.SIGTERM)
        until(lambda: b"SHUTTING_DOWN" in _asked(f"{url}/readyz"), within_s=20)
        assert b'"object":"list"' in _asked(f"{url}/api/v1/models")
        server.send_signal(signal.SIGTERM)
        assert server.wait(STOP_TIMEOUT_S) == 0


def _asked(url: str) -> bytes:
    """Ask on a new connection, and return the body of the reply."""
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310 (http, see above)
            return bytes(reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.read()


def test_the_first_start_says_address_key_and_a_line_to_paste(fondaco: Fondaco) -> None:
    with serving(fondaco) as server:
        url = first_line(server).removeprefix("Fondaco listens on ").strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        with urllib.request.urlopen(f"{url}/healthz", timeout=10) as reply:  # noqa: S310 (http, see above)
            assert reply.status == 200
        said = rest(server)
    [key] = set(re.findall(r"fondaco_a_\w+", said))
    assert f"curl {url}/api/v1/chat/completions -H 'Authorization: Bearer {key}'" in said
    assert f"OPENAI_BASE_URL={url}/api/v1 OPENAI_API_KEY={key}" in said
    assert json.loads(re.findall(r"-d '(.*)'", said)[0])["model"] == "default"
    assert "Also available: " in said
    assert "images by fondaco-painter, speech by " in said  # among those whose files are here


@pytest.mark.parametrize(("index", "path"), [("index.html", "docs/"), (None, "doc")])
def test_the_first_start_names_the_documentation_that_this_installation_has(
    fondaco: Fondaco, tmp_path: Path, index: str | None, path: str
) -> None:
    if index is not None:
        (tmp_path / index).write_text("<!doctype html><title>Documentation</title>", "utf-8")
    program = (
        "from pathlib import Path\n"
        "from fondaco.__main__ import main\n"
        "from fondaco.http.apis.operator import docs_site\n"
        f"docs_site.SITE = Path({str(tmp_path)!r})\n"
        "main()\n"
    )
    with serving(fondaco, "-c", program) as server:
        url = first_line(server).removeprefix("Fondaco listens on ").strip()
        assert b"<title>" in _asked(f"{url}/{path}")
        assert f"\nDocumentation: {url}/{path}\n" in rest(server)


def test_later_starts_say_the_address_and_a_link_to_log_in(fondaco: Fondaco) -> None:
    fondaco("keys", "create")
    with serving(fondaco) as server:
        url = first_line(server).removeprefix("Fondaco listens on ").strip()
        link = rf"  {re.escape(url)}/\?login=fondaco_l_\w{{43}}\n"
        said = "\nOpen the dashboard \\(the link works once, for 10 minutes\\):\n"
        assert re.fullmatch(said + link, rest(server))


def test_a_server_without_the_dashboard_prints_no_link(fondaco: Fondaco) -> None:
    fondaco("keys", "create")
    with serving(fondaco, FONDACO_DASHBOARD__ENABLED="false") as server:
        assert first_line(server).startswith("Fondaco listens on http://127.0.0.1:")
        assert rest(server) == ""


def test_a_default_model_that_cannot_be_fetched_keeps_no_server_from_starting(
    fondaco: Fondaco, tmp_path: Path
) -> None:
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    with serving(
        fondaco, FONDACO_MODELS=str(tmp_path), PIP_NO_INDEX="1", PIP_RETRIES="0", **nowhere
    ) as server:
        assert first_line(server).startswith("Fondaco listens on ")
        assert server.stderr is not None
        said = iter(server.stderr.readline, "")
        assert any("fondaco models pull smollm2-135m" in line for line in said)
        rest(server)


def test_a_second_server_on_a_home_exits_with_4_and_one_line(fondaco: Fondaco) -> None:
    with serving(fondaco) as server:
        first_line(server)
        second = fondaco.process("serve", "--port", "0", **NO_MODEL)
    assert (second.code, len(second.err.splitlines())) == (4, 1)
    assert str(server.pid) in second.err


def test_a_taken_port_exits_with_8_and_names_the_flag(fondaco: Fondaco) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = fondaco.process("serve", "--port", str(taken.getsockname()[1]), **NO_MODEL)
    assert (ended.code, len(ended.err.splitlines())) == (8, 1)
    assert "--port" in ended.err


def test_an_address_that_others_reach_needs_a_flag(fondaco: Fondaco) -> None:
    ended = fondaco.process("serve", "--port", "0", "--host", "0.0.0.0", **NO_MODEL)  # noqa: S104 (refused)
    assert (ended.code, len(ended.err.splitlines())) == (8, 1)
    assert "--allow-remote" in ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folder")
def test_a_home_that_cannot_be_made_exits_with_4_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = Fondaco(tmp_path / "file" / "home").process("serve", "--port", "0", **NO_MODEL)
    assert (ended.code, len(ended.err.splitlines())) == (4, 1)


def test_a_missing_secret_of_the_server_itself_exits_with_3_and_one_line(fondaco: Fondaco) -> None:
    ended = fondaco.process(
        "serve", "--port", "0", FONDACO_SERVER__METRICS_TOKEN="env:NOT_THERE_AT_ALL", **NO_MODEL
    )
    assert (ended.code, len(ended.err.splitlines())) == (3, 1)
    assert "env:NOT_THERE_AT_ALL" in ended.err


def test_a_model_that_nobody_knows_is_not_fetched(fondaco: Fondaco) -> None:
    ended = fondaco("serve", "--port", "0", "--pull", "nonesuch", **NO_MODEL)
    assert ended.code == 2
    assert "all-minilm-l6-v2" in ended.err


def test_make_serve_is_one_command_that_says_a_bad_setting_once() -> None:
    shown = subprocess.run(
        ["make", "-n", "serve"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert shown.stdout.count("bin/fondaco ") == 1


def test_the_log_is_as_its_flags_say(fondaco: Fondaco) -> None:
    command = [sys.executable, "-m", "fondaco", "serve", "--port", "0"]
    flags = ["--access-log", "--log-format", "json", "--log-level", "error"]
    with subprocess.Popen(
        [*command, *flags],
        env=fondaco.environ(FONDACO_SERVER__DRAIN_DELAY_S="0", **NO_MODEL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        url = first_line(server).removeprefix("Fondaco listens on ").strip()
        with urllib.request.urlopen(f"{url}/healthz", timeout=10) as reply:  # noqa: S310 (http, see above)
            request_id = reply.headers["cf-ray"]
        rest(server)
        assert server.stderr is not None
        [line] = [json.loads(line) for line in server.stderr if line.startswith("{")]
    assert line["event"] == "access"
    fields = line["fields"]
    assert (fields["route"], fields["status"]) == ("/healthz", 200)
    assert fields["request_id"] == request_id


@pytest.mark.parametrize(("flag", "value"), [("--log-level", "loud"), ("--log-format", "xml")])
def test_a_log_that_cannot_be_is_a_fault_of_the_command_line(
    fondaco: Fondaco, flag: str, value: str
) -> None:
    ended = fondaco.process("serve", "--port", "0", flag, value, **NO_MODEL)
    assert (ended.code, flag in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("default", "present", "expected"),
    [
        ("smollm2-135m", False, "(491 MB): fondaco models pull qwen2.5-coder-0.5b"),
        ("smollm2-135m", True, ""),
        ("qwen2.5-coder-0.5b", False, ""),
        ("of-their-own", False, ""),
    ],
)
def test_the_first_start_names_a_larger_model_where_one_can_be_pulled(
    default: str, *, present: bool, expected: str, tmp_path: Path
) -> None:
    settings = load({"home": str(tmp_path), "models_folder": str(tmp_path)}, environ={}).settings
    if present:
        (tmp_path / "Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf").touch()
    model = Model(id=default, name="", price=TokenPrice(input=0, output=0), context_tokens=64)
    sentence = _larger(settings, model)
    assert sentence.endswith(expected)
    assert bool(sentence) == bool(expected)
