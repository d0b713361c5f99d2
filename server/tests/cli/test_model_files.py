"""Models of one's own, added and removed from the command line, from a file, a URL or a hub."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_program import Fondaco, Outcome
from fake_hub import FakeHub, serving_hub
from gguf_files import CHATML, OPENING, QWEN3_TAIL, TOOLS, chat_model, embedding_model, written
from program import model_file, program

ROW = "model-tiny.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with serving_hub() as hub:
        yield hub


def told(outcome: Outcome) -> dict[str, object]:
    row = outcome.json
    assert isinstance(row, dict)
    return row


class Shop:
    """The program with one home, one models folder and, perhaps, a hub."""

    def __init__(self, fondaco: Fondaco, folder: Path, hub: FakeHub | None = None) -> None:
        self.fondaco = fondaco
        self.folder = folder
        self.environ = {"FONDACO_MODELS": str(folder)}
        self.environ |= {"HF_ENDPOINT": hub.url} if hub else {}

    def __call__(self, *arguments: str, **environ: str) -> Outcome:
        return self.fondaco("models", *arguments, **self.environ, **environ)

    def ids(self) -> set[object]:
        rows = self("list", "--json").json
        assert isinstance(rows, list)
        return {row["id"] for row in rows}

    def row(self, name: str = ROW) -> Path:
        return self.fondaco.home / "catalogue.d" / name


@pytest.fixture
def shop(fondaco: Fondaco, folder: Path) -> Shop:
    return Shop(fondaco, folder)


def add(shop: Shop, tmp_path: Path, content: bytes, *arguments: str) -> dict[str, object]:
    source = written(tmp_path / "tiny.Q4_K_M.gguf", content)
    return told(shop("add", str(source), "--json", *arguments))


def test_a_file_becomes_a_model_of_the_catalogue(shop: Shop, tmp_path: Path) -> None:
    row = add(shop, tmp_path, chat_model(), "--price", "0.10/0.30", "--trait", "default")
    assert row["id"] == "tiny"
    assert (row["type"], row["contextTokens"], row["quantization"]) == ("text", 8192, "Q4_K_M")
    shown = told(shop("show", "default", "--json"))
    assert (shown["id"], shown["installed"], shown["usdPerMillionOutput"]) == ("tiny", True, "0.3")
    assert (shop.folder / "tiny.Q4_K_M.gguf").is_file()
    assert shop.row().stat().st_mode & 0o077 == 0


def test_the_operators_own_file_is_left_alone_and_counts_over_it(
    shop: Shop, tmp_path: Path
) -> None:
    shop.fondaco.home.mkdir()
    file = shop.fondaco.home / "fondaco.toml"
    file.write_text('# mine\n[models.mine]\nname = "M"\noffline = true\ncontext_tokens = 512\n'
                    "price = { input = 1, output = 1 }\n")  # fmt: skip
    before = file.read_bytes()
    add(shop, tmp_path, chat_model())
    assert file.read_bytes() == before
    assert {"tiny", "mine"} <= shop.ids()
    file.write_text("[models.tiny.price]\ninput = 7\n")
    assert told(shop("show", "tiny", "--json"))["usdPerMillionInput"] == "7"


def test_config_check_and_show_name_where_it_comes_from(shop: Shop, tmp_path: Path) -> None:
    add(shop, tmp_path, chat_model())
    checked = shop.fondaco("config", "check", **shop.environ)
    assert f"Added by commands: {shop.row()}." in checked.out
    assert checked.err == "", "what a command wrote is nobody's mistake"
    shown = shop.fondaco("config", "show", "--origin", **shop.environ)
    assert f"context_tokens = 8192  # file {shop.row()}" in shown.out


def test_adding_it_again_changes_it(shop: Shop, tmp_path: Path) -> None:
    add(shop, tmp_path, chat_model())
    again = shop("add", "tiny.Q4_K_M.gguf", "--price", "2", "--json")
    assert told(again)["usdPerMillionInput"] == "2"


@pytest.mark.parametrize("name", ["smollm2-135m", "mine"])
def test_an_id_of_another_model_is_not_taken(shop: Shop, tmp_path: Path, name: str) -> None:
    shop.fondaco.home.mkdir()
    (shop.fondaco.home / "fondaco.toml").write_text(
        '[models.mine]\nname = "M"\noffline = true\ncontext_tokens = 512\n'
        "price = { input = 1, output = 1 }\n"
    )
    source = written(tmp_path / "a.gguf", chat_model())
    ended = shop("add", str(source), "--name", name)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert "--name" in ended.err
    assert not shop.folder.exists(), "nothing was fetched"


@pytest.mark.parametrize("name", ["my model", "ä", "../x", "", "x" * 101, "a\n"])
def test_an_id_that_is_none_is_refused_by_a_sentence_before_anything_is_fetched(
    shop: Shop, tmp_path: Path, name: str
) -> None:
    source = written(tmp_path / "a.gguf", chat_model())
    ended = shop("add", str(source), "--name", name)
    assert ended.code == 2
    assert "Expected 1 to 100 letters, digits, dots" in " ".join(ended.err.split())
    assert not shop.folder.exists(), "nothing was fetched"


def test_a_file_with_the_name_of_another_one_overwrites_nothing(shop: Shop, tmp_path: Path) -> None:
    add(shop, tmp_path, chat_model())
    before = (shop.folder / "tiny.Q4_K_M.gguf").read_bytes()
    (tmp_path / "other").mkdir()
    other = written(tmp_path / "other" / "tiny.Q4_K_M.gguf", embedding_model())
    ended = shop("add", str(other), "--name", "another")
    assert (ended.code, len(ended.err.splitlines())) == (6, 1)
    assert "with other content; nothing was overwritten" in ended.err
    assert (shop.folder / "tiny.Q4_K_M.gguf").read_bytes() == before
    assert "another" not in shop.ids()
    same = written(tmp_path / "other" / "tiny.Q4_K_M.gguf", chat_model())
    assert shop("add", str(same), "--name", "another").code == 0, "it is the same file"


def test_the_file_of_a_built_in_model_gets_none_of_its_settings(shop: Shop, tmp_path: Path) -> None:
    """They were tuned for the built-in model; a model of the operator's has what its file says."""
    if not model_file().is_file():
        pytest.skip("the embedded model is not installed")
    source = tmp_path / "copy.gguf"
    source.symlink_to(model_file())
    ended = shop("add", str(source))
    assert ended.code == 0, ended.err
    assert "the file of the built-in model 'smollm2-135m'" in ended.err
    text = shop.row("model-copy.toml").read_text()
    assert not {"temperature", "system_prompt", "judges_searches"} & set(text.split())
    values = told(shop.fondaco("config", "show", "--json", **shop.environ))
    assert values["models.copy.system_prompt"] is True
    assert values["models.smollm2-135m.system_prompt"] is False


