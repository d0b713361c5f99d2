"""Parameters of a chat at the program with the embedded model."""

from typing import Any

import pytest

from program import Program

QUESTION = [{"role": "user", "content": "Tell me a story."}]


def ask(served: Program, **fields: object) -> dict[str, Any]:
    reply = served.client.chat.completions.with_raw_response.create(
        model="default",
        messages=QUESTION,  # type: ignore[arg-type]  # one of its shapes
        max_completion_tokens=6,
        extra_body=fields,
    )
    ignored = reply.headers.get("x-fondaco-ignored-params")
    told: dict[str, Any] = reply.http_response.json()
    return {**told, "ignored": ignored}


def texts(reply: dict[str, Any]) -> list[str]:
    return [choice["message"]["content"] for choice in reply["choices"]]


@pytest.mark.parametrize("n", [1, 3])
def test_the_same_seed_and_request_get_the_same_answer(served: Program, n: int) -> None:
    asked = {"temperature": 1.5, "n": n}
    first = texts(ask(served, **asked, seed=11))
    assert texts(ask(served, **asked, seed=11)) == first
    assert len(set(first)) == n, "each choice has a seed of its own"
    assert texts(ask(served, **asked, seed=211)) != first


def test_several_choices_pay_their_prompt_once(served: Program) -> None:
    one, three = (ask(served, n=n)["usage"] for n in (1, 3))
    assert three["prompt_tokens"] == one["prompt_tokens"]
    assert three["completion_tokens"] > one["completion_tokens"]


@pytest.mark.parametrize("top", [0, 1, 20])
def test_as_many_likely_tokens_are_shown_as_were_asked_for(served: Program, top: int) -> None:
    reply = ask(served, logprobs=True, top_logprobs=top)
    shown = reply["choices"][0]["logprobs"]["content"]
    assert shown
    assert {len(token["top_logprobs"]) for token in shown} == {top}


def test_a_temperature_may_move(served: Program) -> None:
    still = texts(ask(served, temperature=0))
    assert texts(ask(served, min_temp=0, max_temp=0)) == still
    assert texts(ask(served, min_temp=1.9, max_temp=2, seed=1)) != still


def test_a_reply_has_no_log_probabilities_of_the_prompt(served: Program) -> None:
    assert ask(served, logprobs=True)["prompt_logprobs"] is None


def test_what_means_nothing_to_the_embedded_engine_is_named(served: Program) -> None:
    hints = {"metadata": {"a": "b"}, "store": False, "prompt_cache_key": "k", "include": ["x"]}
    assert ask(served, **hints)["ignored"] == "include, metadata, prompt_cache_key, store"
    assert ask(served, user="ann", stop=["x"])["ignored"] is None
