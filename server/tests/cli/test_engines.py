"""Engines added, tested and removed from the command line, and what they serve kept current."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cli_program import Fondaco, Outcome
from fake_engines import (
    FakeEngine,
    listing,
    llama_server,
    ollama,
    serving_engine,
    vllm,
)
from gguf_files import CHATML, QWEN3_TAIL, TOOLS
from program import model_file, program, until

GONE = "http://127.0.0.1:9"


def add(fondaco: Fondaco, url: str, *arguments: str, **environ: str) -> dict[str, Any]:
    told = fondaco("engines", "add", url, "--json", *arguments, **environ).json
    assert isinstance(told, dict)
    return told


def shown(fondaco: Fondaco, prefix: str, **environ: str) -> dict[str, Any]:
    """Return the settings in force whose paths begin so."""
    values = fondaco("config", "show", "--json", **environ).json
    assert isinstance(values, dict)
    return {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}


def error(outcome: Outcome, code: int) -> str:
    assert (outcome.code, len(outcome.err.splitlines())) == (code, 1), outcome.err
    return outcome.err


def test_ollama_is_one_command(fondaco: Fondaco) -> None:
    with serving_engine(ollama()) as engine:
        told = add(fondaco, engine.url)
        assert (told["name"], told["dialect"]) == ("ollama", "ollama")
        assert told["models"] == ["llama3.2:3b", "gemma3:4b", "nomic-embed-text:latest"]
        assert told["baseUrl"] == f"{engine.url}/v1"
    row = shown(fondaco, 'models."llama3.2:3b".')
    assert (row["context_tokens"], row["function_calling"], row["vision"]) == (8192, True, False)
    assert (row["engines"], row["privacy"], row["price.input"]) == (["ollama"], "private", "0")
    assert shown(fondaco, 'models."gemma3:4b".')["reasoning.tags"] is True
    row = shown(fondaco, 'models."nomic-embed-text:latest".')
    assert (row["type"], row["embedding.dimensions"]) == ("embedding", 768)
    assert shown(fondaco, "engines.ollama.")["discover"] is True
    checked = fondaco("config", "check")
    assert (checked.code, checked.err) == (0, "")


def test_vllm_keeps_the_names_that_its_models_have(fondaco: Fondaco) -> None:
    with serving_engine(vllm(Qwen__Qwen3_32B=32768)) as engine:
        told = add(fondaco, engine.url, "--price", "0.20/0.90", "--name", "gpu", "--no-discover")
    assert (told["name"], told["models"]) == ("gpu", ["Qwen/Qwen3_32B"])
    row = shown(fondaco, 'models."Qwen/Qwen3_32B".')
    assert (row["context_tokens"], row["price.output"]) == (32768, "0.90")
    assert shown(fondaco, "engines.gpu.")["discover"] is False


def test_a_model_that_is_named_by_its_path_gets_a_name_of_its_own(fondaco: Fondaco) -> None:
    template = CHATML + TOOLS + QWEN3_TAIL
    with serving_engine(llama_server(template)) as engine:
        told = add(fondaco, engine.url)
    assert told["models"] == ["qwen3-8b"]
    row = shown(fondaco, "models.qwen3-8b.")
    assert (row["context_tokens"], row["vision"], row["function_calling"]) == (8192, True, True)
    assert (row["reasoning.switch"], row["reasoning.begun"]) == ("template", False)
    mapping = shown(fondaco, "engines.llama-server.models.")
    assert mapping == {"qwen3-8b": "/models/Qwen3-8B-Q4_K_M.gguf"}


def test_an_engine_beyond_this_network_needs_a_price(fondaco: Fondaco) -> None:
    refused = fondaco("engines", "add", "https://api.example.com/v1")
    assert refused.code == 2
    assert "--price" in refused.err


def test_a_key_comes_from_the_environment_and_is_written_nowhere(fondaco: Fondaco) -> None:
    engine = vllm(m=1024)
    engine.key, engine.vectors["m"] = "sk-secret", {}
    with serving_engine(engine) as one:
        refused = fondaco("engines", "add", one.url)
        assert "It refuses the key" in error(refused, 6)
        missing = fondaco("engines", "add", one.url, "--key-env", "GPU_KEY")
        assert "export GPU_KEY=..." in error(missing, 3)
        assert not (fondaco.home / "catalogue.d").exists()
        told = add(fondaco, one.url, "--key-env", "GPU_KEY", GPU_KEY="sk-secret")
        tested = fondaco("engines", "test", "--json", GPU_KEY="sk-secret")
        assert tested.code == 0, tested.err
    written = next((fondaco.home / "catalogue.d").iterdir()).read_text()
    assert 'key = "env:GPU_KEY"' in written
    assert "sk-secret" not in written + json.dumps(told)


@pytest.mark.parametrize("value", ["", " ", None])
def test_a_key_that_is_not_set_is_told_at_once_and_stops_nothing(
    fondaco: Fondaco, value: str | None
) -> None:
    environ = {} if value is None else {"GPU_KEY": value}
    with serving_engine(vllm(m=1024)) as engine:  # lists its models to anybody
        added = fondaco("engines", "add", engine.url, "--key-env", "GPU_KEY", **environ)
        assert added.code == 0, added.err
        assert "GPU_KEY is not set here" in added.err
        assert "export GPU_KEY=..." in added.err
        asked = len(engine.asked)
        tested = fondaco("engines", "test", "--json", **environ)
        assert tested.code == 6
        [row] = json.loads(tested.out)
        assert (row["answers"], row["fault"]) == (False, "KeyMissingError")
        assert len(engine.asked) == asked
    checked = fondaco("config", "check", **environ)
    assert checked.code == 0
    assert "engine 'vllm' is unavailable" in error(checked, 0)


def test_a_key_in_place_of_its_variable_is_refused_and_not_shown(fondaco: Fondaco) -> None:
    refused = fondaco("engines", "add", GONE, "--key-env", "sk-secret")
    assert refused.code == 2
    assert "sk-secret" not in refused.err + refused.out


CHAT, VECTORS, PICTURES = "/v1/chat/completions", "/v1/embeddings", "/v1/images/generations"
TEXT_MODEL = "context_tokens = 1024\nprice = { input = 0, output = 0 }\n"
VECTOR_MODEL = 'type = "embedding"\ncontext_tokens = 512\nembedding = { dimensions = 3 }\nprice = { input = 0 }\n'
IMAGE_MODEL = (
    'type = "image"\nprice = { generation = 0, upscale_2x = 0, upscale_4x = 0, inpaint = 0 }\n'
)


@pytest.mark.parametrize(
    ("key", "model", "asked"),
    [
        ("sk-wrong", TEXT_MODEL, CHAT),
        ("", TEXT_MODEL, CHAT),
        ("sk-wrong", VECTOR_MODEL, VECTORS),
        ("sk-wrong", IMAGE_MODEL, PICTURES),
    ],
)
def test_an_engine_that_lists_its_models_to_anybody_and_refuses_the_key_is_found_out(
    fondaco: Fondaco, key: str, model: str, asked: str
) -> None:
    """OpenRouter and others list their models without a key."""
    engine = FakeEngine({"/v1/models": listing({"id": "m"})}, key="sk-right", open=("/v1/models",))
    fondaco.home.mkdir()
    named = 'key = "env:GPU_KEY"\n' if key else ""
    with serving_engine(engine):
        (fondaco.home / "fondaco.toml").write_text(
            f'[engines.gpu]\nbase_url = "{engine.url}/v1"\n{named}[models.m]\nname = "M"\n'
            f'engines = ["gpu"]\n{model}'
        )
        tested = fondaco("engines", "test", "--json", GPU_KEY=key)
        assert tested.code == 6
        [row] = json.loads(tested.out)
        wrong = "It refuses the key" if key else "It wants a key"
        assert row["reason"] == f"{wrong}: it returned 401."
        assert wrong in tested.err
        assert engine.asked == ["GET /v1/models", f"POST {asked}"]
        checked = fondaco("config", "check", "--connect", GPU_KEY=key)
        assert checked.code == 6
        assert wrong in checked.out
        engine.vectors["m"] = {}
        if key:
            assert fondaco("engines", "test", GPU_KEY="sk-right").code == 0


@pytest.mark.parametrize(
    ("status", "fault"), [(404, True), (500, True), (503, True), (400, False), (429, False)]
)
def test_an_engine_that_fails_at_its_model_is_found_out(
    fondaco: Fondaco, status: int, *, fault: bool
) -> None:
    engine = vllm(m=1024)
    engine.key, engine.vectors["m"] = "sk", status
    with serving_engine(engine):
        add(fondaco, engine.url, "--key-env", "GPU_KEY", GPU_KEY="sk")
        tested = fondaco("engines", "test", GPU_KEY="sk")
    assert tested.code == (6 if fault else 0)
    assert (f"It fails at the model 'm': it returned {status}." in tested.err) == fault


def test_adding_it_again_takes_what_it_serves_now(fondaco: Fondaco) -> None:
    with serving_engine(vllm(one=1024, two=1024)) as engine:
        add(fondaco, engine.url)
        engine.answers |= vllm(two=2048, three=1024).answers
        assert add(fondaco, engine.url)["models"] == ["two", "three"]
        assert shown(fondaco, "models.two.")["context_tokens"] == 2048
        assert shown(fondaco, "models.one.") == {}
        with serving_engine(vllm(m=1024)) as other:
            said = error(fondaco("engines", "add", other.url), 2)
            assert "--name" in said


def test_a_model_that_the_operator_names_stays_as_one_that_is_offline(fondaco: Fondaco) -> None:
    with serving_engine(vllm(one=1024, two=1024)) as engine:
        add(fondaco, engine.url)
        (fondaco.home / "fondaco.toml").write_text('[aliases]\nmine = "one"\n')
        engine.answers |= vllm(two=1024).answers
        assert add(fondaco, engine.url)["models"] == ["two"]
    assert shown(fondaco, "models.one.")["offline"] is True
    assert "mine" in error(fondaco("engines", "remove", "vllm"), 3)
    (fondaco.home / "fondaco.toml").unlink()
    assert fondaco("engines", "remove", "vllm").code == 0
    assert shown(fondaco, "engines.") == {}


def test_names_that_are_taken_get_the_engines_before_them(fondaco: Fondaco) -> None:
    fondaco.home.mkdir()
    (fondaco.home / "fondaco.toml").write_text('[aliases]\nmine = "smollm2-135m"\n')
    names = ("smollm2-135m", "default", "mine", "gpt-4o")
    with serving_engine(FakeEngine({"/v1/models": listing(*({"id": n} for n in names))})) as engine:
        told = fondaco("engines", "add", engine.url, "--name", "x", "--json")
    assert isinstance(told.json, dict)
    assert told.json["models"] == ["x/smollm2-135m", "x/default", "x/mine", "gpt-4o"]
    assert told.err.count("its context is unknown") == 4
    assert fondaco("config", "check").code == 0


def test_engines_are_listed_and_tested(fondaco: Fondaco) -> None:
    assert fondaco("engines", "list").out.startswith("No upstream engines.")
    fondaco.home.mkdir()
    (fondaco.home / "fondaco.toml").write_text(f'[engines.gone]\nbase_url = "{GONE}/v1"\n')
    with serving_engine(vllm(one=1024)) as engine:
        add(fondaco, engine.url)
        rows = fondaco("engines", "list", "--json").json
        assert isinstance(rows, list)
        found = {row["name"]: (row["models"], row["added"]) for row in rows}
        assert found == {"vllm": (1, True), "gone": (0, False)}
        assert fondaco("engines", "test", "vllm").code == 0
        engine.answers["/v1/models"] = listing({"id": "other"})
        tested = fondaco("engines", "test", "--json")
        assert tested.code == 6
        rows = {row["name"]: row for row in json.loads(tested.out)}
        assert (rows["vllm"]["answers"], rows["vllm"]["unlisted"]) == (True, ["one"])
        assert (rows["gone"]["answers"], rows["gone"]["fault"]) == (False, "ConnectFailedError")
        listed = fondaco("models", "list", "--connect", "--json").json
        assert isinstance(listed, list)
        assert {row["id"]: row["answering"] for row in listed}["one"] == ["vllm"]
    listed = fondaco("models", "list", "--connect", "--json").json
    assert isinstance(listed, list)
    assert {row["id"]: row["answering"] for row in listed}["one"] == []
    assert "Unknown engine 'other'" in error(fondaco("engines", "test", "other"), 5)
    assert "configuration file" in error(fondaco("engines", "remove", "gone"), 5)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((GONE,), 6),
        (("ftp://h",), 2),
        (("http://u:p@h",), 2),
        (("nothing",), 2),
        ((GONE, "--dialect", "telnet"), 2),
        ((GONE, "--dialect", "video-queue"), 2),
        ((GONE, "--price", "much"), 2),
    ],
)
def test_an_engine_that_cannot_be_added_is_reported(
    fondaco: Fondaco, arguments: tuple[str, ...], code: int
) -> None:
    ended = fondaco("engines", "add", *arguments)
    assert ended.code == code
    assert "Traceback" not in ended.err
    assert not (fondaco.home / "catalogue.d").exists()


def test_what_was_discovered_of_an_engine_that_is_gone_is_passed_over(fondaco: Fondaco) -> None:
    folder = fondaco.home / "catalogue.d"
    folder.mkdir(parents=True)
    (folder / "engine-gpu.toml").write_text(
        '[engines.gpu.models]\none = "one"\n[models.one]\nname = "one"\nengines = ["gpu"]\n'
        "context_tokens = 1024\nprice = { input = 0, output = 0 }\n"
    )
    assert shown(fondaco, "models.one.") == {}
    file = fondaco.home / "fondaco.toml"
    file.write_text(f'[engines.gpu]\nbase_url = "{GONE}/v1"\n')
    assert shown(fondaco, "models.one.")["name"] == "one"


@pytest.mark.parametrize("text", ["[server]\nport = 1\n", "[models", "[models.x]\nname = 7\n"])
def test_a_file_that_cannot_be_used_is_named(fondaco: Fondaco, text: str) -> None:
    folder = fondaco.home / "catalogue.d"
    folder.mkdir(parents=True)
    (folder / "model-x.toml").write_text(text)
    checked = fondaco("config", "check")
    assert checked.code == 3
    assert "catalogue.d/model-x.toml" in checked.err


_SERVER = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel = sys.argv[1], 1024, 2
params.hostnames, params.port, params.ui, params.warmup = ["127.0.0.1"], 0, False, False
params.cpuparams.n_threads, params.verbosity, params.kv_unified = 1, -1, False
server = xllamacpp.Server(params)
print("listens", server.listening_address, flush=True)
sys.stdin.read()
"""