def test_what_the_configuration_forbids_is_not_written(shop: Shop, tmp_path: Path) -> None:
    shop.fondaco.home.mkdir()
    (shop.fondaco.home / "fondaco.toml").write_text('[aliases]\ntiny = "smollm2-135m"\n')
    source = written(tmp_path / "tiny.gguf", chat_model())
    ended = shop("add", str(source))
    assert (ended.code, shop.row().exists()) == (3, False)
    assert "aliases.tiny" in ended.err


@pytest.mark.parametrize(
    ("template", "calls", "reasoning"),
    [
        (CHATML, False, None),
        (CHATML + TOOLS, True, None),
        (CHATML + TOOLS + QWEN3_TAIL, True, {"begun": False, "switch": "template"}),
        (CHATML + OPENING, False, {"begun": True, "switch": "not"}),
        ("{% for x in range(999999999) %}{{ x }}{% endfor %}", False, None),
        ("{{ raise_exception('no') }} tools <think>", True, {"begun": False, "switch": "not"}),
    ],
)
def test_what_the_template_can_do_is_found_out_by_rendering_it(
    shop: Shop, tmp_path: Path, template: str, *, calls: bool, reasoning: dict[str, object] | None
) -> None:
    row = add(shop, tmp_path, chat_model(tokenizer__chat_template=template))
    assert (row["functionCalling"], row["reasoning"]) == (calls, reasoning is not None)
    shown = shop.fondaco("config", "show", "--json", **shop.environ).json
    assert isinstance(shown, dict)
    for key, value in (reasoning or {}).items():
        assert shown[f"models.tiny.reasoning.{key}"] == value


