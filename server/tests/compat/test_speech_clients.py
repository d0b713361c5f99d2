"""Speech by clients of others, and by the examples of the documents, on the built-in engine."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import openai
import pytest

pytest.importorskip("hibari", reason="the extra `speech` is not installed")

import av

from interpreter import Interpreter, interpreter
from node_clients import needs_node, printed
from program import Program

TEXT = "Hello, welcome to Venice Voice."
HOSTED = "https://api.venice.ai/api/v1"
PYTHON = """
import os
import requests

response = requests.post(
    "https://api.venice.ai/api/v1/audio/speech",
    headers={
        "Authorization": f"Bearer {os.getenv('VENICE_API_KEY')}",
        "Content-Type": "application/json"
    },
    json={
        "input": "Hello, welcome to Venice Voice.",
        "model": "tts-kokoro",
        "voice": "af_sky"
    }
)

with open("speech.mp3", "wb") as f:
    f.write(response.content)
"""
NODE = """
import fs from 'fs';

const response = await fetch('https://api.venice.ai/api/v1/audio/speech', {
  method: 'POST',
  headers: {
    'Authorization': `Bearer ${process.env.VENICE_API_KEY}`,
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    input: 'Hello, welcome to Venice Voice.',
    model: 'tts-kokoro',
    voice: 'af_sky'
  })
});

const audioBuffer = await response.arrayBuffer();
fs.writeFileSync('speech.mp3', Buffer.from(audioBuffer));
"""
CURL = r"""
curl --request POST \
  --url https://api.venice.ai/api/v1/audio/speech \
  --header "Authorization: Bearer $VENICE_API_KEY" \
  --header "Content-Type: application/json" \
  --data '{
    "input": "Hello, welcome to Venice Voice.",
    "model": "tts-kokoro",
    "voice": "af_sky"
  }' \
  --output speech.mp3
"""
"""Source: overview/getting-started.md, "Text-to-Speech"."""


def seconds(file: bytes, container: str) -> float:
    """Return how long a file sounds, once it is of the container that was expected."""
    with av.open(BytesIO(file), "r") as opened:
        assert opened.format.name == container
        stream = opened.streams.audio[0]
        return float(sum(f.samples for f in opened.decode(stream)) / (stream.rate or 1))


@pytest.fixture(scope="module")
def python() -> Iterator[Interpreter]:
    with interpreter("requests") as one:
        yield one


def test_the_python_example_of_the_documents_writes_an_mp3(
    served: Program, python: Interpreter, tmp_path: Path
) -> None:
    text = f"import os; os.chdir({str(tmp_path)!r})\n" + PYTHON
    ended = python.run(
        text.replace(HOSTED, f"{served.url}/api/v1"),
        {**os.environ, "VENICE_API_KEY": served.api_key},  # noqa: TID251 - as the page tells to
        timeout_s=60,
    )
    assert ended.code == 0, ended.stderr
    assert 1 < seconds((tmp_path / "speech.mp3").read_bytes(), "mp3") < 5


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (["bash", "-c"], CURL),
        pytest.param(["node", "--input-type=module", "-e"], NODE, marks=needs_node),
    ],
    ids=["curl", "node"],
)
def test_the_other_examples_do_the_same(
    served: Program, tmp_path: Path, command: list[str], text: str
) -> None:
    subprocess.run(
        [*command, text.replace(HOSTED, f"{served.url}/api/v1")],
        cwd=tmp_path,
        env={**os.environ, "VENICE_API_KEY": served.api_key},  # noqa: TID251 - likewise
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert 1 < seconds((tmp_path / "speech.mp3").read_bytes(), "mp3") < 5


def test_openais_python_client_speaks_and_streams(served: Program, tmp_path: Path) -> None:
    client = openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.api_key, max_retries=0)
    speech = client.audio.speech
    spoken = speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="flac")
    usual = seconds(spoken.read(), "flac")
    fast = speech.create(
        model="gpt-4o-mini-tts", voice="echo", input=TEXT, response_format="wav", speed=2.0
    )
    fast.write_to_file(tmp_path / "fast.wav")
    assert seconds((tmp_path / "fast.wav").read_bytes(), "wav") == pytest.approx(
        usual / 2, rel=0.02
    )
    with speech.with_streaming_response.create(
        model="tts-1-hd", voice="nova", input=f"{TEXT} " * 20, response_format="opus"
    ) as reply:
        assert reply.headers["x-fondaco-voice"] == "af_heart"
        pieces = list(reply.iter_bytes())
    assert seconds(b"".join(pieces), "ogg") > 10 * usual
    assert served.charged()[-1].units == len(TEXT + " ") * 20
    with pytest.raises(openai.BadRequestError, match="darth"):
        speech.create(model="tts-1", voice="darth", input=TEXT)


def test_openais_events_end_with_what_was_counted(served: Program) -> None:
    client = openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.api_key, max_retries=0)
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts",
        voice="coral",
        input="One. Two.",
        stream_format="sse",
        instructions="Speak in a cheerful and positive tone.",
    ) as reply:
        assert reply.headers["x-fondaco-ignored-params"] == "instructions"
        events = [
            json.loads(line.removeprefix("data: ")) for line in reply.iter_lines() if line.strip()
        ]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["usage"]["input_tokens"] == len("One. Two.")


def test_openais_python_client_hears_a_reply(served: Program) -> None:
    asked: Any = {
        "model": "default",
        "messages": [{"role": "user", "content": "Say hello."}],
        "max_completion_tokens": 6,
        "modalities": ["text", "audio"],
        "audio": {"voice": "nova", "format": "wav"},
    }
    message = served.client.chat.completions.create(**asked).choices[0].message
    assert message.audio is not None
    assert message.audio.transcript == message.content
    assert seconds(base64.b64decode(message.audio.data), "wav") > 0.2
    # The prompt is charged too, whether or not a part of it was in the cache.
    prompt, *made = [row.sku for row in served.charged()[-3:]]
    assert prompt in {"smollm2-135m-llm-input-mtoken", "smollm2-135m-llm-cached-input-mtoken"}
    assert set(made) == {"smollm2-135m-llm-output-mtoken", "fondaco-voice-tts-mchar"}


@needs_node
def test_openais_npm_client_speaks_and_streams(served: Program) -> None:
    environ = {"OPENAI_BASE_URL": f"{served.url}/v1", "OPENAI_API_KEY": served.api_key}
    seen = printed("speech.mjs", environ)
    assert (seen["begins"], seen["type"], seen["voice"]) == ("fLaC", "audio/flac", "af_heart")
    assert seen["pieces"] >= 2
    assert seen["refused"]["status"] == 400
