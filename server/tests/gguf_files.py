"""Small GGUF files: tables that say what a test wants, and weights as long as they ask for."""

import struct
from collections.abc import Mapping
from pathlib import Path

QWEN3_TAIL = (
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}"
)
CHATML = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content }}"
    "{{- '<|im_end|>\\n' }}{%- endfor %}"
)
TOOLS = "{%- if tools %}{%- for tool in tools %}{{- tool | tojson }}{%- endfor %}{%- endif %}"
OPENING = "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}"


def packed(text: str) -> bytes:
    """Return a text as GGUF has it."""
    return struct.pack("<Q", len(text.encode())) + text.encode()


def value(one: object) -> bytes:
    """Return a value with its type before it."""
    match one:
        case bool():
            return struct.pack("<I?", 7, one)
        case int():
            return struct.pack("<II", 4, one)
        case float():
            return struct.pack("<If", 6, one)
        case str():
            return struct.pack("<I", 8) + packed(one)
    raise TypeError(one)


def gguf(values: Mapping[str, object], *, elements: int = 32, kind: int = 0) -> bytes:
    """Return a file with such tables and one tensor."""
    pairs = b"".join(packed(key) + value(one) for key, one in values.items())
    tensor = packed("weights") + struct.pack("<IQIQ", 1, elements, kind, 0)
    tables = b"GGUF" + struct.pack("<IQQ", 3, 1, len(values)) + pairs + tensor
    return tables + bytes(-len(tables) % 32) + bytes(4 * elements)


def chat_model(**more: object) -> bytes:
    """Return a file of a small chat model; a keyword's `__` stands for a dot."""
    return gguf(
        {
            "general.architecture": "llama",
            "general.name": "Tiny Llama",
            "general.file_type": 15,
            "llama.context_length": 8192,
            "llama.embedding_length": 64,
            "tokenizer.chat_template": CHATML,
            **{key.replace("__", "."): one for key, one in more.items()},
        }
    )


def embedding_model(**more: object) -> bytes:
    """Return a file of a small embedding model."""
    return gguf(
        {
            "general.architecture": "bert",
            "general.name": "Tiny Bert",
            "bert.context_length": 512,
            "bert.embedding_length": 384,
            "bert.pooling_type": 2,
            **{key.replace("__", "."): one for key, one in more.items()},
        }
    )


def written(path: Path, content: bytes) -> Path:
    """Write a file and return where."""
    path.write_bytes(content)
    return path
