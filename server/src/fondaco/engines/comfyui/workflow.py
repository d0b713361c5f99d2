"""Workflows: graphs of nodes in ComfyUI's API format, with placeholders where a request goes in.

A placeholder is replaced within the parsed values of nodes, never in the text of the file: no prompt,
whatever its quotes and braces, changes anything but the value that it is.

Source: ComfyUI, "Export (API)"; `execution.py`, `validate_prompt`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_LARGEST_BYTES = 2**20
_WEBSOCKET = "SaveImageWebsocket"
_OUTPUTS = (_WEBSOCKET, "SaveImage", "PreviewImage")
"""Classes of nodes that give pictures back, the one that leaves nothing on a disk first."""
_VIDEO_OUTPUTS = ("SaveVideo", "VHS_VideoCombine")
"""Classes of nodes that write videos: ComfyUI's own, and that of VideoHelperSuite."""
_TITLE = "fondaco"
"""The title of the node whose pictures count, in any case, where several might."""
_BUILT_IN = "checkpoint.json"


class Placeholder(StrEnum):
    """Value of a request that goes into a workflow; named between double braces."""

    PROMPT = "prompt"
    NEGATIVE_PROMPT = "negative_prompt"
    WIDTH = "width"
    HEIGHT = "height"
    SEED = "seed"
    STEPS = "steps"
    CFG_SCALE = "cfg_scale"
    LORA_STRENGTH = "lora_strength"
    """1 is the whole of it."""
    TRANSPARENT = "transparent"
    MODEL = "model"
    """The engine's name of the model."""
    SAMPLER = "sampler"
    SCHEDULER = "scheduler"
    IMAGE = "image"
    """The picture to edit, as `LoadImage` takes it."""
    MASK = "mask"
    """White where it may change, as `LoadImageMask` takes it."""
    STRENGTH = "strength"
    """Freedom of an edit to depart from its picture, 0 to 1."""
    VIDEO = "video"
    """The source video, for `LoadVideo`."""
    SECONDS = "seconds"
    FPS = "fps"
    """Frames a second."""
    FRAMES = "frames"
    """Of a video: one more than it has seconds, times frames a second."""


_SIZE = frozenset({Placeholder.WIDTH, Placeholder.HEIGHT})
_OF_EDITS = frozenset({Placeholder.IMAGE, Placeholder.MASK, Placeholder.STRENGTH})
_OF_VIDEOS = frozenset(
    {Placeholder.VIDEO, Placeholder.SECONDS, Placeholder.FPS, Placeholder.FRAMES}
)


class WorkflowError(ValueError):
    """A workflow cannot be used; the message gives the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that can be filled in."""

    nodes: Mapping[str, Any]
    """Id -> node, as in the file."""
    output: str
    """The id of the node whose pictures count."""
    by_websocket: bool
    """Whether these come by the websocket, and lie on no disk."""
    used: frozenset[Placeholder]
    is_of_videos: bool = False

    @classmethod
    def parse(cls, content: bytes, *, edits: bool = False, videos: bool = False) -> "Workflow":
        """Return the workflow in a file.

        Args:
            content: of the file.
            edits: whether it is to edit pictures.
            videos: whether it is to make videos.

        Raises:
            WorkflowError: it cannot be used.
        """
        nodes = _nodes(content)
        names = [name for node in nodes.values() for name in _names(node["inputs"])]
        known = {placeholder.value for placeholder in Placeholder}
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, n=1, cutoff=0.6)
                hint = f" Did you mean {{{{{near[0]}}}}}?" if near else ""
                raise WorkflowError(f"it has the unknown placeholder {{{{{name}}}}}.{hint}")
        used = frozenset(map(Placeholder, names))
        if Placeholder.PROMPT not in used:
            raise WorkflowError(
                "no node has the value {{prompt}}: every image would be the same. Put it where "
                "the prompt belongs."
            )
        _expect_of_use(used, edits=edits, videos=videos)
        output = _output(nodes, _VIDEO_OUTPUTS if videos else _OUTPUTS)
        return cls(nodes, output, nodes[output]["class_type"] == _WEBSOCKET, used, videos)

    def filled(self, values: Mapping[Placeholder, object]) -> dict[str, Any]:
        """Return the nodes with each placeholder replaced.

        A text that is nothing but a placeholder becomes the value itself, such as a number.
        """
        return {
            node_id: {**node, "inputs": _filled(node["inputs"], values)}
            for node_id, node in self.nodes.items()
        }


