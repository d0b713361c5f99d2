"""The history of one job: whether it succeeded, and which files its pictures are.

Source: ComfyUI, `execution.py` (`task_done`), `server.py` (`GET /history/{prompt_id}`, `GET /view`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from fondaco.domain.errors import EngineError, EngineUnavailableError
from fondaco.engines.comfyui.events import failure
from fondaco.engines.common.found import row_of, rows_of

_FOLDERS = frozenset({"output", "temp"})
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture on the engine's disk."""

    filename: str
    subfolder: str
    folder: str

    @property
    def path(self) -> str:
        """The path that returns it."""
        query = {"filename": self.filename, "subfolder": self.subfolder, "type": self.folder}
        return "/view?" + urlencode(query, quote_via=quote, safe="")


_VIDEO_LISTS = ("videos", "gifs", "images")
"""Fields in which nodes list their videos: VideoHelperSuite among `gifs`, ComfyUI's own among `images`."""


def image_in(entry: Mapping[str, Any], output: str) -> StoredImage:
    """Return the first picture of a job's output.

    Raises:
        EngineUnavailableError: a user interrupted the job.
        EngineError: it failed, or has no picture, or one whose name is none.
    """
    images = rows_of(_result(entry, output).get("images"))
    if not images:
        raise EngineError("The model's engine made no image.")
    return stored_image(images[0])


def video_in(entry: Mapping[str, Any], output: str) -> StoredImage:
    """Return the first MP4 file of a job's output.

    Raises:
        EngineUnavailableError: a user interrupted the job.
        EngineError: it failed, or has no such file, or one with an invalid name.
    """
    node = _result(entry, output)
    listed = [row for name in _VIDEO_LISTS for row in rows_of(node.get(name))]
    for row in listed:
        if str(row.get("filename")).lower().endswith(".mp4"):
            return stored_image(row)
    raise EngineError("The model's engine made no MP4 file.")


def _result(entry: Mapping[str, Any], output: str) -> Mapping[str, Any]:
    """Return what the output's node of a job that succeeded lists."""
    status = row_of(entry.get("status"))
    if status.get("status_str") == "error" or status.get("completed") is False:
        raise _ending(status.get("messages"))
    return row_of(row_of(entry.get("outputs")).get(output))


def stored_image(row: Mapping[str, Any]) -> StoredImage:
    """Return a picture by what the engine says of it; names that lead elsewhere are none.

    Raises:
        EngineError: it has no valid name.
    """
    name, subfolder = row.get("filename"), row.get("subfolder") or ""
    folder = row.get("type")
    if not (isinstance(name, str) and isinstance(subfolder, str) and isinstance(folder, str)):
        raise EngineError("The model's engine returned no image name.")
    parts = [name, *subfolder.replace("\\", "/").split("/")] if subfolder else [name]
    if folder not in _FOLDERS or not all(map(_is_plain, parts)):
        raise EngineError("The model's engine named an image outside its folders.")
    return StoredImage(name, subfolder, folder)


def _is_plain(name: str) -> bool:
    plain = 0 < len(name) <= _LONGEST and name.isprintable() and name.isascii()
    return plain and not name.startswith(".") and not {"/", "\\", ":"} & set(name)


def _ending(messages: object) -> EngineError:
    """Return the error of a job that did not succeed, by the events in its history."""
    for message in messages if isinstance(messages, list) else []:
        match message:
            case ["execution_interrupted", _]:
                return EngineUnavailableError("The job was interrupted at the model's engine.")
            case ["execution_error", dict(data)]:
                return failure(data.get("exception_type"), data.get("node_type"))
    return EngineError("The model's engine failed to make the image.")