def test_a_model_that_embeds_is_listed_as_one(shop: Shop, tmp_path: Path) -> None:
    row = add(shop, tmp_path, embedding_model(), "--price", "0.02")
    assert (row["type"], row["dimensions"], row["usdPerMillionOutput"]) == ("embedding", 384, None)
    assert told(shop("show", "tiny", "--json"))["type"] == "embedding"


def test_removing_it_takes_row_and_file(shop: Shop, tmp_path: Path) -> None:
    add(shop, tmp_path, chat_model())
    assert shop("remove", "tiny", "--keep-files").code == 0
    assert ("tiny" in shop.ids(), shop.row().exists()) == (False, False)
    assert (shop.folder / "tiny.Q4_K_M.gguf").is_file()
    assert told(shop("add", "tiny.Q4_K_M.gguf", "--json"))["id"] == "tiny"
    removed = shop("remove", "tiny")
    assert removed.code == 0, removed.err
    assert list(shop.folder.glob("*.gguf")) == []


def test_a_file_that_another_model_has_stays(shop: Shop, tmp_path: Path) -> None:
    add(shop, tmp_path, chat_model())
    add(shop, tmp_path, chat_model(), "--name", "other")
    assert shop("remove", "tiny").code == 0
    assert (shop.folder / "tiny.Q4_K_M.gguf").is_file()
    assert shop("remove", "other").code == 0
    assert not (shop.folder / "tiny.Q4_K_M.gguf").exists()


def test_a_model_that_the_configuration_names_stays(shop: Shop, tmp_path: Path) -> None:
    add(shop, tmp_path, chat_model())
    (shop.fondaco.home / "fondaco.toml").write_text('[aliases]\n"gpt-9" = "tiny"\n')
    ended = shop("remove", "tiny")
    assert (ended.code, shop.row().exists()) == (3, True)
    assert "gpt-9" in ended.err


def test_a_model_that_is_in_the_catalogue_already_is_pulled(shop: Shop) -> None:
    ended = shop("add", "smollm2-135m")
    assert ended.code == 2
    assert "fondaco models pull smollm2-135m" in ended.err


def test_a_model_without_a_file_is_not_to_be_pulled(shop: Shop) -> None:
    ended = shop("add", "fondaco-painter")
    assert (ended.code, "pull" in ended.err) == (2, False)
    assert "fondaco models pull fondaco-editor" in shop("add", "fondaco-editor").err


def test_a_model_whose_engine_is_disabled_is_reported(shop: Shop, tmp_path: Path) -> None:
    source = written(tmp_path / "tiny.gguf", chat_model())
    ended = shop("add", str(source), FONDACO_EMBEDDED__ENABLED="false")
    assert ended.code == 0
    assert "embedded.enabled is false" in ended.err


@pytest.mark.parametrize("price", ["-1", "free", "1/2/3", "1e9", "nan", ""])
def test_an_invalid_price_is_reported(shop: Shop, tmp_path: Path, price: str) -> None:
    source = written(tmp_path / "a.gguf", chat_model())
    assert shop("add", str(source), f"--price={price}").code == 2


def test_a_repository_of_a_hub_is_one_command(fondaco: Fondaco, folder: Path, hub: FakeHub) -> None:
    shop = Shop(fondaco, folder, hub)
    hub.repositories["o/Tiny-GGUF"] = {
        "README.md": b"# Tiny",
        "tiny-Q8_0.gguf": chat_model(general__file_type=7),
        "tiny-Q4_K_M.gguf": chat_model(),
    }
    row = told(shop("add", "hf:o/Tiny-GGUF", "--json"))
    assert (row["id"], row["quantization"]) == ("tiny", "Q4_K_M")
    row = told(shop("add", "hf:o/Tiny-GGUF:Q8_0", "--name", "tiny8", "--json"))
    assert row["quantization"] == "Q8_0"
    assert {"tiny", "tiny8"} <= shop.ids()


def test_a_download_that_broke_off_goes_on_and_is_verified(
    fondaco: Fondaco, folder: Path, hub: FakeHub
) -> None:
    shop = Shop(fondaco, folder, hub)
    hub.repositories["o/r"] = {"tiny.gguf": chat_model()}
    hub.cut_after = [100]
    assert shop("add", "hf:o/r").code == 0
    assert [headers.get("Range") for path, headers in hub.asked if "/cdn/" in path] == [
        None,
        "bytes=100-",
    ]
    hub.wrong_hashes = True
    hub.repositories["o/r"] = {"other.gguf": chat_model()}
    ended = shop("add", "hf:o/r")
    assert ended.code == 6
    assert "SHA-256" in ended.err
    assert not (folder / "other.gguf").exists()


