"""The API against its own OpenAPI document, as schemathesis tries it: see fuzz/schemathesis.toml."""

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import anyio
import pytest

from fondaco.chain.rule import RuleStakes
from fondaco.domain.money.money import NANO
from fondaco.http.apis.endpoints import ENDPOINTS
from fondaco.sections import Video
from house import SECRET, TOY, House, house
from sealed_house import sealed_house
from told_enclave import TWIN
from toy_camera import TOY_VIDEOS, ToyCamera
from toy_editors import TOY_EDITOR, TOY_UPSCALER, ToyEditor, ToyUpscaler
from toy_painter import TOY_IMAGES, ToyPainter
from toy_speaker import TOY_VOICE, ToySpeaker
from toy_transcriber import TOY_ASR, ToyTranscriber
from word_embedder import TOY_VECTORS, WordEmbedder

FUZZ = Path(__file__).parents[2] / "fuzz"
PROGRAM = Path(sys.executable).with_name("schemathesis")
NAMES: Mapping[str, str] = {"gpt-4o": "default", "0": "default"}
"""Names that models answer to, with the one that schemathesis gives to most."""
TIMEOUT_S = 300
EXAMPLES = "max-examples = 12"
"""Of each operation, as the settings say."""
MANY = 150
STATEFUL = "max-examples = 25"
"""Of sequences of operations, as the settings say."""
BRIEF = "phases.coverage.enabled = false"
"""What a long run leaves out, as the settings say."""
WHOLE_API = "^/(api/v1|v1|v4)/"


async def tried(one: House, folder: Path, examples: int) -> str:
    """Let schemathesis try the house, writing only into `folder`, and return what it says."""
    here = copytree(FUZZ, folder / "fuzz")
    settings = here / "schemathesis.toml"
    text = settings.read_text().replace(STATEFUL, f"max-examples = {max(40, examples // 6)}")
    text = text.replace(EXAMPLES, f"max-examples = {examples}")
    settings.write_text(text if examples < MANY else text.replace(BRIEF, ""))
    command = [
        *(str(PROGRAM), "run", f"{one.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {SECRET}"),
        *("--include-path-regex", WHOLE_API),
    ]
    with anyio.fail_after(TIMEOUT_S):
        run = await anyio.run_process(command, cwd=here, env={"HOME": str(here)}, check=False)
    said = run.stdout.decode() + run.stderr.decode()
    # No pytest.fail: what it raises would break the runner of every asynchronous test after this one.
    assert run.returncode == 0, said
    return said


@pytest.mark.parametrize("examples", [5, pytest.param(MANY, marks=pytest.mark.long)])
async def test_every_endpoint_keeps_its_contract_whatever_comes(
    tmp_path: Path, examples: int
) -> None:
    stakes = RuleStakes({"*": NANO})
    vectors = replace(TOY_VECTORS, traits=("default",), rate_class="small")
    voice = replace(TOY_VOICE, rate_class="small")
    videos = replace(TOY_VIDEOS, rate_class="small")
    ears = replace(TOY_ASR, rate_class="small")
    images = [replace(m, rate_class="small") for m in (TOY_IMAGES, TOY_EDITOR, TOY_UPSCALER)]
    async with (
        sealed_house() as sealed,
        house(
            usd=1_000_000 * NANO,
            enclaves={"enclave": sealed.enclave},
            models=(TOY, TWIN, vectors, voice, ears, videos, *images),
            embedding_engines={"toy-embedder": WordEmbedder()},
            image_engines={"toy-brush": ToyPainter()},
            image_editors={"toy-scissors": ToyEditor()},
            image_upscalers={"toy-glass": ToyUpscaler()},
            speech_engines={"toy-throat": ToySpeaker()},
            transcription_engines={"toy-ear": ToyTranscriber()},
            video_engines={"toy-lens": ToyCamera()},
            video=Video(queue=100_000, account_queue=100_000),
            aliases=NAMES,
            stakes=stakes,
            keys_a_minute=1_000_000,
            dialects=("vllm", "vllm"),  # which count prompts, as count_tokens needs
        ) as one,
    ):
        said = await tried(one, tmp_path, examples)
        listed = [e for e in ENDPOINTS if e.listed and re.match(WHOLE_API, e.path)]
        assert re.search(rf"Tested: {len(listed)}\n", said), said
        assert (await one.client.get("/api/v1/api_keys")).status_code == 200
