r"""Tools for embedded models: instructions in the prompt, and the grammar of calls.

A call is JSON within tags, as most open models were tuned to write it; or the same JSON fenced or
bare, as small ones do all the same. Measured with Qwen2.5 Coder 0.5B: it calls the right one of four
functions if it may leave the tags out, and only talks about it if it may not; and it calls one for
questions that need none, unless instructed not to.
"""

import json
from collections.abc import Iterator

import orjson

from fondaco.domain.chat.message import Role
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.chat.tools import NamedTool, Tool, ToolOptions
from fondaco.engines.llamacpp import grammars

TAG = "<tool_call>"
_TAGS, _FENCE, _NOTHING = (f"{TAG}\n", "\n</tool_call>"), ("```json\n", "\n```"), ("", "")
_FURTHER_CALLS = "{0,7}"
"""Calls after the first one: a small model would continue up to the output limit."""
_IF_NEEDED = (
    "Use a function whenever one fits the request; answer in plain words if none does. "
    "Once you have the result, answer with it."
)
_HOW = (
    "To call a function, write its name and its arguments as JSON within tags:\n"
    f'{TAG}\n{{"name": "function", "arguments": {{"argument": "value"}}}}\n</tool_call>'
)
_NO_ARGUMENTS = {"type": "object", "properties": {}, "additionalProperties": False}
_COMBINING = {"allOf", "anyOf", "oneOf", "$ref", "patternProperties", "unevaluatedProperties"}
_WORDS = r"/(?s:.+)/ & ~/(\s|\{|```json)(?s:.*)/"
"""Text that does not start like a call."""
_WORDS_ON_RESULTS = r"/(?s:.+)/ & ~/(\s|\{|```|<)(?s:.*)/"
"""Given results, a small model would repeat them, fenced or tagged."""


def instructions(tool_options: ToolOptions, *, shown: bool) -> str:
    """Return the instructions about functions; may be empty.

    Args:
        tool_options: the functions.
        shown: whether the model's template lists the functions; else the instructions do.
    """
    paragraphs = [] if tool_options.choice != "auto" else [_IF_NEEDED]
    if not shown:
        functions = "\n".join(orjson.dumps(one).decode() for one in signatures(tool_options))
        paragraphs += [f"You may call these functions:\n{functions}", _HOW]
    return "\n\n".join(paragraphs)


def signatures(tool_options: ToolOptions) -> list[dict[str, object]]:
    """Return the callable functions in the format of templates."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description or "",
                "parameters": orjson.loads(tool.parameters) if tool.parameters else _NO_ARGUMENTS,
            },
        }
        for tool in tool_options.callable
    ]


def call(name: str, arguments: object) -> str:
    """Return a call as a model writes it."""
    call_json = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return call_json.join(_TAGS)


def result(text: str) -> str:
    """Return a function's result as text, for a model whose template has no tool role."""
    return f"<tool_response>\n{text}\n</tool_response>"


def openings(request: ChatRequest) -> dict[str, tuple[str, str]]:
    """Return the openings of calls up to their arguments: text -> name, and the closing text."""
    tool_options = request.options.tool_options
    return {
        before + _envelope(tool.name): (tool.name, "}" + after)
        for before, after in _wrappers(request)
        for tool in (() if tool_options is None else tool_options.callable)
    }


def grammar_of(request: ChatRequest) -> str | None:
    """Return the grammar of an answer, where its output format is not left to the model.

    With functions, an output format applies to text that replaces a call.
    """
    tool_options, output_format = request.options.tool_options, request.options.output_format
    if tool_options is not None and tool_options.callable:
        rules = grammars.grammar(*_rules(request, tool_options))
    elif output_format is not None:
        rules = grammars.grammar(f"start: {grammars.symbol(output_format)}")
    else:
        return None
    return (
        grammars.after(request.options.format_after, rules)
        if request.options.format_after
        else rules
    )


def _rules(request: ChatRequest, tool_options: ToolOptions) -> Iterator[str]:
    several = tool_options.parallel and not isinstance(tool_options.choice, NamedTool)
    wrappers, tools = _wrappers(request), tool_options.callable
    answers = [f"calls_{number}" for number in range(len(wrappers))]
    if tool_options.choice == "auto":
        answers += ["words"] if request.options.output_format else ["WORDS", "spoken further"]
    yield f"start: {' | '.join(answers)}"
    for number, (before, after) in enumerate(wrappers):
        yield f"calls_{number}: {_quoted(before)} {_calls(before, after, several=several)}"
    if tool_options.choice == "auto":
        yield from _words(request, several=several)
    yield f"call: {' | '.join(f'call_{number}' for number in range(len(tools)))}"
    for number, tool in enumerate(tools):
        yield f'call_{number}: {_quoted(_envelope(tool.name))} {_arguments(tool)} "}}"'


def _words(request: ChatRequest, *, several: bool) -> Iterator[str]:
    """Yield the rules for text instead of calls, or before them."""
    if request.options.output_format is not None:
        yield f"words: {grammars.symbol(request.options.output_format)}"
        return
    words = _WORDS_ON_RESULTS if _has_results(request) else _WORDS
    yield f"WORDS: {words} & ~/(?s:.*){TAG}(?s:.*)/"
    yield f"spoken[suffix={_quoted(TAG)}]: {words}"
    yield f'further: "\\n" {_calls(*_TAGS, several=several)}'


def _calls(before: str, after: str, *, several: bool) -> str:
    """Return the rule for calls whose beginning has been written."""
    end, further = _quoted(after), _quoted(f"\n{before}")
    again = f" ({further} call {end}){_FURTHER_CALLS}" if several else ""
    return f"call {end}{again}"


def _wrappers(request: ChatRequest) -> tuple[tuple[str, str], ...]:
    """Return the text that may surround a call.

    JSON alone is one only where no other JSON is wanted; and a small model that is shown results would
    call and call again, were it not for the tag.
    """
    return (
        (_TAGS,)
        if request.options.output_format or _has_results(request)
        else (_TAGS, _FENCE, _NOTHING)
    )


def _has_results(request: ChatRequest) -> bool:
    return bool(request.messages) and request.messages[-1].role is Role.TOOL


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
