"""Every documented field of a chat call, with a call that shows what becomes of it."""

import base64
import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import httpx2

from fake_upstream import Script, saying, speak

Json = dict[str, Any]
Treatment = Literal["used", "passed on", "named as ignored", "discarded"]


@dataclass
class Seen:
    """An answered call."""

    reply: httpx2.Response
    engine: Json
    """The body that the engine got."""

    @property
    def choices(self) -> list[Json]:
        found: list[Json] = self.reply.json()["choices"]
        return found

    @property
    def message(self) -> Json:
        found: Json = self.choices[0]["message"]
        return found

    @property
    def events(self) -> list[Json]:
        lines = self.reply.text.split("\n\n")
        return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]

    @property
    def asked(self) -> str:
        """The latest message, as the engine got it."""
        return str(self.engine["messages"][-1]["content"])

    @property
    def ignored(self) -> list[str]:
        return self.reply.headers.get("x-fondaco-ignored-params", "").split(", ")

    @property
    def output(self) -> int:
        return int(self.reply.json()["usage"]["completion_tokens"])


@dataclass
class Row:
    """What becomes of a field."""

    treatment: Treatment
    asked: Json
    """The field, in what else it needs."""
    shown: Callable[[Seen], object]
    """True of the call with the field, and false of the call without it."""
    beside: Json = field(default_factory=dict)
    """What the call without it asks."""
    hosted: bool = False
    """Whether a hosted engine is asked, else one's own."""
    says: Script = speak
    """What the engine answers."""


def used(shown: Callable[[Seen], object], **asked: Any) -> Row:
    return Row("used", asked, shown)


def passed_on(**asked: Any) -> Row:
    told = {name: value for name, value in asked.items() if name != "model"}
    return Row("passed on", asked, lambda seen: told.items() <= seen.engine.items())


def hint(name: str, value: Any, told: Json) -> Row:
    shown = passed_on(**told).shown
    return Row("passed on", {name: value}, shown, hosted=True)


def named(name: str, **asked: Any) -> Row:
    return Row("named as ignored", asked, lambda seen: name in seen.ignored)


def discarded(beside: Json | None = None, **asked: Any) -> Row:
    return Row("discarded", asked, lambda seen: seen.reply.status_code == 200, beside or {})


def said(**message: Any) -> Row:
    """Return a row of a message that the engine gets as it is."""
    return passed_on(messages=[{"role": "user", "content": "Hi"}, message])


def shown(kind: str, content: Any) -> Row:
    """Return a row of a part that the engine gets as it is."""
    parts = [{"type": "text", "text": "What is it?"}, {"type": kind, kind: content}]
    row = passed_on(messages=[{"role": "user", "content": parts}])
    return replace(row, asked={**row.asked, "model": "seer"})


def cached(**control: Any) -> Row:
    part = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral", **control}}
    return named("messages.content.cache_control", messages=[{"role": "user", "content": [part]}])


def web(shown: Callable[[Seen], object], both: Json | None = None, **wanted: Any) -> Row:
    """Return a row of venice_parameters; `both` are those of the call without the field, too."""
    beside = {"messages": SEE, "venice_parameters": both or {}}
    asked = {"messages": SEE, "venice_parameters": {**(both or {}), **wanted}}
    return Row("used", asked, shown, beside)


ALOUD = ["text", "audio"]
WAV = {"format": "wav"}


def is_wav(seen: Seen) -> object:
    return base64.b64decode(seen.message["audio"]["data"]).startswith(b"RIFF")


def thought(seen: Seen) -> object:
    return seen.message.get("reasoning_content")


def chunk(delta: Json, reason: str | None = None) -> Json:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def picture() -> str:
    """Return a PNG of 64 by 64 pixels as a data URL."""
    head = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 65 * 64)
    png = b"\x89PNG\r\n\x1a\n"
    for kind, content in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")):
        check = struct.pack(">I", zlib.crc32(kind + content))
        png += struct.pack(">I", len(content)) + kind + content + check
    return f"data:image/png;base64,{b64encode(png).decode()}"