def read_workflow(path: Path, *, edits: bool = False, videos: bool = False) -> Workflow:
    """Return the workflow in a file, which is read here, blocking.

    Raises:
        WorkflowError: it cannot be read or used.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise WorkflowError(f"it cannot be read: {error.strerror}.") from None
    return Workflow.parse(content, edits=edits, videos=videos)


@cache
def built_in() -> Workflow:
    """Return the workflow of models without one: a checkpoint of one file, one prompt, one picture."""
    return Workflow.parse((files(__package__) / _BUILT_IN).read_bytes())


def _nodes(content: bytes) -> dict[str, Any]:
    if len(content) > _LARGEST_BYTES:
        raise WorkflowError(f"it is larger than {_LARGEST_BYTES:,} bytes.")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise WorkflowError(f"it is not JSON: {error}.") from None
    if not isinstance(document, dict) or not document:
        raise WorkflowError("it is not an object of nodes.")
    if isinstance(document.get("nodes"), list):
        raise WorkflowError(
            'it is in the format of the editor. Save it with "Export (API)" in ComfyUI\'s menu.'
        )
    for node_id, node in document.items():
        match node:
            case {"class_type": str(), "inputs": dict()}:
                continue
        raise WorkflowError(
            f"{node_id!r} is not a node: it needs class_type and inputs, as in ComfyUI's export."
        )
    return document


def _expect_of_use(used: frozenset[Placeholder], *, edits: bool, videos: bool) -> None:
    """Check that a workflow has the placeholders of its use, and none of another's.

    Raises:
        WorkflowError: it has not.
    """
    if edits and Placeholder.IMAGE not in used:
        raise WorkflowError(
            "no node has the value {{image}}, the picture to edit. Write it as the `image` of a "
            "LoadImage node."
        )
    if edits and not used >= _SIZE:
        raise WorkflowError(
            "no nodes have the values {{width}} and {{height}}, the size of the result. Scale the picture "
            "to them with an ImageScale node."
        )
    strange = (used & _OF_EDITS) - ({Placeholder.IMAGE} if videos else set())
    if not edits and strange:
        raise WorkflowError(
            f"it has the placeholder {{{{{min(strange)}}}}}, which only workflows of "
            "`edit_workflows` have."
        )
    if not videos and (strange := used & _OF_VIDEOS):
        raise WorkflowError(
            f"it has the placeholder {{{{{min(strange)}}}}}, which only workflows of videos have."
        )


def _output(nodes: Mapping[str, Any], classes: tuple[str, ...]) -> str:
    """Return the id of the node whose pictures count, of one of these classes.

    Raises:
        WorkflowError: there is none, or several might.
    """
    titled = [node_id for node_id, node in nodes.items() if _title(node) == _TITLE]
    if len(titled) == 1:
        return titled[0]
    if titled:
        raise WorkflowError(f"several nodes have the title {_TITLE!r}: {', '.join(titled)}.")
    for class_type in classes:
        found = [i for i, node in nodes.items() if node["class_type"] == class_type]
        if len(found) == 1:
            return found[0]
        if found:
            raise WorkflowError(
                f"several nodes are of class {class_type}: {', '.join(found)}. Give the one with "
                f"the final image the title {_TITLE!r}."
            )
    raise WorkflowError(
        f"no node returns the result. Add a {classes[0]} node (or {', '.join(classes[1:])})."
    )


def _title(node: Mapping[str, Any]) -> str:
    match node.get("_meta"):
        case {"title": str(title)}:
            return title.strip().lower()
    return ""


def _names(value: object) -> Iterator[str]:
    """Yield the names of all placeholders, wherever they stand."""
    match value:
        case str():
            yield from _PLACEHOLDER.findall(value)
        case dict():
            for part in value.values():
                yield from _names(part)
        case list():
            for part in value:
                yield from _names(part)


def _filled(value: Any, values: Mapping[Placeholder, object]) -> Any:
    match value:
        case str():
            if (alone := _PLACEHOLDER.fullmatch(value)) is not None:
                return values[Placeholder(alone[1])]
            return _PLACEHOLDER.sub(lambda found: str(values[Placeholder(found[1])]), value)
        case dict():
            return {key: _filled(part, values) for key, part in value.items()}
        case list():
            return [_filled(part, values) for part in value]
        case _:
            return value
