"""Downloads, configuration and status at the edge: what operators get, and nobody else."""

import os
import threading
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from fondaco.app.adding.downloads import ModelDownloads
from fondaco.configuration.masking import ShownSetting, masked
from fondaco.domain.errors import EngineUnavailableError
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.modelfiles import KNOWN, ModelFolder
from house import ACCOUNT, PEPPER, House, house

DOWNLOADS, STATUS = "/api/v1/operator/downloads", "/api/v1/operator/status"
CONFIGURATION = "/api/v1/operator/configuration"
LICENSED = next(name for name, model in KNOWN.items() if model.licence is not None)


async def test_a_server_inside_another_program_downloads_nothing(tmp_path: Path) -> None:
    downloads = ModelDownloads(ModelFolder(tmp_path), ("smollm2-135m", LICENSED))
    async with house(downloads=downloads) as one:
        listed = (await one.client.get(DOWNLOADS)).json()["data"]
        states = {row["model"]: row["state"] for row in listed}
        assert states["smollm2-135m"] == "available"
        assert LICENSED not in states
        reply = await one.client.post(DOWNLOADS, json={"model": "smollm2-135m"})
        assert reply.status_code == 400
        assert "fondaco models pull smollm2-135m" in reply.text


async def test_a_licence_is_agreed_to_on_the_server_alone(tmp_path: Path) -> None:
    downloads = ModelDownloads(ModelFolder(tmp_path), (LICENSED,))
    downloads.running = True
    async with house(downloads=downloads) as one:
        reply = await one.client.post(DOWNLOADS, json={"model": LICENSED})
        assert reply.status_code == 400
        assert f"fondaco models add {LICENSED}" in reply.text


async def test_a_download_that_runs_by_now_is_not_queued_again(tmp_path: Path) -> None:
    looked, may_go_on = threading.Event(), threading.Event()

    class SlowOnce(ModelFolder):
        def paths(self, name: str) -> tuple[Path, ...]:
            if not looked.is_set():
                looked.set()
                may_go_on.wait()
            return super().paths(name)

    downloads = ModelDownloads(SlowOnce(tmp_path), ("smollm2-135m",))
    downloads.running = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(downloads.begin, "smollm2-135m")
        await to_thread.run_sync(looked.wait)
        await downloads.begin("smollm2-135m")
        await downloads.next()
        may_go_on.set()
    [state] = [one.state for one in await downloads.all() if one.model == "smollm2-135m"]
    assert state == "running"


async def test_a_download_is_queued_once_and_tells_its_progress(tmp_path: Path) -> None:
    downloads = ModelDownloads(ModelFolder(tmp_path), ("smollm2-135m",))
    downloads.running = True
    async with house(downloads=downloads) as one:
        for _ in range(3):
            reply = await one.client.post(DOWNLOADS, json={"model": "smollm2-135m"})
            assert (reply.status_code, reply.json()["state"]) == (202, "queued")
        fetch, told = await downloads.next()
        told(5, 20)
        reply = await one.client.post(DOWNLOADS, json={"model": "smollm2-135m"})
        assert reply.json() == {
            "model": "smollm2-135m",
            "state": "running",
            "bytes": 5,
            "totalBytes": 20,
            "error": None,
        }
        downloads.ended(fetch.model, "Could not fetch https://ada:pass@index/file: no route.")
        row = next(
            row
            for row in (await one.client.get(DOWNLOADS)).json()["data"]
            if row["model"] == "smollm2-135m"
        )
        assert row["state"] == "failed"
        assert row["error"] == "Could not fetch https://index/file: no route."
        reply = await one.client.post(DOWNLOADS, json={"model": "smollm2-135m"})
        assert (reply.json()["state"], reply.json()["error"]) == ("queued", None)
        await downloads.next()
        assert not downloads._queue


async def test_the_status_says_why_the_server_is_not_ready() -> None:
    async with house() as one:
        status = (await one.client.get(STATUS)).json()
        assert (status["ready"], status["reason"], status["url"]) == (True, None, None)
        assert status["pid"] == os.getpid()
        one.platform.readiness._until = 0.0
        one.platform.readiness._fault = EngineUnavailableError("It is gone.")
        status = (await one.client.get(STATUS)).json()
        assert (status["ready"], status["reason"]) == (False, "It is gone.")
        one.platform.leaving = True
        assert (await one.client.get(STATUS)).json()["reason"] == "The server is shutting down."


async def test_rates_are_those_of_the_last_minute() -> None:
    async with house() as one:
        assert (await one.client.get(STATUS)).json()["callsPerMinute"] == 0
        await one.chat()
        status = (await one.client.get(STATUS)).json()
        assert status["callsPerMinute"] > 0
        assert status["tokensPerSecond"] > 0
        assert status["charges"]["today"]["calls"] == 1
        for _ in range(12):
            one.platform.activity.sample()
        assert (await one.client.get(STATUS)).json()["callsPerMinute"] == 0


async def test_values_of_all_types_are_shown() -> None:
    async with house() as one:
        one.platform.configuration = (
            ShownSetting("home", Path("/tmp/home"), "default"),  # noqa: S108  # only its text counts
            ShownSetting("server.hosts", ["a", "b"], "env A"),
            ShownSetting("server.token", None, "default"),
        )
        assert (await one.client.get(CONFIGURATION)).json()["data"] == [
            {"setting": "home", "value": "/tmp/home", "origin": "default"},  # noqa: S108
            {"setting": "server.hosts", "value": ["a", "b"], "origin": "env A"},
            {"setting": "server.token", "value": None, "origin": "default"},
        ]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("engines", "a", "key"), "env:KEY", "env:KEY"),
        (("engines", "a", "key"), "file:/run/key", "file:/run/key"),
        (("engines", "a", "key"), "sk-123", "***"),
        (("engines", "a", "base_url"), "https://ada:pass@host/v1", "https://host/v1"),
        (("engines", "a", "base_url"), "https://host/v1?key=1#x", "https://host/v1?***"),
        (("server", "allowed_hosts"), ("a", "http://u:p@b"), ["a", "http://b"]),
        (("server", "port"), 8000, 8000),
        (("chat", "system_prompt"), "Is it so? Yes.", "Is it so? Yes."),
    ],
)
def test_secrets_are_masked_wherever_they_stand(
    path: tuple[str, ...], value: object, expected: object
) -> None:
    assert masked(path, value) == expected


@pytest.mark.parametrize("caller", ["inference", "tenant", "nobody"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", DOWNLOADS), ("POST", DOWNLOADS), ("GET", STATUS), ("GET", CONFIGURATION)],
)
async def test_only_operators_may_ask(shared: House, caller: str, method: str, path: str) -> None:
    secret = f"fondaco_server_{caller}"
    if caller != "nobody":
        is_own = caller == "inference"
        account = Account(ACCOUNT if is_own else 80, "tests" if is_own else caller)
        type_ = KeyType.INFERENCE if is_own else KeyType.ADMIN
        shared.journal.add_account(account.id)
        key_id = digest(b"", secret)[:16].hex()
        key = Key(key_id, account.id, type_, "", secret[-6:], created_at=0.0)
        shared.keys.put(account, digest(PEPPER, secret), key)
    reply = await shared.client.request(
        method,
        path,
        json={"model": "smollm2-135m"} if method == "POST" else None,
        headers={"Authorization": f"Bearer {secret}" if caller != "nobody" else ""},
    )
    assert reply.status_code == (401 if caller == "nobody" else 403)