@contextmanager
def real_llama_server() -> Iterator[str]:
    """Run llama.cpp's own server on the embedded model."""
    pytest.importorskip("xllamacpp")
    if not model_file().is_file():
        pytest.skip("the embedded model is not installed")
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(model_file())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield next(line.split()[1] for line in process.stdout if line.startswith("listens "))
        finally:
            process.kill()


@pytest.mark.slow  # loads a real model
def test_llama_cpps_own_server_is_understood(fondaco: Fondaco) -> None:
    with real_llama_server() as url:
        told = add(fondaco, url)
        assert (told["dialect"], told["models"]) == ("llama-server", ["smollm2-135m-instruct"])
        row = shown(fondaco, "models.smollm2-135m-instruct.")
        assert (row["context_tokens"], row["vision"]) == (512, False)
        tested = fondaco("engines", "test", "--json")
        assert tested.code == 0, tested.err


@pytest.mark.slow  # starts two servers and a real model
def test_a_server_of_ours_is_an_engine_of_another(fondaco: Fondaco, tmp_path: Any) -> None:
    with program(tmp_path / "upstream") as upstream:
        told = add(
            fondaco,
            f"{upstream.url}/api/v1",
            *("--name", "house", "--key-env", "HOUSE_KEY", "--price", "1/2"),
            HOUSE_KEY=upstream.api_key,
        )
        assert "house/smollm2-135m" in told["models"]
        environ = {"HOUSE_KEY": upstream.api_key, "FONDACO_EMBEDDED__ENABLED": "false"}
        with program(fondaco.home, environ=environ) as server:
            answer = server.client.chat.completions.create(
                model="house/smollm2-135m",
                messages=[{"role": "user", "content": "Say hello."}],
                max_tokens=8,
            )
            assert answer.model == "house/smollm2-135m"
            assert answer.choices[0].message.content
            assert {charge.sku.split("-llm-")[0] for charge in server.charged()}


