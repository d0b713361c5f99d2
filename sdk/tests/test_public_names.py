"""What the SDK shows, and that it stands alone."""

import importlib
import resource
import subprocess
import sys

import pytest

import venice_ai

NAMES = {
    "venice_ai": {
        "APIConnectionError",
        "APIError",
        "APITimeoutError",
        "AssistantMessage",
        "AuthenticationError",
        "ConflictError",
        "DeveloperMessage",
        "InvalidRequestError",
        "InvalidResponseError",
        "MaxIterationsExceededError",
        "ModelGoneError",
        "NotFoundError",
        "PaymentRequiredError",
        "PermissionDeniedError",
        "RateLimitError",
        "ServiceUnavailableError",
        "SyncVeniceClient",
        "SystemMessage",
        "TeeAttestationError",
        "TeeDecryptionError",
        "Tool",
        "ToolMessage",
        "UserMessage",
        "VeniceClient",
        "VeniceError",
        "tool_from_function",
    },
    "venice_ai.costs": {
        "ChatCostEstimate",
        "SpeechQuote",
        "estimate_completion_cost",
        "quote_speech",
    },
    "venice_ai.resources.api_keys": {"UNCHANGED", "ApiKeys"},
    "venice_ai.resources.audio": {"Audio", "Speech", "Transcriptions", "Translations"},
    "venice_ai.resources.billing": {"Billing"},
    "venice_ai.resources.characters": {"Characters"},
    "venice_ai.resources.models": {"Models"},
    "venice_ai.resources.operator": {"Operator"},
    "venice_ai.streaming": {"ChatStream", "SpeechStream", "Stream", "TranscriptStream"},
    "venice_ai.resources.tee": {"Tee"},
    "venice_ai.tee": {
        "Attestation",
        "ModelKey",
        "Proof",
        "Receipt",
        "TeeOptions",
        "verify_receipt",
    },
    "venice_ai.tee.types": {"Attestation", "ModelKey", "Proof", "TeeFormat", "TeeOptions"},
    "venice_ai.tools": {"tool_from_function"},
}
DOCUMENTED = [
    ("venice_ai._client", "VeniceClient"),
    ("venice_ai.exceptions", "InvalidRequestError"),
    ("venice_ai.exceptions", "MaxIterationsExceededError"),
    ("venice_ai.exceptions", "TeeAttestationError"),
    ("venice_ai.exceptions", "TeeDecryptionError"),
    ("venice_ai.tee.types", "TeeOptions"),
    ("venice_ai.resources.chat.completions", "ChatCompletions"),
    ("venice_ai.types.api.chat", "ChatCompletionResponse"),
    ("venice_ai.types.api.chat", "ParsedChatCompletion"),
    ("venice_ai.types.api.chat", "JSONSchemaFormat"),
    ("venice_ai.types.api.chat", "JSONObjectFormat"),
    ("venice_ai.types.api.chat", "TextResponseFormat"),
    ("venice_ai.types.api.chat", "SpecificToolChoice"),
    ("venice_ai.types.api.chat", "Tool"),
    ("venice_ai.types.api.chat", "ToolCall"),
    ("venice_ai.types.api.chat", "ToolLoopResult"),
    ("venice_ai.types.api.streaming", "ChatCompletionChunk"),
    ("venice_ai.types.api.streaming", "ChunkModelFactory"),
]
MOST_CPU_S = 0.25


@pytest.mark.parametrize("module", sorted(NAMES))
def test_the_public_names_are_exactly_the_documented_ones(module: str) -> None:
    shown = importlib.import_module(module)
    names = {name for name in dir(shown) if name[0] != "_"} if module == "venice_ai" else None
    assert (names or set(shown.__all__)) == NAMES[module]


def test_a_star_imports_the_public_names() -> None:
    found: dict[str, object] = {}
    exec("from venice_ai import *", found)  # noqa: S102 - allowed at a module's top only
    assert found.keys() - {"__builtins__"} == NAMES["venice_ai"]


@pytest.mark.parametrize(("module", "name"), DOCUMENTED)
def test_what_the_documents_name_stands_where_they_say(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize("name", sorted(NAMES["venice_ai"]))
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    assert getattr(venice_ai, name).__doc__


def test_a_name_that_is_not_there_is_told_by_its_module() -> None:
    with pytest.raises(AttributeError, match="'venice_ai' has no attribute 'Nothing'"):
        _ = venice_ai.Nothing


def test_the_sdk_does_not_import_the_server() -> None:
    script = (
        "import sys, venice_ai; [getattr(venice_ai, n) for n in dir(venice_ai)];"
        "sys.exit(any(m.split('.')[0] == 'fondaco' for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_an_import_loads_none_of_the_libraries_that_calls_need() -> None:
    script = (
        "import sys; from venice_ai import SyncVeniceClient, VeniceClient; VeniceClient();"
        "sys.exit(any(name in sys.modules for name in ('httpx2', 'pydantic')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_an_import_costs_less_than_a_quarter_of_a_second_of_cpu() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "from venice_ai import VeniceClient"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < MOST_CPU_S
