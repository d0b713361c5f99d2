"""The examples of the documented chat resource, as they stand, against the embedded model.

In `examples/`, programs end with `.py` and get address and key by the environment; where one writes
a key down, it is put in. Snippets end with `.txt` and get the names that they leave out.
"""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from program import Program, program

FOLDER = Path(__file__).parent / "examples"
EXAMPLES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in {".py", ".txt"})
TIMEOUT_S = 300
SILENT = {"estimate_cost.txt"}
LIMITED = """
[models."smollm2-135m"]
temperature = 0
max_output_tokens = 64
"""
"""Most examples name no limit, and stories may be long."""
AROUND = """
import asyncio
from decimal import Decimal
from pydantic import BaseModel
from venice_ai import UserMessage, VeniceClient

class BudgetError(Exception): ...

async def main():
    async with VeniceClient() as client:
        model = await client.models.resolve_chat()
        messages = [UserMessage(content="Say hello.")]
        questions = ["What is a bridge?", "What is a boat?"]
{snippet}

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Run a server with room for the longest answer that an example asks for; it gives short ones."""
    settings = {"FONDACO_EMBEDDED__CONTEXT_TOKENS": "640"}
    home = tmp_path_factory.mktemp("small") / "home"
    home.mkdir(mode=0o700)
    (home / "fondaco.toml").write_text(LIMITED)
    with program(home, environ=settings) as one:
        yield one


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_as_it_stands(small: Program, name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    if name.endswith(".txt"):
        text = AROUND.format(snippet=textwrap.indent(text, " " * 8))
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", text.replace("your-api-key", small.api_key)],
        env={
            **environ(),
            "VENICE_API_KEY": small.api_key,
            "VENICE_BASE_URL": f"{small.url}/api/v1",
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert bool(ended.stdout.strip()) is (name not in SILENT)
    assert " failed: " not in ended.stdout


def environ() -> dict[str, str]:
    return dict(os.environ)  # noqa: TID251 - handed on to the example