URL = "https://a.test/rialto"
SEE = [{"role": "user", "content": f"See {URL} now."}]
SEARCH: Json = {"enable_web_search": "on"}
THINKING = saying(chunk({"content": "<think>Hm.</think>"}), chunk({"content": "Yes."}, "stop"))
JSON = saying(chunk({"content": '{"age":7}'}, "stop"))
CALL = {"id": "c1", "type": "function", "function": {"name": "age", "arguments": '{"age":7}'}}
CALLING = saying(chunk({"tool_calls": [{"index": 0, **CALL}]}, "tool_calls"))
SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
FUNCTION = {"name": "age", "description": "How old.", "parameters": SCHEMA, "strict": True}
TOOLS: Json = {"tools": [{"type": "function", "function": FUNCTION}]}
NAMED = {"type": "function", "function": {"name": "age"}}
FORM = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}}
EXCHANGE = {"role": "assistant", "content": None, "tool_calls": [CALL]}

thinker = {"model": "thinker"}
calls = replace(passed_on(**TOOLS), says=CALLING)
chooses = replace(passed_on(**TOOLS, tool_choice=NAMED), says=CALLING, beside=TOOLS)
forms = replace(passed_on(response_format=FORM), says=JSON)
thinks = replace(
    passed_on(reasoning_effort="high"), asked={**thinker, "reasoning": {"effort": "high"}}
)
reports = Row(
    "used",
    {"stream": True, "stream_options": {"include_usage": True}},
    lambda seen: seen.events[-1].get("usage"),
    {"stream": True},
)
DETAILS: dict[str, Json] = {
    "data": {"data": "AAAA"},
    "format": {"format": "x"},
    "id": {"id": "r1"},
    "index": {"index": 0},
}
finds: Json = {"messages": SEE, "venice_parameters": SEARCH, "stream": True}

