"""Engines on loopback that answer what real ones say of themselves, and nothing else.

Source: ollama, docs/api.md; vLLM, `ModelCard`; llama.cpp's server, recorded from build b11549 with
SmolLM2; OpenRouter, "List available models"; Mistral, "List models".
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeEngine:
    """What an engine answers: path -> body, or a status where it is a number, or bytes as they are."""

    answers: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    """Model -> what `POST /api/show` says of it."""
    vectors: dict[str, Any] = field(default_factory=dict)
    """Model -> what `POST /embeddings` answers."""
    key: str = ""
    open: tuple[str, ...] = ()
    """Paths that need no key."""
    authorization: str = ""
    """What the header `Authorization` has to be, where it is no key."""
    asked: list[str] = field(default_factory=list)
    url: str = ""


class _Engine(BaseHTTPRequestHandler):
    engine: FakeEngine
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(self.engine.answers.get(self.path, 404))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answers = self.engine.shown if self.path == "/api/show" else self.engine.vectors
        self._answer(answers.get(body.get("model"), 404))

    def _answer(self, what: Any) -> None:
        self.engine.asked.append(f"{self.command} {self.path}")
        expected = self.engine.authorization or (self.engine.key and f"Bearer {self.engine.key}")
        closed = expected and self.path not in self.engine.open
        if closed and self.headers["Authorization"] != expected:
            what = 401
        status = what if isinstance(what, int) else 200
        body = what if isinstance(what, bytes) else json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up, as they may: stderr is the tested command's."""


@contextmanager
def serving_engine(engine: FakeEngine) -> Iterator[FakeEngine]:
    """Run an engine beside a test."""
    handler = type("Engine", (_Engine,), {"engine": engine})
    with _Server(("127.0.0.1", 0), handler) as server:
        engine.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield engine
        finally:
            server.shutdown()
            thread.join()


def listing(*rows: Mapping[str, object]) -> dict[str, object]:
    """Return a list of models in OpenAI's shape."""
    return {"object": "list", "data": [{"object": "model", "created": 1, **row} for row in rows]}


def vllm(**contexts: int) -> FakeEngine:
    """Return an engine that answers as vLLM does."""
    rows = [
        {
            "id": name.replace("__", "/"),
            "owned_by": "vllm",
            "root": name.replace("__", "/"),
            "parent": None,
            "max_model_len": tokens,
            "permission": [{"id": "modelperm-1", "object": "model_permission"}],
        }
        for name, tokens in contexts.items()
    ]
    return FakeEngine({"/v1/models": listing(*rows), "/version": {"version": "0.11.0"}})


LLAMA_PATH = "/models/Qwen3-8B-Q4_K_M.gguf"


def llama_server(template: str = "{{ messages }}") -> FakeEngine:
    """Return an engine that answers as llama-server does."""
    row = {
        "id": LLAMA_PATH,
        "aliases": [LLAMA_PATH],
        "tags": [],
        "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
        "owned_by": "llamacpp",
        "meta": {
            "vocab_type": 2,
            "n_vocab": 151936,
            "n_ctx": 16384,
            "n_ctx_train": 40960,
            "n_embd": 4096,
            "n_params": 8190735360,
            "size": 5021775872,
            "ftype": "Q4_K - Medium",
        },
    }
    props = {
        "default_generation_settings": {"params": {"temperature": 0.8}, "n_ctx": 8192},
        "total_slots": 2,
        "model_alias": LLAMA_PATH,
        "model_path": LLAMA_PATH,
        "modalities": {"vision": True, "video": False, "audio": False},
        "chat_template": template,
        "chat_template_caps": {"supports_tools": True, "supports_tool_calls": True},
        "build_info": "b11549-unknown",
    }
    return FakeEngine({"/v1/models": listing(row), "/props": props})


def ollama() -> FakeEngine:
    """Return an engine that answers as Ollama does: a model that chats, one that sees, one that embeds."""
    names = ("llama3.2:3b", "gemma3:4b", "nomic-embed-text:latest")
    tags = [
        {
            "name": name,
            "model": name,
            "modified_at": "2025-10-03T23:34:03.409490317-07:00",
            "size": 2019393189,
            "digest": "a" * 64,
            "details": {
                "parent_model": "",
                "format": "gguf",
                "family": "llama",
                "families": ["llama"],
                "parameter_size": "3.2B",
                "quantization_level": "Q4_K_M",
            },
        }
        for name in names
    ]
    shown = {
        names[0]: {
            "parameters": 'num_ctx                        8192\nstop    "<|eot_id|>"',
            "template": "{{ .Prompt }}",
            "details": {"family": "llama"},
            "model_info": {
                "general.architecture": "llama",
                "general.parameter_count": 3212749888,
                "llama.context_length": 131072,
                "llama.embedding_length": 3072,
            },
            "capabilities": ["completion", "tools"],
        },
        names[1]: {
            "model_info": {"general.architecture": "gemma3", "gemma3.context_length": 131072},
            "capabilities": ["completion", "vision", "thinking"],
        },
        names[2]: {
            "model_info": {
                "general.architecture": "nomic-bert",
                "nomic-bert.context_length": 2048,
                "nomic-bert.embedding_length": 768,
            },
            "capabilities": ["embedding"],
        },
    }
    rows = [{"id": name, "owned_by": "library"} for name in names]
    running = {"models": [{"name": names[1], "model": names[1], "context_length": 32768}]}
    return FakeEngine(
        {
            "/v1/models": listing(*rows),
            "/api/version": {"version": "0.12.6"},
            "/api/tags": {"models": tags},
            "/api/ps": running,
        },
        shown,
    )


def openrouter() -> FakeEngine:
    """Return an engine that answers as OpenRouter does."""
    row = {
        "id": "openai/gpt-4o",
        "canonical_slug": "openai/gpt-4o",
        "name": "OpenAI: GPT-4o",
        "context_length": 128000,
        "architecture": {
            "modality": "text+image->text",
            "input_modalities": ["text", "image", "file"],
            "output_modalities": ["text"],
            "tokenizer": "GPT",
        },
        "pricing": {"prompt": "0.0000025", "completion": "0.00001"},
        "top_provider": {"context_length": 128000, "max_completion_tokens": 16384},
        "supported_parameters": ["max_tokens", "tools", "structured_outputs", "logprobs"],
    }
    return FakeEngine({"/api/v1/models": listing(row)})


def mistral() -> FakeEngine:
    """Return an engine that answers as Mistral's API does."""
    row = {
        "id": "mistral-small-latest",
        "owned_by": "mistralai",
        "capabilities": {
            "completion_chat": True,
            "function_calling": True,
            "fine_tuning": False,
            "vision": True,
        },
        "max_context_length": 131072,
    }
    return FakeEngine({"/v1/models": listing(row)})
