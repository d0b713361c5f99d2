"""The operator's API of the real program: engines, downloads, configuration, status."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli_program import Fondaco
from compat.test_missing_models import VECTORS, offline
from fondaco import __version__
from fondaco.modelfiles.known import KNOWN
from package_index import wheels
from program import MODEL, MODEL_FILE, Program, model_file, program, until


def shown(one: Program, path: str) -> Any:
    reply = one.http.get(f"/api/v1/operator/{path}")
    assert reply.status_code == 200, reply.text
    return reply.json()


def downloads(one: Program) -> dict[str, Any]:
    return {row["model"]: row for row in shown(one, "downloads")["data"]}


def fetch(one: Program, model: str) -> httpx2.Response:
    return one.http.post("/api/v1/operator/downloads", json={"model": model})


def test_a_loaded_engine_and_its_calls_are_seen(tmp_path: Path) -> None:
    with program(tmp_path / "home") as one:
        asked = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}
        assert one.http.post("/api/v1/chat/completions", json=asked).status_code == 200
        engines = {engine["id"]: engine for engine in shown(one, "engines")["data"]}
        embedded = engines["embedded"]
        assert (embedded["state"], embedded["reason"], embedded["isLocal"]) == (
            "loaded",
            None,
            True,
        )
        assert embedded["memoryBytes"] > 50_000_000
        assert embedded["slots"] >= 1
        [process] = [one for one in embedded["processes"] if one["model"] == MODEL]
        assert process["memoryBytes"] == embedded["memoryBytes"]
        others = {one["state"] for one in embedded["processes"] if one["model"] != MODEL}
        assert others <= {"missing", "stopped"}
        assert engines["painter"]["state"] == "stopped"

        status = shown(one, "status")
        assert (status["version"], status["pid"]) == (__version__, one.process.pid)
        assert status["url"] == one.url
        assert (status["ready"], status["reason"]) == (True, None)
        assert status["callsRunning"] == 0
        assert status["callsPerMinute"] > 0
        assert status["tokensPerSecond"] > 0
        assert status["memoryBytes"] > 20_000_000
        charged = shown(one, "status")["charges"]["today"]
        usage = one.http.get("/api/v1/billing/usage/summary?groupBy=").json()["data"][0]
        assert charged == {name: usage[name] for name in ("usd", "diem", "calls")}
        assert charged["calls"] == 1


def test_the_configuration_tells_origins_and_no_secret(tmp_path: Path) -> None:
    environ = {
        "FONDACO_SERVER__METRICS_TOKEN": "env:TOKEN_OF_TESTS",
        "TOKEN_OF_TESTS": "a-secret-of-tests",
        "FONDACO_LIMITS__FAILURES": "33",
    }
    with program(tmp_path / "home", environ=environ) as one:
        reply = one.http.get("/api/v1/operator/configuration")
        rows = {row["setting"]: row for row in reply.json()["data"]}
        assert rows["limits.failures"] == {
            "setting": "limits.failures",
            "value": 33,
            "origin": "env FONDACO_LIMITS__FAILURES",
        }
        assert rows["server.port"]["origin"] == "flag --port"
        assert rows["server.metrics_token"]["value"] == "env:TOKEN_OF_TESTS"
        assert rows[f"models.{MODEL}.price.input"]["origin"] == "default"
        assert "a-secret-of-tests" not in reply.text
        known = Fondaco(one.home)("config", "show", "--json", "--origin").json
        assert isinstance(known, dict)
        assert known.keys() == rows.keys()
        (one.home / "fondaco.toml").write_text(
            "[chat]\nsystem_prompt = 'Be brief.'\n[server]\nping_interval_s = 3\n"
        )
        assert Fondaco(one.home)("reload").code == 0
        rows = {row["setting"]: row for row in shown(one, "configuration")["data"]}
        assert rows["chat.system_prompt"]["value"] == "Be brief."
        assert rows["chat.system_prompt"]["origin"].startswith("file ")
        assert rows["server.ping_interval_s"] == {
            "setting": "server.ping_interval_s",
            "value": 15.0,
            "origin": "default",
        }


def test_a_model_is_downloaded_by_name_and_serves_without_a_restart(tmp_path: Path) -> None:
    """The first try fails, as nothing carries the files yet; it says why, and the second one succeeds."""
    if not all(model_file(file.file).is_file() for file in KNOWN[VECTORS].files):
        pytest.skip(f"the embedding model is not installed: run `fondaco models pull {VECTORS}`")
    links, folder = tmp_path / "links", tmp_path / "models"
    for made in (links, folder):
        made.mkdir()
    (folder / MODEL_FILE).symlink_to(model_file())
    environ = {
        "FONDACO_MODELS": str(folder),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(links),
    }
    with program(tmp_path / "home", environ=environ) as one:
        before = downloads(one)
        assert before[MODEL]["state"] == "completed"
        assert (before[VECTORS]["state"], before[VECTORS]["bytes"]) == ("available", 0)
        assert before[VECTORS]["totalBytes"] > 10_000_000
        for unknown in ("nonesuch", "https://127.0.0.1/model.gguf", "../fondaco.toml"):
            assert fetch(one, unknown).status_code == 404
        assert fetch(one, MODEL).json()["state"] == "completed"

        begun = fetch(one, VECTORS)
        assert begun.status_code == 202
        assert begun.json()["state"] in ("queued", "running")
        until(lambda: downloads(one)[VECTORS]["state"] == "failed", within_s=120)
        assert VECTORS in offline(one, "embedding")
        assert downloads(one)[VECTORS]["error"]

        wheels(links, VECTORS)
        assert fetch(one, VECTORS).json()["error"] is None
        assert fetch(one, VECTORS).status_code == 202
        until(lambda: downloads(one)[VECTORS]["state"] == "completed", within_s=120)
        reply = one.http.post("/v1/embeddings", json={"model": VECTORS, "input": "Hi"})
        assert reply.status_code == 200
        assert VECTORS not in offline(one, "embedding")
