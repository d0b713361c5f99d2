"""`fondaco video` and `fondaco jobs`."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("av", reason="the extra `video` is not installed")

from cli_program import Fondaco
from fake_upstream import in_thread, refusing
from fake_video_queue import COMPLETE, RETRIEVE, FakeVideoQueue
from fondaco.cli.media import video_job
from fondaco.domain.jobs import JobState, PaidJob, QueueLimits
from fondaco.domain.media.mp4_file import video_header
from fondaco.domain.money.money import Funds
from fondaco.domain.money.price import FREE
from fondaco.domain.money.usage import Usage
from fondaco.stores.sqlite.jobs.jobs import SqliteJobs
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from program import Program, program, until

AWAY = {"message": "Starting"}
SHORT = ("--seconds", "1", "--resolution", "480p", "--no-audio")
DURATIONS = "[models.fondaco-camera.video]\ndurations = [1]\n"


@pytest.fixture
def fondaco(tmp_path: Path) -> Fondaco:
    home = tmp_path / "home"
    home.mkdir()
    (home / "fondaco.toml").write_text(DURATIONS)
    return Fondaco(home)


def test_a_video_is_made_of_a_picture_without_a_server(fondaco: Fondaco, tmp_path: Path) -> None:
    picture, out = tmp_path / "still.png", tmp_path / "made.mp4"
    Image.effect_noise((320, 300), 60).save(picture)
    flags = ("--seconds", "1", "--resolution", "480p", "--no-audio", "--seed", "3")
    ended = fondaco("video", "Pan left", "-i", str(picture), "-o", str(out), *flags, "--json")
    assert ended.json == {
        "file": str(out),
        "model": "fondaco-camera",
        "width": 480,
        "height": 480,
        "seconds": 1,
        "seed": 3,
        "audio": False,
        "understood": True,
    }
    header = video_header(out.read_bytes())
    assert (header.width, header.height, header.seconds) == (480, 480, 1)
    again = fondaco("video", "Pan left", "-o", str(out))
    assert again.code == 1
    assert "--force" in again.err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("-o", "made.gif"), 2, ".mp4"),
        (("-o", "nowhere/made.mp4"), 1, "folder 'nowhere' does not exist"),
        (("--seconds", "7"), 1, "1s"),
        (("--model", "nothing"), 5, "fondaco models list"),
        (("--image", "/nowhere/at.png"), 1, "cannot be read"),
        (("--seconds", "1", "--aspect-ratio", "99:1"), 1, "16:9"),
    ],
)
def test_what_cannot_be_made_is_told(
    fondaco: Fondaco, arguments: tuple[str, ...], code: int, told: str
) -> None:
    ended = fondaco("video", "Pan", *arguments)
    assert ended.code == code, ended.err
    assert told in ended.err


@pytest.fixture(scope="module")
def filming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A server whose built-in camera makes short videos."""
    home = tmp_path_factory.mktemp("filming") / "home"
    home.mkdir()
    (home / "fondaco.toml").write_text(DURATIONS)
    with program(home) as one:
        yield one


