"""Guard: every code block of the documentation has a language, and each language somebody who runs or checks it."""

import re
from pathlib import Path

import pytest

from guards.source import ROOT
from pages.blocks import PAGES, Block, blocks, blocks_of
from pages.command_lines import faults
from pages.formats import CHECKS

RUN = {"python", "console", "bash", "js"}
"""The pages' own tests run them: see the root's `conftest.py`."""
BY_A_PROXY = {"nginx", "caddyfile", "haproxy"}
"""`wire/test_documented_proxies.py` hands them to the programs."""
READ = {"text", "markdown"}
"""Output, and layouts: there is nothing to run."""
COMMAND = re.compile(r"^(?:\$ |(?:fondaco|curl|make|pip|docker) )", re.MULTILINE)
SKIP = re.compile(r"^ *<!--- skip: (?P<action>\w+)(?: \"(?P<reason>.*)\")? -->$", re.MULTILINE)
MARKED = re.compile(r"skip: \w+.*-->")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_has_a_language_that_is_run_or_checked(page: Path) -> None:
    known = RUN | BY_A_PROXY | READ | CHECKS.keys()
    assert [str(block) for block in blocks_of(page) if block.language not in known] == []


@pytest.mark.parametrize("block", blocks(*CHECKS), ids=str)
def test_a_block_is_valid(block: Block, tmp_path: Path) -> None:
    CHECKS[block.language](block, tmp_path)


@pytest.mark.parametrize("block", blocks("text"), ids=str)
def test_no_command_passes_as_text(block: Block) -> None:
    assert COMMAND.findall(block.text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_block_that_is_not_run_says_why_in_a_sentence(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    skips = list(SKIP.finditer(text))
    assert len(skips) == len(MARKED.findall(text))
    for skip in skips:
        reason = skip["reason"] or ""
        assert reason[:1].isupper(), skip[0]
        assert reason.endswith("."), skip[0]


@pytest.mark.parametrize(
    "script",
    [
        "if true; then",
        "fondaco serv",
        "fondaco keys show",
        "cat notes | fondaco chat --no-such-option",
        "A=1 /opt/bin/fondaco keys list surplus > file",
        "sudo -u nobody fondaco keys make",
        "cat <(fondaco keys)",
        "make such-a-target",
        "cat <<END && fondaco keys\nfondaco serve\nEND",
    ],
)
def test_a_command_that_cannot_be_meant_is_found(script: str) -> None:
    assert len(list(faults(f"{script}\n"))) == 1


@pytest.mark.parametrize(
    "script",
    [
        "sudo fondaco serve  # fondaco serv",
        "cat > file <<'END'\nfondaco serv\nEND",
        "docker run fondaco && make test ARGS=-x",
        "fondaco completion bash > fondaco",
    ],
)
def test_only_commands_are_parsed(script: str) -> None:
    assert list(faults(f"{script}\n")) == []
