"""`fondaco video` and `fondaco jobs`."""

import json
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("av", reason="the extra `video` is not installed")

from cli_program import Fondaco
from fondaco.domain.jobs import JobState, PaidJob, QueueLimits
from fondaco.domain.media.mp4_file import video_header
from fondaco.domain.money.money import Funds
from fondaco.domain.money.price import FREE
from fondaco.domain.money.usage import Usage
from fondaco.stores.sqlite.jobs.jobs import SqliteJobs
from fondaco.stores.sqlite.ledger.journal import SqliteJournal

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
