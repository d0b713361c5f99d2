"""Workflows of operators: what is refused, with which words, and how placeholders are filled."""

import json
from pathlib import Path
from typing import Any

import pytest

from engines.comfyui.conftest import EDITING, MASKING, node, parsed
from fondaco.engines.comfyui.workflow import (
    Placeholder,
    Workflow,
    WorkflowError,
    built_in,
    read_workflow,
)

PROMPT = node("CLIPTextEncode", text="{{prompt}}")
SAVE = node("SaveImage", images=["1", 0])
BAD: dict[str, tuple[object, str]] = {
    "empty": (b"", "it is not JSON"),
    "no JSON": (b"{", "it is not JSON"),
    "deep": (b"[" * 100_000, "it is not JSON"),
    "a list": ([], "it is not an object of nodes"),
    "nothing": ({}, "it is not an object of nodes"),
    "large": (b" " * (2**20 + 1), "it is larger than 1,048,576 bytes"),
    "the editor's": (
        {"nodes": [], "links": []},
        r'format of the editor. Save it with "Export \(API\)"',
    ),
    "no class": ({"1": {"inputs": {}}}, "'1' is not a node"),
    "no inputs": ({"1": {"class_type": "X"}}, "'1' is not a node"),
    "a text": ({"1": "X"}, "'1' is not a node"),
    "unknown": (
        {"1": node("X", a=["{{prmpt}}"]), "2": SAVE},
        r"unknown placeholder {{prmpt}}. Did you mean {{prompt}}\?",
    ),
    "strange": (
        {"1": node("X", a={"b": "a {{ weather }}"}), "2": SAVE},
        r"unknown placeholder {{weather}}\.$",
    ),
    "no prompt": ({"1": node("X", a="{{seed}}"), "2": SAVE}, "no node has the value {{prompt}}"),
    "a prompt in a title": (
        {"1": node("X", "{{prompt}}", a="{{seed}}"), "2": SAVE},
        "no node has the value {{prompt}}",
    ),
    "no output": (
        {"1": PROMPT},
        "no node returns the result. Add a SaveImageWebsocket node",
    ),
    "two outputs": (
        {"1": PROMPT, "2": SAVE, "3": SAVE},
        "several nodes are of class SaveImage: 2, 3. Give the one with the final image the title 'fondaco'",
    ),
    "two titles": (
        {"1": PROMPT, "2": {**SAVE, "_meta": {"title": "Fondaco"}}, "3": node("X", "fondaco ")},
        "several nodes have the title 'fondaco': 2, 3",
    ),
    "an edit's": (
        {"1": PROMPT, "2": SAVE, "3": node("X", a="{{strength}}")},
        "placeholder {{strength}}, which only workflows of `edit_workflows` have",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_workflow_that_cannot_be_used_says_why(case: str) -> None:
    content, words = BAD[case]
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(WorkflowError, match=words):
        Workflow.parse(raw)


def test_a_workflow_that_edits_needs_the_picture() -> None:
    with pytest.raises(WorkflowError, match=r"no node has the value {{image}}"):
        parsed({"1": PROMPT, "2": SAVE}, edits=True)
    with pytest.raises(WorkflowError, match="Scale the picture to them with an ImageScale node"):
        parsed({key: EDITING[key] for key in "123"}, edits=True)
    assert parsed(EDITING, edits=True).used == {
        Placeholder.PROMPT,
        Placeholder.IMAGE,
        Placeholder.WIDTH,
        Placeholder.HEIGHT,
    }
    assert Placeholder.MASK in parsed(MASKING, edits=True).used


@pytest.mark.parametrize(
    ("more", "output", "by_websocket"),
    [
        ({}, "2", False),
        ({"3": node("PreviewImage")}, "2", False),
        ({"3": node("SaveImageWebsocket")}, "3", True),
        ({"3": node("Image Saver (others')", "FONDACO")}, "3", False),
        ({"3": SAVE, "4": node("SaveImage", " Fondaco")}, "4", False),
        ({"3": {**SAVE, "_meta": 7, "class_type": "SaveImageWebsocket"}}, "3", True),
    ],
)
def test_the_pictures_of_one_node_count(
    more: dict[str, Any], output: str, *, by_websocket: bool
) -> None:
    workflow = parsed({"1": PROMPT, "2": SAVE, **more})
    assert (workflow.output, workflow.by_websocket) == (output, by_websocket)


def test_placeholders_are_filled_wherever_a_value_stands() -> None:
    nodes = {
        "1": node(
            "X", "{{seed}}", text="{{prompt}}, oil", seed="{{ seed }}", nested=[{"a": "{{width}}x{{height}}"}],
            flag=True, empty=None, link=["2", 0], braces="{seed} {{ }} {{1}}",
        ),
        "2": SAVE,
    }  # fmt: skip
    workflow = parsed(nodes)
    values = {
        Placeholder.PROMPT: 'say "{{seed}}" \\',
        Placeholder.SEED: 7,
        Placeholder.WIDTH: 64,
        Placeholder.HEIGHT: 32,
    }
    filled = workflow.filled(values)
    assert filled["1"]["inputs"] == {
        "text": 'say "{{seed}}" \\, oil',
        "seed": 7,
        "nested": [{"a": "64x32"}],
        "flag": True,
        "empty": None,
        "link": ["2", 0],
        "braces": "{seed} {{ }} {{1}}",
    }
    assert filled["1"]["_meta"] == {"title": "{{seed}}"}
    assert workflow.nodes == nodes, "the workflow itself stays as it is"


def test_a_file_is_read_once_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "flux.json"
    with pytest.raises(WorkflowError, match="it cannot be read: No such file"):
        read_workflow(path)
    with pytest.raises(WorkflowError, match="it cannot be read: Is a directory"):
        read_workflow(tmp_path)
    path.write_text(json.dumps(EDITING))
    assert read_workflow(path, edits=True).by_websocket


def test_the_built_in_workflow_leaves_nothing_on_a_disk() -> None:
    assert built_in().by_websocket
    assert built_in() is built_in()