def test_a_token_goes_to_the_hub_and_not_where_it_redirects_to(
    fondaco: Fondaco, folder: Path, hub: FakeHub
) -> None:
    shop = Shop(fondaco, folder, hub)
    hub.repositories["o/closed"] = {"tiny.gguf": chat_model()}
    hub.gated = frozenset({"o/closed"})
    ended = shop("add", "hf:o/closed")
    assert ended.code == 6
    assert "HF_TOKEN" in ended.err
    assert shop("add", "hf:o/closed", HF_TOKEN="hf_token").code == 0
    sent = {path: headers.get("Authorization") for path, headers in hub.asked}
    assert sent["/cdn/o/closed/tiny.gguf"] is None


def test_a_model_in_parts_is_installed_once_all_are_here(
    fondaco: Fondaco, folder: Path, hub: FakeHub
) -> None:
    shop = Shop(fondaco, folder, hub)
    parts = ("tiny-Q4_K_M-00001-of-00002.gguf", "tiny-Q4_K_M-00002-of-00002.gguf")
    hub.repositories["o/r"] = dict.fromkeys(parts, chat_model())
    assert told(shop("add", "hf:o/r", "--json"))["id"] == "tiny"
    assert told(shop("show", "tiny", "--json"))["installed"] is True
    (folder / parts[1]).unlink()
    assert told(shop("show", "tiny", "--json"))["installed"] is False
    assert shop("pull", "hf:o/r").code == 0
    assert shop("remove", "tiny").code == 0
    assert list(folder.glob("*.gguf")) == []


def test_what_also_sees_says_so(fondaco: Fondaco, folder: Path, hub: FakeHub) -> None:
    shop = Shop(fondaco, folder, hub)
    hub.repositories["o/r"] = {"tiny.gguf": chat_model(), "mmproj-f16.gguf": b"GGUF"}
    added = shop("add", "hf:o/r")
    assert added.code == 0
    assert "text only" in added.err


def test_the_hub_is_searched(fondaco: Fondaco, folder: Path, hub: FakeHub) -> None:
    shop = Shop(fondaco, folder, hub)
    hub.repositories |= {"o/Tiny-GGUF": {}, "o/other": {}}
    found = shop("search", "tiny", "--json").json
    assert isinstance(found, list)
    assert [(row["source"], row["parameters"]) for row in found] == [("hf:o/Tiny-GGUF", 494032768)]
    assert shop("search", "nothing").out.startswith("The hub has no GGUF model with")


@pytest.mark.parametrize("command", [("search", "x"), ("add", "hf:o/r"), ("pull", "hf:o/r")])
def test_a_hub_that_does_not_answer_is_one_line(shop: Shop, command: tuple[str, str]) -> None:
    ended = shop(*command, HF_ENDPOINT="http://127.0.0.1:9")
    assert (ended.code, len(ended.err.splitlines())) == (6, 1)
    assert "http://127.0.0.1:9 cannot be asked" in ended.err


def test_a_repository_that_is_not_there_is_one_line(
    fondaco: Fondaco, folder: Path, hub: FakeHub
) -> None:
    ended = Shop(fondaco, folder, hub)("add", "hf:o/nothing")
    assert (ended.code, len(ended.err.splitlines())) == (6, 1)
    assert "Is the name right?" in ended.err


@pytest.mark.slow  # loads a real model
def test_a_model_that_was_added_answers(fondaco: Fondaco, tmp_path: Path) -> None:
    file = model_file()
    if not file.is_file():
        pytest.skip("the embedded model is not installed")
    added = fondaco("models", "add", str(file), "--name", "mine", "--trait", "default")
    assert added.code == 0, added.err
    with program(fondaco.home) as server:
        answer = server.client.chat.completions.create(
            model="default", messages=[{"role": "user", "content": "Say hello."}], max_tokens=8
        )
        assert answer.model == "mine"
        assert answer.choices[0].message.content
