"""The pages of the dashboard: the address of each, its title, and which sessions see it."""

from dataclasses import dataclass
from typing import Literal

Right = Literal["INFERENCE", "ADMIN", "operator"]


@dataclass(frozen=True)
class Route:
    """A page, and the least right that shows it."""

    path: str
    title: str
    right: Right

    def __str__(self) -> str:
        return self.path or "overview"


ROUTES = (
    Route("", "Overview", "INFERENCE"),
    Route("playground", "Playground", "INFERENCE"),
    Route("models", "Models", "INFERENCE"),
    Route("models/smollm2-135m", "SmolLM2 135M Instruct", "INFERENCE"),
    Route("characters", "Characters", "INFERENCE"),
    Route("characters/alan-watts", "Alan Watts", "INFERENCE"),
    Route("video-jobs", "Video jobs", "INFERENCE"),
    Route("keys", "Keys", "ADMIN"),
    Route("usage", "Usage", "ADMIN"),
    Route("limits", "Limits", "INFERENCE"),
    Route("accounts", "Accounts", "operator"),
    Route("engines", "Engines", "operator"),
    Route("configuration", "Configuration", "operator"),
)
_RIGHTS: tuple[Right, ...] = ("INFERENCE", "ADMIN", "operator")


def shown_to(right: Right) -> list[Route]:
    """Return the pages that a session with this right sees."""
    return [route for route in ROUTES if _RIGHTS.index(route.right) <= _RIGHTS.index(right)]


def hidden_from(right: Right) -> list[Route]:
    """Return the pages that it does not see, even by their address."""
    return [route for route in ROUTES if route not in shown_to(right)]
