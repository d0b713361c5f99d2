"""Jobs of a fake ComfyUI that write videos."""

from typing import Any

from fake_comfyui import FakeComfyUI, Running, begin, status
from toy_camera import mp4_file


async def filmed(fake: FakeComfyUI, job: Running) -> dict[str, Any]:
    """Do what jobs of videos do: sample, and write a file of the size and the frames that were asked for."""
    await begin(fake, job)
    values = {k: v for node in job.nodes.values() for k, v in node["inputs"].items()}
    seconds = (values.get("frames", 81) - 1) / values.get("fps", 16)
    size = values.get("width", 64), values.get("height", 48)
    name = f"films_{len(fake.disk):05d}.mp4"
    fake.disk["output", "films", name] = mp4_file(seconds, *size)
    row = {"filename": name, "subfolder": "films", "type": "output", "format": "video/h264-mp4"}
    thumbnail = {"filename": "films.png", "subfolder": "films", "type": "output"}
    await fake.event(job, "execution_success", timestamp=1)
    output = job.node_of("SaveVideo", "VHS_VideoCombine")
    key = "images" if job.nodes[output]["class_type"] == "SaveVideo" else "gifs"
    return {"outputs": {output: {key: [thumbnail, row], "animated": [True]}}, **status("success")}