ROWS: dict[str, Row] = {
    "model": used(lambda seen: seen.reply.json()["model"] == "seer", model="seer"),
    # How long, how many, and how they come.
    "max_completion_tokens": used(lambda seen: seen.output == 3, max_completion_tokens=3),
    "max_tokens": used(lambda seen: seen.output == 3, max_tokens=3),
    "n": used(lambda seen: len(seen.choices) == 2, n=2),
    "stop": used(lambda seen: seen.output < 10, stop=["e", " t"]),
    "stop_token_ids": passed_on(stop_token_ids=[7]),
    "stream": used(lambda seen: "event-stream" in seen.reply.headers["content-type"], stream=True),
    "stream_options": reports,
    "stream_options.include_usage": reports,
    "modalities": used(lambda seen: seen.message.get("audio"), modalities=ALOUD),
    "audio": Row("used", {"modalities": ALOUD, "audio": WAV}, is_wav, {"modalities": ALOUD}),
    "audio.format": Row("used", {"modalities": ALOUD, "audio": WAV}, is_wav, {"modalities": ALOUD}),
    "audio.voice": Row(
        "used",
        {"modalities": ALOUD, "audio": {"voice": "bf_emma"}},
        lambda seen: seen.reply.headers["x-fondaco-voice"] == "bf_emma",
        {"modalities": ALOUD},
    ),
    "logprobs": used(lambda seen: seen.choices[0]["logprobs"], logprobs=True),
    "top_logprobs": Row(
        "used",
        {"logprobs": True, "top_logprobs": 2},
        lambda seen: len(seen.choices[0]["logprobs"]["content"][0]["top_logprobs"]) == 2,
        {"logprobs": True},
    ),
    # How tokens are drawn.
    "temperature": passed_on(temperature=1.25),
    "top_p": passed_on(top_p=0.25),
    "top_k": passed_on(top_k=5),
    "min_p": passed_on(min_p=0.125),
    "frequency_penalty": passed_on(frequency_penalty=0.5),
    "presence_penalty": passed_on(presence_penalty=0.5),
    "repetition_penalty": passed_on(repetition_penalty=1.5),
    "seed": passed_on(seed=7),
    "min_temp": used(lambda seen: seen.engine.get("dynatemp_range"), min_temp=0.2),
    "max_temp": used(lambda seen: seen.engine.get("dynatemp_range"), max_temp=1.5),
    # Messages.
    "messages": said(role="user", content="Who?"),
    "messages[].role": said(role="assistant", content="I"),
    "messages[].content": said(role="user", content=[{"type": "text", "text": "Who?"}]),
    "messages[].name": said(role="user", content="Who?", name="ann"),
    "messages[].content[].type": said(role="user", content=[{"type": "text", "text": "Who?"}]),
    "messages[].content[].text": said(role="system", content=[{"type": "text", "text": "Who?"}]),
    "messages[].content[].cache_control": cached(),
    "messages[].content[].cache_control.type": cached(),
    "messages[].content[].cache_control.ttl": cached(ttl="1h"),
    "messages[].content[].image_url": shown("image_url", {"url": picture()}),
    "messages[].content[].image_url.url": shown("image_url", {"url": picture()}),
    "messages[].content[].image_url.detail": shown(
        "image_url", {"url": picture(), "detail": "low"}
    ),
    "messages[].content[].input_audio": shown("input_audio", {"data": "AAAA", "format": "wav"}),
    "messages[].content[].input_audio.data": shown(
        "input_audio", {"data": "BBBB", "format": "wav"}
    ),
    "messages[].content[].input_audio.format": shown(
        "input_audio", {"data": "AAAA", "format": "mp3"}
    ),
    "messages[].content[].video_url": shown("video_url", {"url": "data:video/mp4;base64,AAAA"}),
    "messages[].content[].video_url.url": shown("video_url", {"url": "data:video/mp4;base64,BBBB"}),
    "messages[].tool_calls": said(**EXCHANGE),
    "messages[].tool_calls[].id": said(**EXCHANGE),
    "messages[].tool_calls[].type": said(**EXCHANGE),
    "messages[].tool_calls[].function": said(**EXCHANGE),
    "messages[].tool_calls[].function.name": said(**EXCHANGE),
    "messages[].tool_calls[].function.arguments": said(**EXCHANGE),
    "messages[].tool_call_id": said(role="tool", content="7", tool_call_id="c1"),
    "messages[].reasoning_content": used(
        lambda seen: seen.engine["messages"][0].get("reasoning") == "Hm.",
        messages=[{"role": "assistant", "content": "Yes", "reasoning_content": "Hm."}],
    ),
    **{
        f"messages[].reasoning_details{inner}": used(
            lambda seen: seen.engine["messages"][0].get("reasoning") == "Hm.",
            messages=[
                {
                    "role": "assistant",
                    "content": "Yes",
                    "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}],
                }
            ],
        )
        for inner in ("", "[].type", "[].text")
    },
    **{
        f"messages[].reasoning_details[].{inner}": named(
            "messages.reasoning_details",
            messages=[
                {
                    "role": "assistant",
                    "content": "Yes",
                    "reasoning_details": [{"type": "reasoning.encrypted", **given}],
                }
            ],
        )
        for inner, given in DETAILS.items()
    },
    # Thinking.
    "reasoning": thinks,
    "reasoning.effort": thinks,
    "reasoning.enabled": Row(
        "used",
        {**thinker, "reasoning": {"enabled": False}},
        lambda seen: seen.engine.get("chat_template_kwargs") and not thought(seen),
        thinker,
        says=THINKING,
    ),
    "reasoning.exclude": Row(
        "used",
        {**thinker, "reasoning": {"exclude": True}},
        lambda seen: not thought(seen),
        thinker,
        says=THINKING,
    ),
    "reasoning.max_tokens": named(
        "reasoning.max_tokens", model="thinker", reasoning={"max_tokens": 9}
    ),
    "reasoning.summary": named(
        "reasoning.summary", model="thinker", reasoning={"summary": "concise"}
    ),
    "reasoning_effort": passed_on(model="thinker", reasoning_effort="high"),
    # Tools, and forms of the answer.
    "tools": calls,
    "tools[].type": calls,
    "tools[].function": calls,
    "tools[].function.name": calls,
    "tools[].function.description": calls,
    "tools[].function.parameters": calls,
    "tools[].function.strict": calls,
    "tools[].id": discarded(TOOLS, tools=[{**TOOLS["tools"][0], "id": "t1"}]),
    "tool_choice": chooses,
    "tool_choice.type": chooses,
    "tool_choice.function": chooses,
    "tool_choice.function.name": chooses,
    "parallel_tool_calls": replace(
        passed_on(**TOOLS, parallel_tool_calls=False), beside=TOOLS, says=CALLING
    ),
    "response_format": forms,
    "response_format.type": forms,
    "response_format.json_schema": forms,
    "response_format.schema": Row(
        "used",
        {"response_format": {"type": "json_object", "schema": SCHEMA}},
        lambda seen: seen.engine.get("response_format", {}).get("json_schema", {}).get("schema"),
        says=JSON,
    ),
    # What one API alone has.
    "prompt_cache_key": Row(
        "passed on",
        {"prompt_cache_key": "books"},
        lambda seen: len(seen.engine.get("prompt_cache_key", "")) == 32,
        hosted=True,
    ),
    "prompt_cache_retention": hint(
        "prompt_cache_retention", "extended", {"prompt_cache_retention": "24h"}
    ),
    "store": hint("store", False, {"store": False}),  # noqa: FBT003 - the field's value
    "metadata": hint("metadata", {"a": "b"}, {"metadata": {"a": "b"}}),
    "text": hint("text", {"verbosity": "low"}, {"verbosity": "low"}),
    "include": named("include", include=["x"]),
    "user": discarded(user="ann"),
    # Beyond OpenAI's.
    "venice_parameters": used(
        lambda seen: seen.reply.json()["venice_parameters"]["disable_thinking"],
        venice_parameters={"disable_thinking": True},
    ),
    "venice_parameters.character_slug": used(
        lambda seen: seen.engine["messages"][0]["role"] == "system",
        venice_parameters={"character_slug": "alan-watts"},
    ),
    "venice_parameters.strip_thinking_response": Row(
        "used",
        {**thinker, "venice_parameters": {"strip_thinking_response": True}},
        lambda seen: not thought(seen),
        thinker,
        says=THINKING,
    ),
    "venice_parameters.disable_thinking": Row(
        "used",
        {**thinker, "venice_parameters": {"disable_thinking": True}},
        lambda seen: seen.engine.get("chat_template_kwargs") and not thought(seen),
        thinker,
        says=THINKING,
    ),
    "venice_parameters.enable_web_search": web(lambda seen: "da Ponte" in seen.asked, **SEARCH),
    "venice_parameters.enable_web_scraping": web(
        lambda seen: "A bridge." in seen.asked, enable_web_scraping=True
    ),
    "venice_parameters.enable_web_citations": web(
        lambda seen: "[REF]" in seen.asked, SEARCH, enable_web_citations=True
    ),
    "venice_parameters.include_search_results_in_stream": Row(
        "used",
        {**finds, "venice_parameters": {**SEARCH, "include_search_results_in_stream": True}},
        lambda seen: URL in json.dumps(seen.events[0]),
        finds,
    ),
    "venice_parameters.return_search_results_as_documents": web(
        lambda seen: seen.message.get("tool_calls"),
        SEARCH,
        return_search_results_as_documents=True,
    ),
    "venice_parameters.include_venice_system_prompt": Row(
        "used",
        {"model": "told", "venice_parameters": {"include_venice_system_prompt": False}},
        lambda seen: seen.engine["messages"][0]["role"] == "user",
        {"model": "told"},
    ),
    "venice_parameters.enable_e2ee": Row(
        "used",
        {"venice_parameters": {"enable_e2ee": False}},
        lambda seen: seen.reply.json()["venice_parameters"].get("enable_e2ee") is False,
    ),
}
