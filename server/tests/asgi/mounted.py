"""Fondaco inside a program: an application that runs in this process, beside a fake engine."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from fake_upstream import FakeUpstream
from fondaco.asgi import AsgiApp, create_app

CHAT = "/api/v1/chat/completions"
BODY = {"model": "toy", "messages": [{"role": "user", "content": "Count!"}]}


@dataclass
class Mounted:
    """A running application, and the engine behind it."""

    app: AsgiApp
    fake: FakeUpstream
    key: str

    def client(self, path: str = "") -> httpx2.AsyncClient:
        """Return a client that calls the application in this process."""
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app),
            base_url=f"http://localhost{path}",
            headers={"Authorization": f"Bearer {self.key}"},
        )


def tables(upstream: str, **server: object) -> dict[str, object]:
    """Return settings with one model that a fake engine answers."""
    return {
        "server": server,
        "embedded": {"enabled": False},
        "engines": {"fake": {"base_url": upstream, "models": {"toy": "toy"}}},
        "models": {
            "toy": {
                "name": "Toy",
                "engines": ["fake"],
                "context_tokens": 4096,
                "price": {"input": "0.2", "output": "0.9"},
            }
        },
    }


@asynccontextmanager
async def mounted(home: Path, token_s: float = 0.0, **server: object) -> AsyncGenerator[Mounted]:
    """Run an application on a new home."""
    async with FakeUpstream(token_s=token_s) as fake:
        app = create_app(home=home, settings=tables(fake.base_url, **server), standalone=False)
        async with app.running():
            assert app.first_key is not None
            yield Mounted(app, fake, app.first_key)
