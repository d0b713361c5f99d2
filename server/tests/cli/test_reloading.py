"""SIGHUP to the real program: a new configuration for new calls, the old one for those under way."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import pytest

import toy_replies
from cli_program import Fondaco
from fake_engines import serving_engine, vllm
from fake_upstream import Asked, FakeUpstream, Wire, in_thread
from gguf_files import chat_model, written
from program import until

WAIT_S = 60
CHAT = "/api/v1/chat/completions"
ORIGIN = {"Origin": "https://app.example.com"}


def model(name: str, engine: FakeUpstream, *, key: str = "", **more: object) -> str:
    """Return the tables of a model and of the engine that runs it."""
    lines = "".join(f"{k} = {v}\n" for k, v in more.items())
    return (
        f'[engines.{name}-engine]\nbase_url = "{engine.base_url}"\nkey = "{key}"\n'
        f'models = {{ {name} = "toy" }}\n'
        f'[models.{name}]\nname = "{name}"\ncontext_tokens = 4096\nengines = ["{name}-engine"]\n'
        f"price = {{ input = 1, output = 1 }}\n{lines}"
    )


@dataclass
class Running:
    """A server, its file and a client with its key."""

    process: subprocess.Popen[str]
    file: Path
    log: Path
    http: httpx2.Client

    def reload(self, text: str) -> None:
        """Write the file, at once, since the last reload may be reading it, and tell the server."""
        draft = self.file.with_suffix(".draft")
        draft.write_text(text)
        draft.replace(self.file)
        self.process.send_signal(signal.SIGHUP)

    def said(self, words: str, *, times: int = 1) -> None:
        """Wait until the log says something."""
        until(lambda: self.log.read_text().count(words) >= times, within_s=WAIT_S)

    def chat(self, name: str, **fields: object) -> httpx2.Response:
        body = {"model": name, "messages": [{"role": "user", "content": "Count!"}], **fields}
        return self.http.post(CHAT, json=body)

    def connections_to(self, port: int) -> int:
        """Return how many connections the server has open to a port of loopback."""
        sockets = set(_links(Path(f"/proc/{self.process.pid}/fd")))
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        far = f"0100007F:{port:04X}"
        return sum(row[2] == far and f"socket:[{row[9]}]" in sockets for row in rows)


def _links(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            yield str(entry.readlink())


@pytest.fixture
def first() -> Iterator[FakeUpstream]:
    with in_thread(FakeUpstream()) as fake:
        yield fake


@pytest.fixture
def second() -> Iterator[FakeUpstream]:
    with in_thread(FakeUpstream(key="new-secret")) as fake:
        yield fake


@contextmanager
def serving(fondaco: Fondaco, text: str, log: Path) -> Iterator[Running]:
    fondaco.home.mkdir()
    file = fondaco.home / "fondaco.toml"
    file.write_text(text)
    command = [sys.executable, "-m", "fondaco", "serve", "--port", "0"]
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            command,
            env=fondaco.environ(
                FONDACO_EMBEDDED__ENABLED="false", FONDACO_SERVER__DRAIN_DELAY_S="0"
            ),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            url = process.stdout.readline().removeprefix("Fondaco listens on ").strip()
            key = next(k for line in process.stdout if (k := re.findall(r"fondaco_a_\w+", line)))
            headers = {"Authorization": f"Bearer {key[0]}"}
            with httpx2.Client(base_url=url, headers=headers, timeout=WAIT_S) as http:
                yield Running(process, file, log, http)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S) == 0


def gated(begun: threading.Event, go_on: threading.Event) -> Any:
    """Return a script that stops in the middle of its answer until it is told to go on."""

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        role, word, *rest = toy_replies.events(wire.dialect, asked.body)
        await wire.event(role)
        await wire.event(word)  # with which the server begins its own reply
        begun.set()
        await anyio.to_thread.run_sync(go_on.wait, WAIT_S)
        for event in rest:
            await wire.event(event)
        await wire.event("[DONE]")
        await wire.end()
        return True

    return script


def test_a_new_configuration_answers_new_calls(
    fondaco: Fondaco, tmp_path: Path, first: FakeUpstream, second: FakeUpstream
) -> None:
    old = model("one", first, traits='["default"]')
    with serving(fondaco, old, tmp_path / "log") as server:
        assert server.chat("one").json()["model"] == "one"
        assert server.chat("two").status_code == 404
        assert (
            "access-control-allow-origin" not in server.http.get("/healthz", headers=ORIGIN).headers
        )

        (tmp_path / "key").write_text("new-secret\n")
        server.reload(
            model("two", second, key=f"file:{tmp_path / 'key'}", traits='["default"]')
            + '[aliases]\n"gpt-9" = "two"\n[chat]\nsystem_prompt = "Be brief."\n'
            + '[server]\ncors_origins = ["https://app.example.com"]\n'
            + "[tiers.paid.limits.small]\nrequests_per_minute = 7\n"
        )
        server.said("configuration: reloaded")
        assert server.chat("gpt-9").json()["model"] == "two"
        assert server.chat("default").json()["model"] == "two"
        assert second.asked[-1].body["messages"][0]["content"] == "Be brief."
        assert server.chat("one").status_code == 404
        reply = server.http.get("/api/v1/models", headers=ORIGIN)
        assert [entry["id"] for entry in reply.json()["data"]] == ["two"]
        assert reply.headers["access-control-allow-origin"] == "https://app.example.com"
        assert server.chat("two").headers["x-ratelimit-limit-requests"] == "7"


def test_a_call_under_way_ends_on_the_engine_that_it_began_with(
    fondaco: Fondaco, tmp_path: Path, first: FakeUpstream, second: FakeUpstream
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    with serving(fondaco, model("one", first), tmp_path / "log") as server:
        whole = server.chat("one", stream=True).text
        first.next(gated(begun, go_on))
        body = {"model": "one", "messages": [{"role": "user", "content": "Count!"}], "stream": True}
        with server.http.stream("POST", CHAT, json=body) as stream:
            assert begun.wait(WAIT_S)
            second.key = ""
            server.reload(model("two", second))
            server.said("configuration: reloaded")
            assert server.chat("two").json()["model"] == "two"
            assert server.connections_to(first.port) > 0
            go_on.set()
            rest = stream.read().decode()
        assert words(rest) == words(whole)
        assert rest.rstrip().endswith("data: [DONE]")
        until(lambda: server.connections_to(first.port) == 0, within_s=WAIT_S)
        assert server.connections_to(second.port) > 0


def words(events: str) -> list[str]:
    return re.findall(r'"content":("[^"]*")', events)


BAD = {
    "[server\n": "is not TOML",
    '[aliases]\nnew = "nothing"\n': "aliases.new names 'nothing'",
    '[server]\nmetrics_token = "env:NOT_THERE_AT_ALL"\n': "server.metrics_token",
    "[tiers.paid]\ncharged = 7\n": "tiers.paid.charged",
}


def test_a_bad_configuration_changes_nothing_and_says_why(
    fondaco: Fondaco, tmp_path: Path, first: FakeUpstream
) -> None:
    old = model("one", first)
    with serving(fondaco, old, tmp_path / "log") as server:
        for number, (text, reason) in enumerate(BAD.items(), start=1):
            server.reload(f"{text}{old}")
            server.said("configuration: refused, the old one stays", times=number)
            assert reason in server.log.read_text()
            assert server.chat("one").json()["model"] == "one"
        assert server.log.read_text().count("configuration_refused reason=invalid") == len(BAD)
        [count] = re.findall(
            r'kind="configuration_refused".* (\S+)', server.http.get("/metrics").text
        )
        assert float(count) == len(BAD)
        server.reload(old + '[aliases]\nnew = "one"\n')
        server.said("configuration: reloaded")
        assert server.chat("new").json()["model"] == "one"


def test_an_engine_whose_key_is_missing_is_unavailable_and_stops_nothing(
    fondaco: Fondaco, tmp_path: Path, first: FakeUpstream, second: FakeUpstream
) -> None:
    secret = tmp_path / "key"
    text = model("one", first) + model("two", second, key=f"file:{secret}")
    with serving(fondaco, text, tmp_path / "log") as server:
        assert "two-engine' is unavailable" in server.log.read_text()
        assert server.chat("one").status_code == 200
        refused = server.chat("two")
        assert refused.status_code == 503
        assert "No key is set" in refused.json()["error"]
        server.said("engine_unreachable reason=KeyMissingError engine=two-engine")
        assert second.connections == 0
        secret.write_text("new-secret")
        server.reload(text)
        server.said("configuration: reloaded")
        assert server.chat("two").status_code == 200


def test_a_command_has_the_running_server_load_what_it_changed(
    fondaco: Fondaco, tmp_path: Path, first: FakeUpstream
) -> None:
    weights = written(tmp_path / "tiny.gguf", chat_model())
    with (
        serving_engine(vllm(new=1024)) as engine,
        serving(fondaco, model("one", first), tmp_path / "log") as server,
    ):
        loaded = f"The running server (pid {server.process.pid}) has reloaded its configuration.\n"
        assert server.chat("new").status_code == 404
        added = fondaco("engines", "add", engine.url, "--json")
        assert added.json
        assert added.err.endswith(loaded)
        assert server.chat("new").status_code != 404
        removed = fondaco("engines", "remove", "vllm")
        assert (removed.code, removed.err) == (0, loaded)
        assert server.chat("new").status_code == 404
        environ = {"FONDACO_MODELS": str(tmp_path / "models")}
        for command in (("add", str(weights), "--name", "tiny"), ("remove", "tiny")):
            ended = fondaco("models", *command, **environ)
            assert ended.code == 0
            assert ended.err.endswith(loaded)
        pulled = fondaco("models", "pull", str(weights), **environ)
        assert pulled.err.endswith(loaded)


def test_reload_says_whether_the_server_has_taken_the_configuration(
    fondaco: Fondaco, tmp_path: Path, first: FakeUpstream
) -> None:
    text = model("one", first)
    nobody = fondaco("reload")
    assert (nobody.code, len(nobody.err.splitlines())) == (1, 1)
    assert "No server runs on the home folder" in nobody.err
    with serving(fondaco, text, tmp_path / "log") as server:
        for number in range(3):
            server.file.write_text(f'{text}[aliases]\n"a{number}" = "one"\n')
            told = fondaco("reload")
            assert told.code == 0
            assert (
                told.out
                == f"The running server (pid {server.process.pid}) has reloaded its configuration.\n"
            )
            assert server.chat(f"a{number}").status_code == 200
        server.file.write_text('[aliases]\nnew = "nothing"\n')
        # The command reads the folder of the home alone, as a file that only the server refuses would be.
        refused = fondaco("reload", "--config", os.devnull)
        assert (refused.code, len(refused.err.splitlines())) == (3, 1)
        assert "rejected the configuration" in refused.err
        assert server.chat("a2").status_code == 200
    assert fondaco("reload", "--config", os.devnull).code == 1


def test_what_needs_a_restart_is_named_and_kept(
    fondaco: Fondaco, tmp_path: Path, first: FakeUpstream
) -> None:
    with serving(fondaco, model("one", first), tmp_path / "log") as server:
        server.reload(model("one", first) + "[server]\nidle_timeout_s = 1\n[embedded]\nslots = 2\n")
        server.said("configuration: reloaded")
        said = server.log.read_text()
        for name in ("server.idle_timeout_s", "embedded.slots"):
            assert f"configuration: {name} needs a restart to change; the old value stays" in said
        assert "server.port" not in said, "a flag still counts"
        told = fondaco("reload")
        assert told.code == 0
        assert (
            "has reloaded its configuration. Restart it to apply the changes in [embedded], [server];"
            in told.out
        )
        server.file.write_text(model("one", first))
        assert "Restart" not in fondaco("reload").out
        assert server.chat("one").status_code == 200


def test_a_reload_changes_which_accounts_are_operators(fondaco: Fondaco, tmp_path: Path) -> None:
    with serving(fondaco, "", tmp_path / "log") as running:

        def is_operator() -> object:
            return running.http.get("/dashboard/session").json()["operator"]

        assert is_operator() is True
        running.reload('[server]\noperators = ["ops"]\n')
        running.said("configuration: reloaded")
        assert is_operator() is False
        assert "needs a restart" not in running.log.read_text()


def test_many_reloads_in_a_row_lose_no_call(
    fondaco: Fondaco, tmp_path: Path, first: FakeUpstream
) -> None:
    text = model("one", first)
    with serving(fondaco, text, tmp_path / "log") as server:
        for number in range(5):
            server.reload(f'{text}[aliases]\n"a{number}" = "one"\n')
            for _ in range(3):
                assert server.chat("one").status_code == 200
        check: Callable[[], bool] = lambda: server.chat("a4").status_code == 200  # noqa: E731
        until(check, within_s=WAIT_S)
        # Those of the last configuration alone: a chat's, and one on which the engine is looked after.
        until(lambda: server.connections_to(first.port) <= 2, within_s=WAIT_S)


def test_models_that_no_engine_answers_for_are_listed_as_offline(
    fondaco: Fondaco, tmp_path: Path, first: FakeUpstream, second: FakeUpstream
) -> None:
    text = model("one", first) + model("two", second).replace(str(second.port), "9")
    with serving(fondaco, text, tmp_path / "log") as server:

        def offline() -> dict[str, bool]:
            entries = server.http.get("/api/v1/models").json()["data"]
            return {entry["id"]: entry["model_spec"]["offline"] for entry in entries}

        until(lambda: offline() == {"one": False, "two": True}, within_s=WAIT_S)
        server.said("engine_unreachable reason=ConnectFailedError engine=two-engine")
        assert server.chat("two").status_code == 503
        second.key = ""
        server.reload(model("one", first) + model("two", second))
        until(lambda: offline() == {"one": False, "two": False}, within_s=WAIT_S)


def test_config_check_says_which_engines_answer(
    fondaco: Fondaco, first: FakeUpstream, second: FakeUpstream
) -> None:
    fondaco.home.mkdir()
    file = fondaco.home / "fondaco.toml"
    file.write_text(model("one", first))
    checked = fondaco.process("config", "check", "--connect")
    assert checked.code == 0, checked.err
    assert "The engine 'one-engine' answers." in checked.out
    file.write_text(model("one", first) + model("two", second).replace(str(second.port), "9"))
    assert fondaco("config", "check").code == 0, "it is asked of the configuration alone"
    checked = fondaco.process("config", "check", "--connect")
    assert (checked.code, len(checked.err.splitlines())) == (6, 1)
    assert (
        "The engine 'two-engine' cannot be used. The model's engine cannot be reached."
        in checked.out
    )
    assert "these engines failed: two-engine" in checked.err


def test_a_server_whose_terminal_is_closed_ends_in_peace(fondaco: Fondaco) -> None:
    ours, its = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "fondaco", "serve", "--port", "0"],
        env=fondaco.environ(FONDACO_EMBEDDED__ENABLED="false", FONDACO_SERVER__DRAIN_DELAY_S="0"),
        stdout=subprocess.PIPE,
        stderr=its,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Fondaco listens on ")
            os.close(its)
            os.close(ours)
            process.send_signal(signal.SIGHUP)
            assert process.wait(WAIT_S) == 0
        finally:
            process.kill()
