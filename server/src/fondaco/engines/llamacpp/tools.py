r"""Functions for embedded models: how they are told of them, and how their calls are written.

A call is JSON within tags, as most open models were tuned to write it; or the same JSON fenced or
bare, as small ones do all the same. Measured with Qwen2.5 Coder 0.5B: it calls the right one of four
functions if it may leave the tags out, and only talks about it if it may not; and it calls one for
questions that need none, unless it is told not to.
"""

import json
from collections.abc import Iterable

import orjson

from fondaco.domain.chat import Wishes
from fondaco.domain.form import Form, JsonSchema
from fondaco.domain.tooling import Named, Tool, Tooling
from fondaco.engines.llamacpp import grammars

TAG = "<tool_call>"
_TAGS, _FENCE, _NOTHING = (f"{TAG}\n", "\n</tool_call>"), ("```json\n", "\n```"), ("", "")
_FURTHER_CALLS = "{0,7}"
"""After the first one of an answer: a small model would go on until the end of all tokens."""
_IF_NEEDED = "Use a function whenever one fits the request; answer in plain words if none does."
_HOW = (
    "To call a function, write its name and its arguments as JSON within tags:\n"
    f'{TAG}\n{{"name": "function", "arguments": {{"argument": "value"}}}}\n</tool_call>'
)
_NO_ARGUMENTS = {"type": "object", "properties": {}, "additionalProperties": False}
_COMBINING = {"allOf", "anyOf", "oneOf", "$ref", "patternProperties", "unevaluatedProperties"}
_WORDS = r"/(?s:.+)/ & ~/(\s|\{|```json)(?s:.*)/"
"""Whatever does not begin like a call."""


def instructions(tooling: Tooling, *, shown: bool) -> str:
    """Return what a model is told before the conversation; perhaps nothing.

    Args:
        tooling: what it may call.
        shown: whether its template shows it the functions; else the text does.
    """
    told = [] if tooling.choice != "auto" else [_IF_NEEDED]
    if not shown:
        known = "\n".join(orjson.dumps(one).decode() for one in signatures(tooling))
        told += [f"You may call these functions:\n{known}", _HOW]
    return "\n\n".join(told)


def signatures(tooling: Tooling) -> list[dict[str, object]]:
    """Return the functions that may be called, as templates take them."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description or "",
                "parameters": orjson.loads(tool.parameters) if tool.parameters else _NO_ARGUMENTS,
            },
        }
        for tool in tooling.callable
    ]


def call(name: str, arguments: object) -> str:
    """Return a call as a model writes it."""
    spelled = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return spelled.join(_TAGS)


def result(text: str) -> str:
    """Return what a function gave back, for a model whose template has no place for it."""
    return f"<tool_response>\n{text}\n</tool_response>"


def openings(wishes: Wishes) -> dict[str, tuple[str, str]]:
    """Return what calls begin with, up to their arguments: text -> name, and what ends the call."""
    callable_tools = () if wishes.tooling is None else wishes.tooling.callable
    return {
        before + _envelope(tool.name): (tool.name, "}" + after)
        for before, after in _manners(wishes.form)
        for tool in callable_tools
    }


def grammar_of(wishes: Wishes) -> str | None:
    """Return the grammar of an answer, where its form is not left to the model."""
    tooling, form = wishes.tooling, wishes.form
    if tooling is not None and tooling.callable:
        held = grammar(tooling, form)
    elif form is not None:
        held = grammars.of_schema(_schema(form))
    else:
        return None
    return grammars.after(wishes.form_after, held) if wishes.form_after else held


def grammar(tooling: Tooling, form: Form | None) -> str:
    """Return the grammar of an answer that may or must call functions.

    Where a form is wanted it holds for what is said in place of a call.
    """
    several = tooling.parallel and not isinstance(tooling.choice, Named)
    rules = ["start: " + " | ".join(_answers(tooling, form))]
    for number, (before, after) in enumerate(_manners(form)):
        begin, end, further = map(_quoted, (before, after, f"\n{before}"))
        again = f"({further} call {end}){_FURTHER_CALLS}" if several else ""
        rules.append(f"calls_{number}: {begin} call {end} {again}")
    if tooling.choice == "auto":
        rules += _words(form, several=several)
    names = [f"call_{number}" for number in range(len(tooling.callable))]
    rules.append(f"call: {' | '.join(names)}")
    for name, tool in zip(names, tooling.callable, strict=True):
        rules.append(f'{name}: {_quoted(_envelope(tool.name))} {_arguments(tool)} "}}"')
    return grammars.grammar(*rules)


def _answers(tooling: Tooling, form: Form | None) -> Iterable[str]:
    yield from (f"calls_{number}" for number in range(len(_manners(form))))
    if tooling.choice == "auto":
        yield from ("words",) if form else ("WORDS", "spoken further")


def _words(form: Form | None, *, several: bool) -> list[str]:
    """Return the rules for what is said in place of a call, or before it."""
    if form is not None:
        return [f"words: {grammars.json_of(_schema(form))}"]
    (_, end), tag = map(_quoted, _TAGS), _quoted(TAG)
    again = f"({_quoted(chr(10) + _TAGS[0])} call {end}){_FURTHER_CALLS}" if several else ""
    return [
        f"WORDS: {_WORDS} & ~/(?s:.*){TAG}(?s:.*)/",
        f"spoken[suffix={tag}]: {_WORDS}",
        f'further: "\\n" call {end} {again}',
    ]


def _schema(form: Form) -> str:
    return form.schema if isinstance(form, JsonSchema) else grammars.ANY_OBJECT


def _manners(form: Form | None) -> tuple[tuple[str, str], ...]:
    """Return what stands around a call; JSON alone is one only where no other JSON is wanted."""
    return (_TAGS,) if form else (_TAGS, _FENCE, _NOTHING)


def _envelope(name: str) -> str:
    return f'{{"name": "{name}", "arguments": '


def _arguments(tool: Tool) -> str:
    """Return the rule of a tool's arguments: what its schema leaves open is left out."""
    schema = _NO_ARGUMENTS if tool.parameters is None else orjson.loads(tool.parameters)
    open_ended = _COMBINING.isdisjoint(schema)
    closed = {"additionalProperties": False} if open_ended else {}
    return grammars.json_of(orjson.dumps({"type": "object", **closed, **schema}).decode())


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()
