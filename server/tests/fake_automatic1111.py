"""A fake of AUTOMATIC1111's API: draws toy pictures one at a time, and tells of its tasks by their ids.

Source: stable-diffusion-webui 1.10, `modules/api/`, `modules/progress.py`; errors as its middleware sends them.
"""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio

import toy_pictures
from fake_upstream import Asked, FakeUpstream, Inbox, Script, Wire, replying, whole

PROGRESS = "/internal/progress"
OVERALL = "/sdapi/v1/progress?skip_current_image=true"
CHECKPOINTS: list[dict[str, Any]] = [
    {
        "title": "anime/heron.safetensors [879db523c3]",
        "model_name": "anime_heron",
        "hash": "879db523c3",
        "sha256": "879db523c3" + "0" * 54,
        "filename": "/home/me/webui/models/Stable-diffusion/anime/heron.safetensors",
        "config": None,
    },
    {
        "title": "v1-5-pruned.ckpt",
        "model_name": "v1-5-pruned",
        "hash": None,
        "sha256": None,
        "filename": "C:\\webui\\models\\v1-5-pruned.ckpt",
        "config": None,
    },
]


class FakeAutomatic1111(FakeUpstream):
    """The engine; an async context that listens while it is entered."""

    def __init__(self, *, key: str = "", tells_tasks: bool = True) -> None:
        """Prepare; `tells_tasks` is whether it knows tasks by their ids, as it does since 1.6."""
        super().__init__(key=key)
        self.tells_tasks = tells_tasks
        self.running = ""
        """The id of the task that is drawn."""
        self.pending: list[str] = []
        self.steps_done = 0
        self.hold = anyio.Event()
        """Pictures are drawn once it is set."""
        self.hold.set()
        self._turn = anyio.Lock()
        self._look = anyio.Event()
        self._others = {
            "/sdapi/v1/sd-models": Inbox(replying(CHECKPOINTS)),
            "/sdapi/v1/samplers": Inbox(
                replying([{"name": "Euler a", "aliases": [], "options": {}}])
            ),
            "/sdapi/v1/txt2img": Inbox(self._draw),
            "/sdapi/v1/img2img": Inbox(self._draw),
            "/sdapi/v1/interrupt": Inbox(self._interrupt),
            PROGRESS: Inbox(self.tell),
            OVERALL: Inbox(self._tell_overall),
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked_at(self, path: str) -> list[Asked]:
        return self._others[path].asked

    def script(self, path: str, *scripts: Script) -> None:
        """Answer the next requests to a path by these."""
        self._others[path].scripts.extend(scripts)

    def always_at(self, path: str, script: Script) -> None:
        """Answer all requests to a path by this."""
        self._others[path].usual = script

    @asynccontextmanager
    async def occupied(self) -> AsyncGenerator[None]:
        """Work on a task of the web UI meanwhile."""
        async with self._turn:
            self.running = "task(of-the-web-ui)"
            yield
            self.running = ""

    async def looked_at(self, *, times: int) -> None:
        """Wait until its progress was asked for so many times more."""
        for _ in range(times):
            await self._look.wait()

    def forget(self, *paths: str) -> None:
        """Have no such endpoints, as older versions and forks."""
        for path in paths:
            self.always_at(path, refused(404, "Not Found"))

    async def _draw(self, wire: Wire, asked: Asked) -> bool:
        task_id = str(asked.body.get("force_task_id"))
        self.pending.append(task_id)
        async with self._turn:
            self.pending.remove(task_id)
            self.running = task_id
            try:
                with anyio.CancelScope(shield=True):  # it draws on when its client has gone
                    await self.hold.wait()
                await wire.whole(200, drawn(asked.body))
            finally:
                self.running = ""
        return True

    async def tell(self, wire: Wire, asked: Asked) -> bool:
        """Answer what is asked about a task."""
        look, self._look = self._look, anyio.Event()
        look.set()
        task_id = asked.body["id_task"] if self.tells_tasks else "unknown"
        active = task_id == self.running
        await wire.whole(
            200,
            {
                "active": active,
                "queued": task_id in self.pending,
                "paused": False,
                "completed": False,
                "progress": self.steps_done / 20 if active else None,
                "eta": None,
                "live_preview": None,
                "id_live_preview": -1,
                "textinfo": "Waiting...",
            },
        )
        return True

    async def _interrupt(self, wire: Wire, asked: Asked) -> bool:
        self.hold.set()
        await wire.whole(200, {})
        return True

    async def _tell_overall(self, wire: Wire, asked: Asked) -> bool:
        state = {
            "job": "scripts_txt2img" if self.running else "",
            "job_count": int(bool(self.running)),
            "job_no": 0,
            "sampling_step": self.steps_done,
            "sampling_steps": 20,
        }
        await wire.whole(200, {"progress": self.steps_done / 20, "eta_relative": 0, "state": state})
        return True


def drawn(body: dict[str, Any], *more: str, **info: object) -> dict[str, object]:
    """Return the answer to a request: a picture of its size, rounded down to whole latent pixels."""
    size = f"{body['width'] // 8 * 8}x{body['height'] // 8 * 8}"
    words = json.dumps([body["prompt"], body.get("init_images")])
    file = toy_pictures.reply({"size": size, "prompt": words, "seed": body["seed"]})["data"][0][
        "b64_json"
    ]
    if "mask" in body:
        parts = (base64.b64decode(one) for one in (body["init_images"][0], body["mask"], file))
        file = base64.b64encode(toy_pictures.painted_over(*parts)).decode()
    title = body["override_settings"]["sd_model_checkpoint"]
    row = next(one for one in CHECKPOINTS if one["title"] == title)
    name = row["filename"].replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    told = {"seed": body["seed"], "sd_model_name": name, "sd_model_hash": row["hash"], **info}
    return {
        "images": [file, *more],
        "parameters": {**body, "init_images": None},
        "info": json.dumps(told),
    }


def picture(width: int = 64, height: int = 64) -> str:
    """Return a picture in base64."""
    return base64.b64encode(toy_pictures.png(width, height)).decode()


def refused(status: int, detail: object, error: str = "HTTPException") -> Script:
    """Refuse as its middleware does."""
    return whole(status, {"error": error, "detail": detail, "body": "", "errors": ""})