@pytest.mark.slow  # starts a server, and waits until it has asked the engine
def test_the_operators_price_for_an_engine_counts_over_the_commands(fondaco: Fondaco) -> None:
    with serving_engine(vllm(one=1024)) as engine:
        add(fondaco, engine.url, "--price", "1/2")
        (fondaco.home / "fondaco.toml").write_text("[engines.vllm.price]\noutput = 9\n")
        with program(fondaco.home, environ={"FONDACO_EMBEDDED__ENABLED": "false"}) as server:

            def price() -> object:
                [row] = server.http.get("/api/v1/models").json()["data"]
                return row["model_spec"]["pricing"]["output"]["usd"]

            until(lambda: price() == 9, within_s=60)


@pytest.mark.slow  # likewise, several times
def test_a_running_server_follows_what_an_engine_serves(fondaco: Fondaco) -> None:
    with serving_engine(vllm(one=1024)) as engine:
        fondaco.home.mkdir()
        (fondaco.home / "fondaco.toml").write_text(
            f'[engines.gpu]\nbase_url = "{engine.url}/v1"\ndialect = "vllm"\ndiscover = true\n'
            "price = { input = 1, output = 2 }\n[server]\ndiscovery_s = 1\n[embedded]\n"
            "enabled = false\n"
        )
        with program(fondaco.home) as server:

            def listed() -> set[str]:
                rows = server.http.get("/api/v1/models").json()["data"]
                return {row["id"] for row in rows}

            until(lambda: listed() == {"one"}, within_s=60)
            [row] = server.http.get("/api/v1/models").json()["data"]
            assert row["model_spec"]["pricing"]["output"]["usd"] == 2
            engine.answers |= vllm(two=2048).answers
            until(lambda: listed() == {"two"}, within_s=60)
            engine.answers["/v1/models"] = 503
            before = len(engine.asked)
            until(lambda: len(engine.asked) > before + 2, within_s=60)
            assert listed() == {"two"}, "an engine that fails changes nothing"
