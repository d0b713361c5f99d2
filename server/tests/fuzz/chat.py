"""Tries chat with whatever its description permits and forbids, for some minutes: `make fuzz`.

    PYTHONPATH=server/tests python -m fuzz.chat MINUTES

Half of them go to a server over a toy engine, half to the program with the embedded model. Ends
with 1 if any answer breaks the contract, such as a status of 500, and says how to ask for it again.
"""

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import anyio
from anyio import to_thread

from fondaco.domain.chat.reasoning import ReasoningProfile, ReasoningSwitch
from fondaco.domain.models.model import Capabilities
from fondaco.domain.money.money import NANO
from house import SECRET, TOY, house
from program import program

FUZZ = Path(__file__).parent
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHAT = "/api/v1/chat/completions"
SETTINGS = """
[limits]
failures = 0
[models."smollm2-135m"]
max_output_tokens = 4
"""
"""Nobody has to wait for failing often, and answers are short."""


def fuzz(url: str, api_key: str, seconds: float) -> int:
    """Try the chat of one server, and return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        here = copytree(FUZZ, Path(folder) / "fuzz")
        command = [
            *(str(SCHEMATHESIS), "--config-file", "chat.toml", "run", f"{url}/openapi.json"),
            *("--header", f"Authorization: Bearer {api_key}"),
            *("--include-path", CHAT, "--phases", "coverage,fuzzing"),
            *("--max-time", str(int(seconds))),
        ]
        return subprocess.run(command, cwd=here, check=False).returncode


async def fuzz_house(seconds: float) -> int:
    """Try a server over a toy engine, with a model that takes whatever there is to take."""
    able = Capabilities(
        function_calling=True,
        reasoning=True,
        response_schema=True,
        vision=True,
        audio_input=True,
        video_input=True,
        many_images=True,
        log_probs=True,
    )
    model = replace(
        TOY, capabilities=able, reasoning=ReasoningProfile(switch=ReasoningSwitch.TEMPLATE)
    )
    names = {"gpt-4o": "default"}
    async with house(
        usd=1_000_000 * NANO, models=(model,), aliases=names, dialects=("vllm", "vllm")
    ) as one:
        return await to_thread.run_sync(fuzz, one.url, SECRET, seconds)


def fuzz_program(seconds: float) -> int:
    """Try the program with the embedded model."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        (home / "fondaco.toml").write_text(SETTINGS)
        with program(home) as one:
            code = fuzz(one.url, one.api_key, seconds)
            sys.stdout.write(one.log.read_text())
            return code


if __name__ == "__main__":
    half = float(sys.argv[1]) * 60 / 2
    sys.exit(max(anyio.run(fuzz_house, half), fuzz_program(half)))
