"""How many of fifty short factual questions a model answers right, by its sampling parameters.

    python bench/answers.py [--model smollm2-135m] [--seeds 3]

A server of its own is started in a temporary home. An answer is right where it contains an accepted word.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

_MOST_TOKENS = 40

QUESTIONS = {
    "What is the capital of France?": "paris",
    "What is the capital of Italy?": "rome",
    "What is the capital of Japan?": "tokyo",
    "What is the capital of Germany?": "berlin",
    "What is the capital of Spain?": "madrid",
    "What is the capital of Egypt?": "cairo",
    "What is the capital of Russia?": "moscow",
    "What is the capital of England?": "london",
    "What is the capital of China?": "beijing",
    "What is the capital of Greece?": "athens",
    "What is the largest planet of the solar system?": "jupiter",
    "Which planet is closest to the Sun?": "mercury",
    "Which planet is known as the red planet?": "mars",
    "What is the largest ocean on Earth?": "pacific",
    "What is the longest river in Africa?": "nile",
    "What is the highest mountain in the world?": "everest",
    "On which continent is Brazil?": "south america",
    "On which continent is Kenya?": "africa",
    "In which country is the Eiffel Tower?": "france|paris",
    "In which country is the Great Wall?": "china",
    "What is 2 plus 2?": r"\b4\b|four",
    "What is 3 times 3?": r"\b9\b|nine",
    "What is 10 minus 3?": r"\b7\b|seven",
    "How many days are in a week?": r"\b7\b|seven",
    "How many months are in a year?": r"\b12\b|twelve",
    "How many hours are in a day?": r"\b24\b|twenty-four",
    "How many minutes are in an hour?": r"\b60\b|sixty",
    "How many legs does a spider have?": r"\b8\b|eight",
    "How many sides does a triangle have?": r"\b3\b|three",
    "How many continents are there?": r"\b7\b|seven",
    "What is the chemical symbol of water?": "h2o|h₂o",
    "What gas do plants absorb from the air?": "carbon dioxide|co2",
    "What gas do humans need to breathe?": "oxygen",
    "At how many degrees Celsius does water boil?": r"\b100\b",
    "What is frozen water called?": r"\bice\b",
    "What is the opposite of hot?": "cold|cool",
    "What is the opposite of up?": "down",
    "What is the opposite of day?": "night",
    "What colour is the sky on a clear day?": "blue",
    "What colour is grass?": "green",
    "What colour is a ripe banana?": "yellow",
    "What do bees make?": "honey",
    "What animal says meow?": r"\bcats?\b",
    "What is a baby dog called?": "pupp",
    "Who wrote Romeo and Juliet?": "shakespeare",
    "Who painted the Mona Lisa?": "leonardo|da vinci",
    "Who was the first president of the United States?": "washington",
    "Which language is spoken in Brazil?": "portuguese",
    "Which language is spoken in Mexico?": "spanish",
    "What is the currency of Japan?": "yen",
}
"""Question -> a regular expression that a right answer, in lower case, contains."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One set of sampling parameters."""

    name: str
    parameters: dict[str, object]


VARIANTS = (
    Variant("the catalogue's", {}),
    Variant("greedy", {"temperature": 0}),
    Variant("greedy, repetition 1.1", {"temperature": 0, "repetition_penalty": 1.1}),
    Variant("0.2, top_p 0.9", {"temperature": 0.2, "top_p": 0.9}),
    Variant("0.2, min_p 0.1", {"temperature": 0.2, "min_p": 0.1}),
    Variant("0.7, top_p 0.9", {"temperature": 0.7, "top_p": 0.9}),
    Variant("1.0", {"temperature": 1.0, "top_p": 1.0}),
    Variant("0.1, top_p 0.9", {"temperature": 0.1, "top_p": 0.9}),
    Variant("0.4, top_p 0.9", {"temperature": 0.4, "top_p": 0.9}),
)


def score(url: str, key: str, model: str, variant: Variant, seed: int) -> list[str]:
    """Return the questions that the model answers right."""

    def right(question: str) -> bool:
        body = {
            "model": model,
            "messages": [{"role": "user", "content": question}],
            "max_tokens": _MOST_TOKENS,
            "seed": seed,
            **variant.parameters,
        }
        reply = httpx.post(
            f"{url}/api/v1/chat/completions",
            json=body,
            headers={"authorization": f"Bearer {key}"},
            timeout=120,
        ).raise_for_status()
        text = reply.json()["choices"][0]["message"]["content"].lower()
        return re.search(QUESTIONS[question], text) is not None

    with ThreadPoolExecutor(2) as pool:
        return [
            one for one, good in zip(QUESTIONS, pool.map(right, QUESTIONS), strict=True) if good
        ]


@contextmanager
def server() -> Iterator[tuple[str, str]]:
    """Start a server in a home of its own; yield its address and a key."""
    fondaco = str(Path(sys.executable).parent / "fondaco")
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "FONDACO_HOME": home}
        made = subprocess.run(
            [fondaco, "keys", "create", "--type", "ADMIN", "--description", "answers", "--json"],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        key = json.loads(made.stdout)["apiKey"]
        subprocess.run(
            [fondaco, "balance", "grant", "--usd", "100"],
            env=environment,
            check=True,
            capture_output=True,
        )
        process = subprocess.Popen(
            [fondaco, "serve", "--port", "8765"], env=environment, stdout=subprocess.DEVNULL
        )
        try:
            _await_ready("http://127.0.0.1:8765")
            yield "http://127.0.0.1:8765", key
        finally:
            process.terminate()
            process.wait()


def _await_ready(url: str) -> None:
    for _ in range(600):
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz").is_success:
                return
        time.sleep(0.1)
    raise SystemExit("The server did not become ready within a minute.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    with server() as (address, secret):
        for one in VARIANTS:
            seeds = 1 if one.parameters.get("temperature") == 0 else options.seeds
            found = [score(address, secret, options.model, one, seed) for seed in range(seeds)]
            counts = [len(f) for f in found]
            print(
                f"{one.name:28} {sum(counts) / len(counts):5.1f} of {len(QUESTIONS)}  {counts}",
                flush=True,
            )
            if seeds == 1:
                print("   wrong:", "; ".join(q for q in QUESTIONS if q not in found[0]), flush=True)
