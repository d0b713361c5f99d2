"""The platform's own prompt, on the real program with the real model."""

from pathlib import Path

from program import MODEL, Program, program

TAKEN = {f"FONDACO_MODELS__{MODEL.upper().replace('-', '_')}__SYSTEM_PROMPT": "true"}


def prompt_tokens(one: Program, model: str) -> int:
    answer = one.client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Say hello."}], max_tokens=1
    )
    assert answer.usage is not None
    return answer.usage.prompt_tokens


def test_models_that_support_it_receive_it_and_callers_can_decline(tmp_path: Path) -> None:
    with program(tmp_path, environ=TAKEN) as one:
        declined = prompt_tokens(one, "default:include_venice_system_prompt=false")
        assert prompt_tokens(one, "default") != declined
    with program(tmp_path, one.api_key) as one:
        assert prompt_tokens(one, "default") == declined
    with program(tmp_path, one.api_key, {**TAKEN, "FONDACO_CHAT__SYSTEM_PROMPT": ""}) as one:
        assert prompt_tokens(one, "default") == declined
