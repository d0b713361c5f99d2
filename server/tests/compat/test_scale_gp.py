"""Scale's own Python client against the program with the embedded model."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
import scale_gp
from scale_gp import SGPClient
from scale_gp.types.beta.chat.chat_completion_chunk_v5 import ChatCompletionChunkV5

from program import MODEL, Program

QUESTION: list[dict[str, object]] = [{"role": "user", "content": "Say hello."}]
HELLO = "19556"
"""A token of the model."""


@pytest.fixture
def client(served: Program) -> Iterator[SGPClient]:
    """A client that checks every reply against its own types."""
    with SGPClient(
        base_url=served.url,
        api_key=served.api_key,
        max_retries=0,
        timeout=120,
        _strict_response_validation=True,
    ) as one:
        yield one


def ask(client: SGPClient, **fields: Any) -> Any:
    """Return the reply as the client reads it."""
    asked = {
        "model": "openai/gpt-3.5-turbo",
        "messages": QUESTION,
        "max_tokens": 8,
        "temperature": 0.0,
        **fields,
    }
    return client.beta.chat.completions.create(**asked)


def said(reply: Any) -> str:
    """Return the first choice's text."""
    return str(reply.choices[0].message.content)


def test_the_documented_name_is_answered_by_the_embedded_model(client: SGPClient) -> None:
    reply = ask(client)
    assert (reply.model, reply.object) == (MODEL, "chat.completion")
    assert said(reply)
    assert reply.system_fingerprint.startswith("fp_")
    assert 0 < reply.usage.completion_tokens <= 8


@pytest.mark.parametrize("name", [MODEL, f"local/{MODEL}", f"embedded/{MODEL}", "venice/default"])
def test_names_with_and_without_a_vendor_are_answered(client: SGPClient, name: str) -> None:
    assert ask(client, model=name, max_tokens=1).model == MODEL


def test_a_stream_says_what_the_whole_reply_says(client: SGPClient) -> None:
    stream = ask(client, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    assert all(isinstance(chunk, ChatCompletionChunkV5) for chunk in chunks)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == said(ask(client))
    assert chunks[-1].usage.completion_tokens > 0


def test_a_tool_is_called(client: SGPClient) -> None:
    schema = {"type": "object", "properties": {"city": {"enum": ["Rome", "Oslo"]}}}
    function = {"name": "weather", "parameters": {**schema, "required": ["city"]}}
    reply = ask(
        client,
        messages=[{"role": "user", "content": "How is the weather in Oslo?"}],
        tools=[{"type": "function", "function": function}],
        tool_choice="required",
        parallel_tool_calls=False,
        max_tokens=64,
    )
    [choice] = reply.choices
    assert choice.finish_reason == "tool_calls"
    [call] = choice.message.tool_calls
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments)["city"] in {"Rome", "Oslo"}


