"""Videos by the real program and camera: kill -9 at any moment, and what lies on disk meanwhile."""

import io
import json
import random
import secrets
import signal
import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

pytest.importorskip("av", reason="the extra `video` is not installed")

from cli_program import Fondaco
from compat.test_no_content import files_below, forms, holds
from fondaco.domain.media.mp4_file import video_header
from program import Program, program, until

MODEL = "fondaco-camera"
CONFIGURATION = """
[models.fondaco-camera.video]
durations = [1]

[video]
queue = 1_000
account_queue = 1_000

[tiers.paid.limits.image]
requests_per_minute = 1_000_000
requests_per_day = 1_000_000
"""
QUICK = {"FONDACO_EMBEDDED__ENABLED": "false", "FONDACO_EMBEDDINGS__ENABLED": "false"}
A_SECOND = 2_000_000
"""Nano-dollars of a second at 480p, as the catalogue has it."""
WORD = "kanarie" + secrets.token_hex(6)


@dataclass
class Orders:
    """What was ordered, and what came of it."""

    queued: list[str] = field(default_factory=list)
    """Queue ids that were returned."""
    delivered: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    """Those that were killed in each of their three tries."""


def still() -> str:
    """Return a picture that says the word, as a data URL."""
    texts = PngInfo()
    texts.add_text("Comment", WORD)
    out = io.BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(out, "PNG", pnginfo=texts)
    return f"data:image/png;base64,{b64encode(out.getvalue()).decode()}"


def asked(**fields: object) -> dict[str, object]:
    return {
        "model": MODEL,
        "prompt": f"Pan over the {WORD}",
        "duration": "1s",
        "resolution": "480p",
        "aspect_ratio": "1:1",
        "audio": False,
        "image_url": still(),
        **fields,
    }


def order(one: Program, orders: Orders, **fields: object) -> None:
    reply = one.http.post("/api/v1/video/queue", json=asked(**fields))
    assert reply.status_code == 200, reply.text
    orders.queued.append(reply.json()["queue_id"])


def retrieve(one: Program, queue_id: str, **fields: object) -> httpx2.Response:
    body = {"model": MODEL, "queue_id": queue_id, **fields}
    return one.http.post("/api/v1/video/retrieve", json=body)


def collect(one: Program, orders: Orders) -> None:
    """Fetch each video that is left, and have it deleted."""
    for queue_id in orders.queued:
        if queue_id in orders.delivered:
            continue

        def there(queue_id: str = queue_id) -> httpx2.Response | None:
            reply = retrieve(one, queue_id, delete_media_on_completion=True)
            made = reply.headers["content-type"] == "video/mp4"
            return reply if made or reply.status_code != 200 else None

        video = until(there, within_s=120)
        assert video is not None
        if video.status_code != 200:
            assert "stopped during each attempt" in video.text
            orders.failed.append(queue_id)
            continue
        header = video_header(video.content)
        assert (header.width, header.height, header.seconds) == (480, 480, 1)
        orders.delivered[queue_id] += 1
        assert retrieve(one, queue_id).status_code == 404


def told(home: Path) -> list[Path]:
    """Return the files of a home that hold the word, in any form."""
    wanted = forms(WORD)
    return [path for path in files_below(home) if holds(path, wanted)]


def stop_while_one_is_made(home: Path, key: str, orders: Orders) -> None:
    """End a server as a service manager does: its video goes on at the next start, and lost no try."""
    with program(home, key, QUICK) as one:
        order(one, orders)
        until(lambda: b'state="running"' in one.http.get("/metrics").content, within_s=60)
        one.process.send_signal(signal.SIGTERM)
        assert one.process.wait(30) == 0
    listed = Fondaco(home)("jobs", "list", "--json")
    assert WORD not in listed.out
    states = [job["state"] for job in json.loads(listed.out)]
    assert "queued" in states
    assert "running" not in states


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "fondaco.toml").write_text(CONFIGURATION)
    return home


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.long)])
def test_kills_and_stops_deliver_and_charge_each_video_once(home: Path, kills: int) -> None:
    chance, key, orders = random.Random(20), "", Orders()  # noqa: S311 - moments to kill at
    for _ in range(kills):
        with program(home, key, QUICK) as one:
            key = one.api_key
            for _ in range(2):
                order(one, orders)
            time.sleep(chance.uniform(0, 1.5))
            one.kill()
        assert told(home) == []
    stop_while_one_is_made(home, key, orders)
    with program(home, key, QUICK) as one:
        collect(one, orders)
        charged = Counter(entry.call_id for entry in one.charged())
        amounts = {entry.amount for entry in one.charged()}
        assert told(home) == []
    assert len(orders.queued) == 2 * kills + 1
    assert set(orders.delivered.values()) == {1}
    assert len(orders.delivered) + len(orders.failed) == len(orders.queued)
    assert len(charged) == len(orders.delivered)
    assert set(charged.values()) == {1}
    assert amounts == {-A_SECOND}
    assert Fondaco(home)("ledger", "verify").code == 0
    assert told(home) == []
