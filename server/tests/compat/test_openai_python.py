"""OpenAI's own Python client against the program with the embedded model."""

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from program import FRONTS, MODEL, Program

QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello."}]
TOKEN_IDS = {"Hello": 19556, "I": 57, "!": 17, ",": 28, ".": 30, " you": 346, " to": 288}
"""A few of the model's tokens, of which any answer has one."""


@pytest.fixture(params=FRONTS)
def served(request: pytest.FixtureRequest) -> Program:
    """Each front in turn."""
    one = request.getfixturevalue(request.param)
    assert isinstance(one, Program)
    return one


def ask(served: Program, **fields: object) -> ChatCompletion:
    reply = served.client.chat.completions.create(
        model="default",
        messages=QUESTION,
        **{"max_tokens": 8, "temperature": 0.0, **fields},  # type: ignore[call-overload]  # varied
    )
    assert isinstance(reply, ChatCompletion)
    return reply


def test_a_chat_is_answered_by_the_embedded_model(served: Program) -> None:
    reply = ask(served)
    assert reply.model == MODEL
    assert reply.choices[0].message.content
    assert reply.choices[0].finish_reason in {"stop", "length"}
    assert reply.usage is not None
    assert 0 < reply.usage.completion_tokens <= 8


@pytest.mark.parametrize("name", ["gpt-4o", "venice-uncensored", "llama-3.3-70b", "qwen3-4b"])
def test_names_of_the_documents_are_answered(served: Program, name: str) -> None:
    reply = served.client.chat.completions.create(model=name, messages=QUESTION, max_tokens=1)
    assert reply.model == MODEL


def test_a_stream_says_what_the_whole_reply_says(served: Program) -> None:
    stream = served.client.chat.completions.create(
        model="default",
        messages=QUESTION,
        max_tokens=8,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    whole = ask(served)
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].usage is not None
    assert whole.usage is not None
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


def test_two_choices_are_two_answers_and_both_are_counted(served: Program) -> None:
    reply = ask(served, n=2, temperature=1.5, seed=3, max_tokens=6)
    assert [choice.index for choice in reply.choices] == [0, 1]
    assert all(choice.message.content for choice in reply.choices)
    assert reply.usage is not None
    assert 6 < reply.usage.completion_tokens <= 12


def test_log_probabilities_come_in_the_clients_shape(served: Program) -> None:
    reply = ask(served, logprobs=True, top_logprobs=3, max_tokens=4)
    logprobs = reply.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert "".join(token.token for token in logprobs.content) == reply.choices[0].message.content
    assert all(len(token.top_logprobs) == 3 for token in logprobs.content)
    assert all(token.logprob <= 0 for token in logprobs.content)


def test_a_stop_string_ends_the_answer_before_it(served: Program) -> None:
    free = ask(served, max_tokens=12).choices[0].message.content or ""
    word = free.split()[2]
    cut = ask(served, max_tokens=12, stop=word).choices[0]
    assert cut.finish_reason == "stop"
    assert cut.message.content == free[: free.index(word)]


def test_a_stop_token_ends_the_answer(served: Program) -> None:
    logprobs = ask(served, logprobs=True).choices[0].logprobs
    tokens = [token.token for token in (logprobs and logprobs.content) or ()]
    place, token_id = next((tokens.index(t), i) for t, i in TOKEN_IDS.items() if t in tokens)
    cut = ask(served, extra_body={"stop_token_ids": [token_id]}).choices[0]
    assert cut.finish_reason == "stop"
    assert cut.message.content == "".join(tokens[:place])


def test_the_same_seed_gives_the_same_answer(served: Program) -> None:
    texts = [
        ask(served, temperature=1.0, seed=seed).choices[0].message.content for seed in (5, 5, 6)
    ]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_penalties_and_truncations_are_taken(served: Program) -> None:
    reply = ask(
        served,
        temperature=0.8,
        top_p=0.9,
        frequency_penalty=0.5,
        presence_penalty=0.5,
        extra_body={"top_k": 20, "min_p": 0.05, "repetition_penalty": 1.1},
    )
    assert reply.choices[0].message.content


def test_roles_and_text_parts_are_taken(served: Program) -> None:
    reply = served.client.chat.completions.create(
        model="default",
        max_tokens=3,
        messages=[
            {"role": "developer", "content": "Answer in one word."},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "42"},
        ],
    )
    assert reply.usage is not None
    assert reply.usage.prompt_tokens > 20


def test_models_are_listed(served: Program) -> None:
    assert MODEL in {model.id for model in served.client.models.list()}


def test_a_wrong_key_is_an_authentication_error(served: Program) -> None:
    wrong = served.client.with_options(api_key="wrong")
    with pytest.raises(openai.AuthenticationError):
        wrong.chat.completions.create(model="default", messages=QUESTION)


def test_an_unknown_model_is_a_not_found_error(served: Program) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        served.client.chat.completions.create(model="smollm2-135", messages=QUESTION)
    assert "Did you mean 'smollm2-135m'?" in str(refused.value)
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


def test_a_prompt_beyond_the_context_is_a_bad_request_with_both_numbers(served: Program) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        served.client.chat.completions.create(
            model="default", messages=[{"role": "user", "content": "word " * 2000}]
        )
    assert refused.value.code == "context_length_exceeded"
    assert "1024" in refused.value.message
    assert "20" in refused.value.message


def test_the_limit_without_max_tokens_is_what_the_context_leaves(served: Program) -> None:
    reply = ask(served, max_tokens=None, stop=["."])
    assert reply.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("base", ["/api/v1", "/v1"])
def test_an_error_shows_why_a_request_was_refused(served: Program, base: str) -> None:
    client = served.client.with_options(base_url=f"{served.url}{base}")
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="default", messages=QUESTION, temperature=5)
    assert str(refused.value) == "Error code: 400 - temperature: must be at most 2 (got 5)"
    assert (refused.value.code, refused.value.param) == ("invalid_request", "temperature")
    with pytest.raises(openai.NotFoundError, match=r"not support .*/files'\. Nothing is stored"):
        client.files.list()
    assert client.models.retrieve("gpt-4o").id == MODEL
