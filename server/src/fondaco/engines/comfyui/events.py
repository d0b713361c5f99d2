"""Events of one job from ComfyUI's websocket: progress, pictures, outcome.

The websocket also brings the state of the queue, and may bring events of others' jobs: only those with the
job's own id count.

Source: ComfyUI, `server.py` (`send_image`, `BinaryEventTypes`), `execution.py`; docs.comfy.org, "Messages".
"""

import re
import struct
from typing import Any

from fondaco.domain.errors import EngineError, EngineUnavailableError
from fondaco.domain.media.image_file import format_of
from fondaco.domain.untrusted_numbers import finite
from fondaco.engines.common.found import row_of
from fondaco.engines.common.images.files import expect_picture
from fondaco.engines.common.lenient_json import loads

_PREVIEW_IMAGE = 1
"""The type of a message of bytes with a picture: previews, and what SaveImageWebsocket sends."""
_HEADER = struct.Struct(">II")
"""The type of the message, and the format of its picture."""
_LONGEST_EVENT = 2**20
"""Characters; longer ones tell what nodes of others' making have to show, and would hold up the event loop."""
_OUT_OF_MEMORY = "OutOfMemory"
_CLASS = re.compile(r"\w{1,100}")


class JobEvents:
    """Follows one job by its events."""

    def __init__(self, prompt_id: str, output: str) -> None:
        """Follow a job.

        Args:
            prompt_id: the job's id.
            output: the id of the node whose pictures count.
        """
        self.started = False
        """Whether the engine works on it."""
        self.succeeded = False
        """Whether all its nodes have run."""
        self.share = 0.0
        """Share of the running node that is done."""
        self.ended = False
        """Whether the engine has put it into its history, too."""
        self.picture: bytes | None = None
        """The first picture that the output's node sent."""
        self._prompt_id = prompt_id
        self._output = output
        self._node: object = None
        """The id of the node that runs."""

    def feed(self, message: str | bytes) -> None:
        """Take the next message.

        Raises:
            EngineError: the job failed.
            EngineUnavailableError: a user interrupted it.
        """
        if isinstance(message, bytes):
            self._take_picture(message)
            return
        if len(message) > _LONGEST_EVENT:
            return
        try:
            event = row_of(loads(message.encode("utf-8", "replace")))
        except ValueError:
            return  # custom nodes may send invalid JSON
        data = row_of(event.get("data"))
        if data.get("prompt_id") != self._prompt_id:
            if event.get("type") == "executing":
                self._node = None
            return
        self._take_event(event.get("type"), data)

    def _take_event(self, kind: object, data: Any) -> None:
        match kind:
            case "execution_start":
                self.started = True
            case "executing":
                self.started, self._node = True, data.get("node")
                self.ended = self.ended or self._node is None
            case "progress":
                done, most = finite(data.get("value")), finite(data.get("max"))
                self.share = min(max(done / most, 0.0), 1.0) if done and most else 0.0
            case "execution_success":
                self.succeeded = True
            case "execution_interrupted":
                raise EngineUnavailableError("The job was interrupted at the model's engine.")
            case "execution_error":
                raise failure(data.get("exception_type"), data.get("node_type"))

    def _take_picture(self, message: bytes) -> None:
        if self._node != self._output or self.picture is not None:
            return
        if len(message) <= _HEADER.size or _HEADER.unpack_from(message)[0] != _PREVIEW_IMAGE:
            return
        file = message[_HEADER.size :]
        if format_of(file[:64]) is not None:
            self.picture = expect_picture(file)


def failure(kind: object, node_type: object) -> EngineError:
    """Return the error for a node that failed, by the kind of its exception, whose words may hold the prompt."""
    if isinstance(kind, str) and _OUT_OF_MEMORY in kind:
        return EngineError("The model's engine ran out of memory.")
    known = isinstance(node_type, str) and _CLASS.fullmatch(node_type)
    where = f" in a node of class {node_type}" if known else ""
    return EngineError(f"The model's engine failed{where}. The operator must check its workflow.")
