"""Clients of raw completions against the program with the embedded model.

OpenAI's client and LangChain are installed for every run of the tests; the others are tried where they are
there.
"""

import importlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from program import MODEL, Program

NAME = "gpt-3.5-turbo-instruct"
"""What programs written for OpenAI ask for."""
PROMPT = "The capital of France is"
SAID = " Paris"
LARGE = "a large package, tried by hand: `uv pip install {package}` runs this test, too"
NODE = Path(__file__).parent / "node"


def library(module: str, package: str) -> ModuleType:
    """Return a client's module, or skip."""
    try:
        return importlib.import_module(module)
    except ImportError:
        pytest.skip(LARGE.format(package=package))


def account(served: Program) -> tuple[str, str]:
    """Return base URL and key."""
    return str(served.client.base_url), str(served.client.api_key)


def test_openai_continues_a_prompt_at_both_addresses(served: Program) -> None:
    for base_url in (f"{served.url}/v1", f"{served.url}/api/v1"):
        client = served.client.with_options(base_url=base_url)
        reply = client.completions.create(model=NAME, prompt=PROMPT, max_tokens=4, temperature=0)
        assert reply.object == "text_completion"
        assert reply.model == MODEL
        assert reply.choices[0].text.startswith(SAID)
        assert reply.choices[0].finish_reason == "length"
        assert reply.usage is not None
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (5, 4)


def test_openai_streams_what_it_gets_whole(served: Program) -> None:
    prompts = [PROMPT, "One, two,"]
    client = served.client.completions
    whole = client.create(model=NAME, prompt=prompts, max_tokens=4, temperature=0)
    stream = client.create(
        model=NAME,
        prompt=prompts,
        max_tokens=4,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    texts = ["", ""]
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        texts[choice.index] += choice.text
    assert texts == [choice.text for choice in whole.choices]
    for usage in (chunks[-1].usage, whole.usage):  # of which one may have been cached
        assert usage is not None
        assert (usage.completion_tokens, usage.total_tokens - usage.prompt_tokens) == (8, 8)


def test_one_call_of_several_prompts_is_charged_once_for_what_it_used(served: Program) -> None:
    reply = served.client.completions.create(
        model=NAME, prompt=["Red, green,", "North, south,"], max_tokens=3, n=2, seed=1
    )
    assert reply.usage is not None
    call = reply.id.partition("-")[2]
    units = {row.sku: row.units for row in served.charged() if row.call_id == call}
    details = reply.usage.prompt_tokens_details
    assert details is not None
    cached = details.cached_tokens or 0
    assert units[f"{MODEL}-llm-output-mtoken"] == reply.usage.completion_tokens == 12
    fresh = units.get(f"{MODEL}-llm-input-mtoken", 0)
    assert fresh + cached == reply.usage.prompt_tokens
    assert len({row.call_id for row in served.charged() if row.call_id == call}) == 1


def test_a_prompt_is_scored_as_evaluations_do(served: Program) -> None:
    """lm-evaluation-harness asks like this: the likelier continuation has the higher sum."""

    def likelihood(end: str) -> float:
        reply = served.client.completions.create(
            model=NAME, prompt=PROMPT + end, max_tokens=1, logprobs=1, echo=True, temperature=0
        )
        told = reply.choices[0].model_dump()
        scores = told["logprobs"]["token_logprobs"]
        assert told["text"].startswith(PROMPT + end)
        assert len(scores) == len(told["logprobs"]["tokens"])
        assert scores[0] is None
        return float(sum(scores[5:-1]))

    assert likelihood(" Paris") > likelihood(" banana")


def test_langchain_completes_batches_and_streams(served: Program) -> None:
    langchain = library("langchain_openai", "langchain-openai")
    base_url, key = account(served)
    model = langchain.OpenAI(
        base_url=base_url, api_key=key, model=NAME, max_tokens=4, temperature=0
    )
    assert model.invoke(PROMPT).startswith(SAID)
    assert [text.startswith(SAID) for text in model.batch([PROMPT, PROMPT])] == [True, True]
    assert "".join(model.stream(PROMPT)) == model.invoke(PROMPT)


def test_llama_index_completes_by_default(served: Program) -> None:
    llama_index = library("llama_index.llms.openai_like", "llama-index-llms-openai-like")
    base_url, key = account(served)
    model = llama_index.OpenAILike(
        api_base=base_url, api_key=key, model=NAME, max_tokens=4, temperature=0
    )
    assert model.complete(PROMPT).text.startswith(SAID)
    assert "".join(piece.delta for piece in model.stream_complete(PROMPT)).startswith(SAID)


def test_dspy_completes_text(served: Program) -> None:
    dspy = library("dspy", "dspy")
    base_url, key = account(served)
    model = dspy.LM(
        f"text-completion-openai/{NAME}",
        model_type="text",
        api_base=base_url,
        api_key=key,
        max_tokens=4,
        temperature=0,
    )
    assert model(PROMPT)[0]


def test_llm_runs_its_completion_model(served: Program, tmp_path: Path) -> None:
    if shutil.which("llm") is None:
        pytest.skip(LARGE.format(package="llm"))
    base_url, key = account(served)
    ended = subprocess.run(
        ["llm", "-m", NAME, "-o", "max_tokens", "4", "-o", "temperature", "0", PROMPT],
        env={
            **os.environ,  # noqa: TID251 - handed on to the child
            "LLM_USER_PATH": str(tmp_path),
            "OPENAI_BASE_URL": base_url,
            "OPENAI_API_KEY": key,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Paris" in ended.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
@pytest.mark.skipif(
    not (NODE / "node_modules" / "openai").is_dir(),
    reason="the npm client is not installed: run `make test`, or `npm ci` in server/tests/compat/node",
)
def test_the_npm_client_completes_whole_and_streamed(served: Program) -> None:
    base_url, key = account(served)
    ended = subprocess.run(
        ["node", "completions.mjs"],
        cwd=NODE,
        env={**os.environ, "OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": key},  # noqa: TID251 - handed on
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert seen["whole"].startswith(SAID)
    assert seen["streamed"] == seen["whole"]
    assert seen["refused"] == {"status": 400, "param": "suffix"}