def test_a_schema_holds_the_answer(client: SGPClient) -> None:
    schema = {
        "type": "object",
        "properties": {"answer": {"enum": ["yes", "no"]}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    reply = ask(client, max_tokens=64, extra_body={"guided_json": schema})
    assert json.loads(said(reply)) in ({"answer": "yes"}, {"answer": "no"})


@pytest.mark.parametrize(
    ("constraint", "possible"),
    [
        ({"guided_choice": ["red", "blue"]}, {"red", "blue"}),
        ({"guided_regex": "(red|blue)!"}, {"red!", "blue!"}),
        ({"guided_grammar": 'start: "red" | "blue"'}, {"red", "blue"}),
    ],
)
def test_guides_hold_the_answer(
    client: SGPClient, constraint: dict[str, object], possible: set[str]
) -> None:
    body = {**constraint, "guided_decoding_backend": "outlines"}
    assert said(ask(client, extra_body=body)) in possible


def test_a_template_of_the_callers_is_used(client: SGPClient) -> None:
    template = "{{ before }}{% for m in messages %}{{ m.content }}{% endfor %}"
    fields = {"chat_template": template, "chat_template_kwargs": {"before": "A"}}
    short = ask(client, extra_body=fields).usage.prompt_tokens
    longer = {**fields, "chat_template_kwargs": {"before": "one two three four five six"}}
    assert ask(client, extra_body=longer).usage.prompt_tokens == short + 5
    assert short < ask(client).usage.prompt_tokens


def test_a_bias_of_a_hundred_leaves_no_other_token(client: SGPClient) -> None:
    assert said(ask(client, logit_bias={HELLO: 100}, max_tokens=3)) == "HelloHelloHello"
    assert "Hello" not in said(ask(client, logit_bias={HELLO: -100}))


def test_the_best_of_three_is_answered_and_all_are_charged(client: SGPClient) -> None:
    body = {"best_of": 3, "seed": 5}
    reply = ask(client, temperature=1.5, extra_body=body, logprobs=True)
    assert len(reply.choices) == 1
    assert reply.usage.completion_tokens > len(reply.choices[0].logprobs.content)


def test_memory_and_predictions_are_taken(client: SGPClient) -> None:
    long: list[dict[str, object]] = [{"role": "user", "content": "Tell me a story. " * 50}]
    reply = ask(
        client,
        messages=[*long, *QUESTION],
        prediction={"type": "content", "content": "Hello Hello"},
        extra_body={"memory_strategy": {"name": "last_k", "params": {"k": 1}}},
    )
    assert reply.usage.prompt_tokens == ask(client).usage.prompt_tokens
    assert reply.usage.completion_tokens_details.rejected_prediction_tokens == 2


def test_a_stop_text_is_shown_on_demand(client: SGPClient) -> None:
    stop = said(ask(client))[6:10]
    hidden = said(ask(client, stop=stop))
    assert said(ask(client, stop=stop, extra_body={"include_stop_str_in_output": True})) == (
        hidden + stop
    )


def test_an_answer_that_takes_too_long_is_an_error_of_the_clients(client: SGPClient) -> None:
    endless = {"logit_bias": {HELLO: 100}, "max_tokens": 900}
    with pytest.raises(scale_gp.InternalServerError) as failure:
        ask(client, **endless, extra_body={"inference_timeout": 1})
    assert failure.value.status_code == 504


def test_a_stream_that_breaks_off_is_an_error_of_the_clients(client: SGPClient) -> None:
    endless = {"logit_bias": {HELLO: 100}, "max_tokens": 900, "stream": True}
    with pytest.raises(scale_gp.APIStatusError, match="INFERENCE_TIMEOUT"):
        list(ask(client, **endless, extra_body={"inference_timeout": 1}))


def test_a_bad_key_is_an_error_of_the_clients(client: SGPClient) -> None:
    with pytest.raises(scale_gp.AuthenticationError):
        ask(client.with_options(api_key="unknown"))


def test_another_account_is_an_error_of_the_clients(client: SGPClient) -> None:
    with pytest.raises(scale_gp.PermissionDeniedError):
        ask(client.with_options(account_id="somebody"))


def test_an_unknown_model_is_an_error_of_the_clients(client: SGPClient) -> None:
    with pytest.raises(scale_gp.NotFoundError, match="Did you mean"):
        ask(client, model="local/smollm2-135")


def test_fields_that_contradict_each_other_are_an_error_of_the_clients(client: SGPClient) -> None:
    with pytest.raises(scale_gp.BadRequestError) as failure:
        ask(client, extra_body={"best_of": 1, "suffix": "."}, n=2)
    assert failure.value.body is not None
    details = failure.value.body["details"]  # type: ignore[index]  # JSON
    assert set(details) == {"_errors", "best_of", "suffix"}


def test_models_are_listed_page_by_page(client: SGPClient) -> None:
    listed = list(islice(client.models.list(limit=1), 10))
    assert MODEL in [model.id for model in listed]
    assert len(listed) > 1
    assert len({model.id for model in listed}) == len(listed)
