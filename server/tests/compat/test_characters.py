"""Characters in the real program, with the real model."""

import time
from pathlib import Path

import openai
import pytest

from cli_program import Fondaco
from program import MODEL, Program, program, until

PIRATE = """
name = "Pirate"
instructions = "You are a pirate. Whatever is asked, answer with the one word: Arrr"
model = "default"
"""


def imports(served: Program, slug: str) -> int:
    reply = served.http.get(f"/api/v1/characters/{slug}")
    assert reply.status_code == 200, reply.text
    count = reply.json()["data"]["stats"]["imports"]
    assert isinstance(count, int)
    return count


def ask(served: Program, slug: str | None, model: str = "default") -> openai.types.CompletionUsage:
    answer = served.client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "Who are you?"}],
        max_tokens=4,
        extra_body={"venice_parameters": {"character_slug": slug}} if slug else None,
    )
    assert answer.model == MODEL
    assert answer.choices[0].message.content
    assert answer.usage is not None
    return answer.usage


def test_the_documents_example_answers_and_is_counted(served: Program) -> None:
    before = imports(served, "alan-watts")
    plain, spoken = ask(served, None), ask(served, "alan-watts")
    assert spoken.prompt_tokens > plain.prompt_tokens + 100
    assert imports(served, "alan-watts") == before + 1


def test_one_added_by_command_answers_within_seconds_and_is_gone_as_soon(
    served: Program, tmp_path: Path
) -> None:
    (tmp_path / "pirate.toml").write_text(PIRATE)
    fondaco = Fondaco(served.home)
    address = "/api/v1/characters/pirate"
    assert served.http.get(address).status_code == 404
    assert fondaco("characters", "add", str(tmp_path / "pirate.toml")).code == 0
    until(lambda: seen(served) == 200, within_s=5)
    ask(served, "pirate", model="gpt-4o")
    assert imports(served, "pirate") == 1
    assert fondaco("characters", "rm", "pirate").code == 0
    until(lambda: seen(served) == 404, within_s=5)
    with pytest.raises(openai.NotFoundError) as refused:
        ask(served, "pirate")
    assert refused.value.response.json()["code"] == "CHARACTER_NOT_FOUND"


def seen(served: Program) -> int:
    time.sleep(0.5)  # failures are counted
    return served.http.get("/api/v1/characters/pirate").status_code


def test_a_broken_file_is_a_line_at_the_start_and_uses_outlive_the_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with program(home) as one:
        ask(one, "maths-coach")
        secret = one.api_key
    (home / "characters").mkdir()
    (home / "characters/broken.toml").write_text('nam = "canary"')
    with program(home, secret) as one:
        assert imports(one, "maths-coach") == 1
        assert one.http.get("/api/v1/characters").json()["data"]
        log = one.log.read_text()
    assert "characters/broken.toml: name is missing." in log
    assert "canary" not in log
