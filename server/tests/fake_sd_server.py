"""A fake sd-server: jobs in a queue that move on when a test says so, in the shapes of recorded answers.

Recorded from sd-server (stable-diffusion.cpp, as in stable-diffusion-cpp-python 0.4.7) with a toy model of
images and one of videos (`tiny_diffusion.py`, `tiny_wan.py`): `engines/sdserver/recorded.json` and
`recorded_videos.json`.
"""

import base64
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import toy_pictures
import toy_videos
from fake_upstream import Asked, FakeUpstream, Inbox, Script, Wire, whole

_FOLDER = Path(__file__).parent / "engines/sdserver"
RECORDED: dict[str, Any] = {
    name: answer
    for file in ("recorded.json", "recorded_videos.json")
    for name, answer in json.loads((_FOLDER / file).read_text(encoding="utf-8")).items()
}
CAPABILITIES, SUBMIT = "/sdcpp/v1/capabilities", "/sdcpp/v1/img_gen"
SUBMIT_VIDEO = "/sdcpp/v1/vid_gen"
_JOBS = "/sdcpp/v1/jobs/"


def recorded(name: str) -> Any:
    """Return the body of a recorded answer, to be changed at will."""
    return deepcopy(RECORDED[name]["body"])


def answering(name: str) -> Script:
    """Answer as recorded."""
    return whole(RECORDED[name]["status"], RECORDED[name]["body"])


class FakeSdServer(FakeUpstream):
    """The engine; an async context that listens while it is entered."""

    def __init__(self, *, holds: bool = False, videos: bool = False) -> None:
        """Prepare.

        Args:
            holds: whether jobs stay as they are until a test moves them on.
            videos: whether its model makes videos; else it makes pictures.
        """
        super().__init__()
        self.holds = holds
        self.videos = videos
        self.jobs: dict[str, str] = {}
        """Id -> status."""
        self.requests: dict[str, dict[str, Any]] = {}
        self.looks: dict[str, int] = {}
        self.cancelled: list[str] = []
        self.job_scripts: list[Script] = []
        """What answers the next looks at jobs."""
        self._others = {
            CAPABILITIES: Inbox(answering(f"GET /sdcpp/v1/capabilities{', Wan' * videos}")),
            SUBMIT: Inbox(answering("img_gen by Wan") if videos else self._submit),
            SUBMIT_VIDEO: Inbox(self._submit if videos else answering("vid_gen by Flux")),
            "/v1/models": Inbox(answering("GET /v1/models")),
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked_at(self, path: str) -> list[Asked]:
        return self._others[path].asked

    def script(self, path: str, *scripts: Script) -> None:
        """Answer the next requests to a path by these."""
        self._others[path].scripts.extend(scripts)

    def _script(self, asked: Asked) -> Script:
        if asked.path.startswith(_JOBS):
            job_id, _, cancel = asked.path.removeprefix(_JOBS).partition("/")
            return self._cancel(job_id) if cancel else self._tell(job_id)
        return super()._script(asked)

    async def _submit(self, wire: Wire, asked: Asked) -> bool:
        job_id = f"job_6b088016_{len(self.jobs):08x}"
        self.jobs[job_id], self.requests[job_id] = "queued", asked.body
        await wire.whole(202, recorded("vid_gen" if self.videos else "img_gen") | {"id": job_id})
        return True

    def _tell(self, job_id: str) -> Script:
        if self.job_scripts:
            return self.job_scripts.pop(0)
        if job_id not in self.jobs:
            return answering("job, unknown")
        self.looks[job_id] = self.looks.get(job_id, 0) + 1
        if not self.holds:
            self.jobs[job_id] = {"queued": "generating"}.get(self.jobs[job_id], "completed")
        return whole(200, self.job(job_id))

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job as it is, with its picture where it is complete."""
        kind = "video job" if self.videos else "job"
        job: dict[str, Any] = recorded(f"{kind}, {self.jobs[job_id]}") | {"id": job_id}
        if self.videos:
            if self.jobs[job_id] == "completed":
                job["result"] |= toy_videos.result(self.requests[job_id])
            return job
        if self.jobs[job_id] == "completed":
            request = self.requests[job_id]
            size = f"{request['width']}x{request['height']}"
            words = str([request.get(name) for name in ("prompt", "init_image", "ref_images")])
            asked_for = {"size": size, "prompt": words, "seed": request["seed"]}
            file = toy_pictures.reply(asked_for)["data"][0]["b64_json"]
            if "mask_image" in request:
                given = (request["init_image"], request["mask_image"], file)
                parts = (base64.b64decode(one) for one in given)
                file = base64.b64encode(toy_pictures.painted_over(*parts)).decode()
            job["result"]["images"][0]["b64_json"] = file
        return job

    def _cancel(self, job_id: str) -> Script:
        if job_id not in self.jobs:
            return answering("cancel, unknown")
        self.cancelled.append(job_id)
        if self.jobs[job_id] == "generating":
            return answering("cancel, generating")
        self.jobs[job_id] = "cancelled"
        return answering("cancel, queued")
