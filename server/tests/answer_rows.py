"""Documented fields of an earlier answer that is sent back, with a call that shows what becomes of each."""

from typing import Any

from field_rows import Row, used

Json = dict[str, Any]


def back(**fields: object) -> Row:
    """Return a row of what an engine gave with an earlier answer."""
    return Row(
        "passed on",
        {"messages": [{"role": "assistant", "content": "Yes", **fields}]},
        lambda seen: fields.items() <= seen.engine["messages"][0].items(),
        hosted=True,
    )


def called_back(name: str, value: object) -> Row:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return Row(
        "passed on",
        {"messages": [{"role": "assistant", "tool_calls": [{**call, name: value}]}]},
        lambda seen: seen.engine["messages"][0].get("tool_calls", [{}])[0].get(name) == value,
        hosted=True,
    )


CALLED_BACK: Json = {
    "extra_content": {"google": {"thought_signature": "s"}},
    "provider_specific_fields": {"a": 1},
    "thought_signature": "s",
}

ROWS: dict[str, Row] = {
    "messages[].reasoning": used(
        lambda seen: seen.engine["messages"][0].get("reasoning") == "Hm.",
        messages=[{"role": "assistant", "content": "Yes", "reasoning": "Hm."}],
    ),
    "messages[].refusal": back(refusal="No."),
    "messages[].content[].refusal": Row(
        "passed on",
        {"messages": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}]},
        lambda seen: seen.engine["messages"][0].get("refusal") == "No.",
        hosted=True,
    ),
    "messages[].thinking_blocks": back(thinking_blocks=[{"type": "thinking", "signature": "s"}]),
    "messages[].extra_content": back(extra_content={"google": {"thought_signature": "s"}}),
    "messages[].provider_specific_fields": back(provider_specific_fields={"a": [1]}),
    "messages[].reasoning_opaque": back(reasoning_opaque="s"),
    **{
        f"messages[].tool_calls[].{name}": called_back(name, value)
        for name, value in CALLED_BACK.items()
    },
    "messages[].prefix": used(
        lambda seen: seen.engine.get("continue_final_message"),
        messages=[{"role": "assistant", "content": "IdempotencyKey", "prefix": True}],
    ),
}
