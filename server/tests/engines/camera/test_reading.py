"""Prompts, and the moves that they name."""

from dataclasses import asdict

import pytest

from fondaco.engines.camera.reading import USUAL, read
from fondaco.engines.camera.shot import Ease, Motion, Move, Shot, shot_of

PAN, TILT, TRUCK, PEDESTAL = Motion.PAN, Motion.TILT, Motion.TRUCK, Motion.PEDESTAL
ZOOM, DOLLY, ORBIT = Motion.ZOOM, Motion.DOLLY, Motion.ORBIT


@pytest.mark.parametrize(
    ("prompt", "moves"),
    [
        ("Pan left", [(PAN, -1)]),
        ("The camera slowly pans to the right across the bay", [(PAN, 1)]),
        ("panning shot of the skyline", [(PAN, 1)]),
        ("Pan", [(PAN, 1)]),
        ("Pan slowly over the lagoon of Venice at dusk.", [(PAN, 1)]),
        ("Rain. Pan along the quay.", [(PAN, 1)]),
        ("A quick pan across the market", [(PAN, 1)]),
        ("The camera pans across the bay, then a dog barks", [(PAN, 1)]),
        ("left-to-right pan of the skyline", [(PAN, 1)]),
        ("The camera pans from right to left", [(PAN, -1)]),
        ("TILT UP", [(TILT, 1)]),
        ("tilt-down from the sky to the street", [(TILT, -1)]),
        ("Zoom out to reveal the city", [(ZOOM, -1)]),
        ("zooming into her eyes", [(ZOOM, 1)]),
        ("A slow push-in on the cat", [(DOLLY, 1)]),
        ("A girl looks up at the sky. Camera pulls back.", [(DOLLY, -1)]),
        ("Dolly left along the shelves", [(TRUCK, -1)]),
        ("Drone shot flying forward over the sea", [(DOLLY, 1)]),
        ("Crane up over the rooftops", [(PEDESTAL, 1)]),
        ("The camera descends", [(PEDESTAL, -1)]),
        ("Orbit around the statue, clockwise", [(ORBIT, -1)]),
        ("The camera circles a red car", [(ORBIT, 1)]),
        ("Dolly zoom on the lighthouse", [(Motion.DOLLY_ZOOM, 1)]),
        ("Push in while tilting up", [(DOLLY, 1), (TILT, 1)]),
        ("pan left, don't zoom", [(PAN, -1)]),
    ],
)
def test_moves_are_read_as_film_crews_say_them(
    prompt: str, moves: list[tuple[Motion, int]]
) -> None:
    (phase,) = read(prompt).shot.phases
    assert [(move.motion, move.direction) for move in phase] == moves


@pytest.mark.parametrize(
    "prompt",
    [
        "Commerce being conducted in the city of Venice, Italy.",
        "An astronaut in orbit around the earth",
        "A balloon drifting right over the hills",
        "A red truck left the city",
        "She pushes the door open",
        "A pan of eggs",
        "Pan pizza on a table",
        "A frying pan over the fire",
        "",
        "\ud800\0",
    ],
)
def test_a_prompt_that_names_no_move_gets_the_usual_one(prompt: str) -> None:
    assert read(prompt).shot == USUAL


@pytest.mark.parametrize(
    "prompt",
    [
        "Static shot of a lake",
        "Locked-off camera, rain",
        "No zoom: the camera stays still",
        "Waves. The camera does not move.",
        "a street without any camera movement",
    ],
)
def test_a_camera_can_stand_still(prompt: str) -> None:
    assert read(prompt).shot.phases == ((),)


def test_moves_follow_each_other_where_the_prompt_says_then() -> None:
    said = (
        "Pan left, then right, then zoom in, followed by a tilt up, then pan left, then pan right"
    )
    phases = read(said).shot.phases
    assert [[(move.motion, move.direction) for move in phase] for phase in phases] == [
        [(PAN, -1)],
        [(PAN, 1)],
        [(ZOOM, 1)],
        [(TILT, 1)],
    ]


@pytest.mark.parametrize(
    ("prompt", "strength"),
    [("slow pan left", 0.6), ("pan left", 1.0), ("pans quickly to the left", 1.6)],
)
def test_a_move_is_as_strong_as_the_prompt_says(prompt: str, strength: float) -> None:
    assert read(prompt).shot.phases[0][0].strength == strength


@pytest.mark.parametrize(
    ("prompt", "ease"),
    [
        ("pan left", Ease.BOTH),
        ("pan left at constant speed", Ease.NONE),
        ("pan left, accelerating", Ease.START),
        ("pan left and slowing down", Ease.END),
    ],
)
def test_a_move_speeds_up_and_slows_down_as_the_prompt_says(prompt: str, ease: Ease) -> None:
    assert read(prompt).shot.ease is ease


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("A lighthouse at dusk, camera slowly pans left", "A lighthouse at dusk"),
        ("A lighthouse at dusk", "A lighthouse at dusk"),
        ("Zoom in", ""),
    ],
)
def test_what_is_painted_is_the_prompt_without_the_camera(prompt: str, scene: str) -> None:
    assert read(prompt).scene == scene


def test_reading_a_prompt_takes_no_time_whatever_it_is() -> None:
    for word in ("camera pan left then ", "in ", "dolly-", "a" * 50 + " ", "from left to "):
        assert len(read((word * 2_500)[:2_500]).shot.phases) <= 4


def test_a_shot_survives_as_json() -> None:
    shot = Shot(((Move(PAN, -1, 0.5),), ()), Ease.END)
    assert shot_of(asdict(shot)) == shot