@pytest.mark.parametrize("named", ["home", "flags", "environment"])
def test_the_server_makes_the_video_and_keeps_nothing(
    fondaco: Fondaco, filming: Program, tmp_path: Path, named: str
) -> None:
    url, out = f"{filming.url}/api/v1", tmp_path / "made.mp4"
    more, environ = {
        "home": (("--home", str(filming.home)), {}),
        "flags": (("--url", url, "--key", "env:MINE"), {"MINE": filming.api_key}),
        "environment": ((), {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": filming.api_key}),
    }[named]
    before = len(filming.charged())
    done = fondaco("video", "Pan left", "-o", str(out), *SHORT, *more, "--json", **environ)
    assert done.json == {
        "file": str(out),
        "model": "fondaco-camera",
        "width": 854,
        "height": 480,
        "seconds": 1,
        "seed": None,
        "audio": False,
        "understood": None,
    }
    assert done.err == ""
    assert video_header(out.read_bytes()).width == 854
    charged = filming.charged()[before:]
    assert len(charged) == 1, "the engine of the server made it, not the command"
    assert filming.http.get("/api/v1/video/jobs").json() == {"data": []}


def test_interrupted_it_says_that_the_server_goes_on_and_how_to_retrieve_the_video(
    fondaco: Fondaco, tmp_path: Path
) -> None:
    out, fake = tmp_path / "made.mp4", FakeVideoQueue(holds=True)
    with in_thread(fake):
        words = ("video", "Pan", "-o", str(out), *SHORT, "--aspect-ratio", "1:1")
        with subprocess.Popen(
            [sys.executable, "-m", "fondaco", *words, "--url", fake.base_url],
            env=fondaco.environ(),
            stderr=subprocess.PIPE,
            text=True,
        ) as run:
            until(lambda: fake.asked_at(RETRIEVE), within_s=60)
            run.send_signal(signal.SIGINT)
            _, told = run.communicate(timeout=60)
        assert run.returncode == 1
        assert not out.exists()
        assert told.startswith(
            "fondaco: Interrupted. The server goes on with the video and charges"
        )
        _, *typed = shlex.split(told.partition("Retrieve it with: ")[2])
        assert typed[:2] == ["jobs", "retrieve"]
        fake.holds = False
        retrieved = fondaco(*typed)
        assert retrieved.code == 0, retrieved.err
        assert retrieved.out == f"{out}: 1 s, 480 x 480, by default\n"
        assert len(fake.asked_at(COMPLETE)) == 1, "the server is told to delete its copy"


def test_a_video_that_was_queued_otherwise_is_retrieved(
    fondaco: Fondaco, filming: Program, tmp_path: Path
) -> None:
    wanted = {"model": "default", "prompt": "Zoom in", "duration": "1s", "resolution": "480p"}
    queued = filming.http.post("/api/v1/video/queue", json=wanted).json()
    out = tmp_path / "made.mp4"
    words = ("jobs", "retrieve", queued["model"], queued["queue_id"], "-o", str(out))
    told = fondaco(*words, "--home", str(filming.home))
    assert told.out == f"{out}: 1 s, 854 x 480, by fondaco-camera\n", told.err
    again = fondaco(*words, "--force", "--home", str(filming.home))
    assert again.code == 5, "the server keeps no copy"


def test_what_a_server_refuses_is_one_line(
    fondaco: Fondaco, filming: Program, tmp_path: Path
) -> None:
    server = ("-o", str(tmp_path / "made.mp4"), "--home", str(filming.home))
    long = fondaco("video", "Pan", "--seconds", "7", *server)
    assert (long.code, long.err.count("\n")) == (1, 1)
    assert "1s" in long.err
    assert fondaco("video", "Pan", "--model", "nothing", *SHORT, *server).code == 5
    seeded = fondaco("video", "Pan", "--seed", "3", *SHORT, *server)
    assert seeded.code == 2
    assert "has no seeds" in seeded.err
    nobody = fondaco("video", "Pan", *SHORT, "--url", "http://127.0.0.1:9")
    assert nobody.code == 6


def test_a_server_that_is_away_for_a_moment_is_looked_at_again(
    fondaco: Fondaco, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(video_job, "_SOONEST_S", 0.0)
    out = tmp_path / "made.mp4"
    fake = FakeVideoQueue()
    with in_thread(fake):
        more = ("--aspect-ratio", "16:9", *SHORT, "--url", fake.base_url)
        fake.script(RETRIEVE, refusing(503, AWAY), refusing(429, AWAY))
        done = fondaco("video", "Pan", "-o", str(out), *more)
        assert done.code == 0, done.err
        fake.script(RETRIEVE, *[refusing(503, AWAY)] * 6)
        ended = fondaco("video", "Pan", "-o", str(out), "--force", *more)
    assert ended.code == 6
    assert (
        "Starting. If the server still has the video, retrieve it with: fondaco jobs" in ended.err
    )
    assert f"--url {fake.base_url}" in ended.err


def test_retrieving_needs_a_server(fondaco: Fondaco) -> None:
    ended = fondaco("jobs", "retrieve", "fondaco-camera", "1d822de5-0c3b-4247-8f78-fbb2824c65d4")
    assert ended.code == 11
    assert "fondaco serve" in ended.err


async def test_jobs_are_listed_without_content(fondaco: Fondaco) -> None:
    assert fondaco("accounts", "create", "one").code == 0
    assert fondaco("jobs", "list").out.strip() == "No jobs."
    job = PaidJob(
        id="ab" * 16,
        digest=b"d" * 32,
        public_key=b"k" * 32,
        account_id=4,
        key_id="cd" * 16,
        model="fondaco-camera",
        held=Funds(usd=2_000_000),
        charge=FREE,
        usage=Usage(seconds=5),
        made_at=1_800_000_000.0,
    )
    async with SqliteJournal.opened(fondaco.home / "fondaco.sqlite3") as journal:
        await SqliteJobs(journal).add(job, b"sealed", QueueLimits(9, 9))
    [listed] = json.loads(fondaco("jobs", "list", "--json").out)
    assert listed == {
        "id": "ab" * 16,
        "account": "one",
        "model": "fondaco-camera",
        "state": JobState.QUEUED.value,
        "progress": "0%",
        "attempts": 0,
        "heldUsd": "0.002",
        "madeAt": "2027-01-15T08:00:00Z",
        "startedAt": None,
        "endedAt": None,
        "failure": None,
    }
    assert "queued" in fondaco("jobs", "list").out
