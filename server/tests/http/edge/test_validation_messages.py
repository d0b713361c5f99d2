"""What a refused request is told: the first fault in the field's words, and never what the caller said."""

from typing import Any

import pytest

from fondaco.domain.errors import InvalidRequestError
from fondaco.http.apis.openai.chat.request import ChatRequest
from fondaco.http.apis.openai.embedding_schemas import EmbeddingRequest
from fondaco.http.endpoint.bodies import validated

MESSAGES = [{"role": "user", "content": "x"}]


def refusal(model: type[Any], value: object) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        validated(model, value)
    return caught.value


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"temperature": 5}, "temperature: must be at most 2 (got 5)"),
        ({"temperature": -0.5}, "temperature: must be at least 0 (got -0.5)"),
        ({"temperature": "hot"}, "temperature: must be a number, not a string"),
        ({"temperature": True}, "temperature: must be a number (got true)"),
        ({"temperature": []}, "temperature: must be a number, not a list"),
        ({"n": 0}, "n: must be at least 1 (got 0)"),
        ({"n": 1.5}, "n: must be an integer (got 1.5)"),
        ({"seed": 2**63}, f"seed: must be less than {2**63} (got {2**63})"),
        ({"seed": -(10**40)}, "seed: must be at least 0"),
        ({"stream": "yes"}, "stream: must be a boolean, not a string"),
        ({"stream": None, "model": None}, "model: must be a string (got null)"),
        ({"model": ""}, "model: must not be empty"),
        ({"model": {}}, "model: must be a string, not an object"),
        ({"stop": 5}, "stop: must be a string or a list (got 5)"),
        ({"stop": ["a", 1]}, "stop.1: must be a string (got 1)"),
        ({"stop": list("abcde")}, "stop: must have at most 4 items (got 5)"),
        ({"stop": ""}, "stop: must not be empty"),
        ({"stop": "x" * 1001}, "stop: must have at most 1000 characters"),
        ({"venice_parameters": 5}, "venice_parameters: must be an object (got 5)"),
        (
            {"venice_parameters": {"enable_web_search": "maybe"}},
            "venice_parameters.enable_web_search: must be 'auto', 'off' or 'on'",
        ),
        (
            {"venice_parameters": {"enable_websearch": "on"}},
            "venice_parameters.enable_websearch: unknown field. Did you mean 'enable_web_search'?",
        ),
        (
            {"tool_choice": 5},
            "tool_choice: must be 'auto', 'none' or 'required' or an object (got 5)",
        ),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function: field is required"),
        ({"tools": [{"type": "function"}]}, "tools.0.function: field is required"),
        (
            {"response_format": {"type": "json"}},
            "response_format.type: must be one of 'text', 'json_object', 'json_schema'",
        ),
        (
            {"response_format": {"type": "json_schema"}},
            "response_format.json_schema: field is required",
        ),
        ({"messages": []}, "messages: must not be empty"),
        ({"messages": {}}, "messages: must be a list, not an object"),
        ({"messages": [5]}, "messages.0: must be an object, not a number"),
        ({"messages": [{"content": "x"}]}, "messages.0.role: field is required"),
        ({"n": 0, "temperature": 5}, "temperature: must be at most 2 (got 5) (and 1 more fault)"),
    ],
)
def test_the_message_names_the_first_fault(fields: dict[str, object], message: str) -> None:
    error = refusal(ChatRequest, {"model": "toy", "messages": MESSAGES, **fields})
    assert str(error) == message
    assert next(iter(error.faults)) == message.partition(":")[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "user", "content": 4711}]},
        {"messages": [{"role": "user", "content": {"canary": 4711}}]},
        {"messages": [{"role": "canary", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": 4711}]}]},
        {"messages": [{"role": "user", "content": [{"type": "canary"}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": 4711}]}]},
        {"tools": [{"type": "function", "function": {"name": 4711}}]},
        {"metadata": {"a": 4711}},
        {"reasoning_effort": "canary"},
        {"stop": [{"canary": 4711}]},
        {"temperature": "canary 4711"},
    ],
)
def test_what_the_caller_said_is_not_repeated(fields: dict[str, object]) -> None:
    error = refusal(ChatRequest, {"model": "toy", "messages": MESSAGES, **fields})
    told = str(error) + str(error.faults).replace("canary'", "")
    assert "4711" not in told
    assert "canary" not in str(error)


def test_token_ids_are_content() -> None:
    error = refusal(EmbeddingRequest, {"model": "toy", "input": [[1, -4711]]})
    assert str(error) == "input.0.1: must be at least 0"


def test_a_value_of_an_accepted_type_is_refused_only_for_its_content() -> None:
    content = [{"type": "text", "text": "x"}, {"type": "text"}]
    body = {"model": "toy", "messages": [{"role": "user", "content": content}]}
    assert refusal(ChatRequest, body).faults == {
        "messages.0.content.1.text": ("Field is required",)
    }


def test_a_body_that_is_no_object_is_reported_without_a_field_name() -> None:
    assert str(refusal(ChatRequest, [])) == "Must be an object, not a list"


def test_names_and_their_number_are_bounded() -> None:
    body = {"model": "toy", "venice_parameters": {"x" * 10_000: 1, "y" * 10_000: 2}}
    error = refusal(ChatRequest, body)
    assert str(error).startswith("messages: field is required (and 2 more faults)")
    error = refusal(ChatRequest, {**body, "messages": MESSAGES})
    assert len(str(error)) < 600
