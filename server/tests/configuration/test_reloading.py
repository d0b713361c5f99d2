"""Which settings a running server takes over, and which need a restart."""

from pathlib import Path

import pytest

from fondaco.configuration import load
from fondaco.configuration.reloading import APPLIED, merged
from fondaco.configuration.schema import settings_table
from fondaco.settings import Settings


def settings(home: Path, text: str = "", **environ: str) -> Settings:
    (home / "fondaco.toml").write_text(text)
    return load(environ={"HOME": str(home), "FONDACO_HOME": str(home), **environ}).settings


def test_what_is_applied_is_a_setting_or_a_table_of_them() -> None:
    for path in APPLIED:
        assert any(known[: len(path)] == path for known in settings_table()), path


def test_the_same_configuration_changes_nothing(tmp_path: Path) -> None:
    running = settings(tmp_path)
    assert merged(running, settings(tmp_path)) == (running, ())


def test_new_calls_go_by_the_new_values_and_the_rest_is_kept_and_named(tmp_path: Path) -> None:
    running = settings(tmp_path, "[server]\nport = 1\n")
    read = settings(
        tmp_path,
        """
        [server]
        port = 2
        host = "::1"
        cors_origins = ["https://a.example"]
        [chat]
        system_prompt = "New."
        [aliases]
        new = "default"
        [embedded]
        slots = 9
        [chain]
        stake = 1
        [ledger]
        durability = "power"
        """,
        FONDACO_MODELS="/elsewhere",
    )
    result, restart = merged(running, read)
    assert restart == (
        'chain.stake."*"',
        "embedded.slots",
        "ledger.durability",
        "models_folder",
        "server.host",
        "server.port",
    )
    assert result.chat == read.chat
    assert result.aliases == read.aliases
    assert result.server.cors_origins == ("https://a.example",)
    assert (result.server.host, result.server.port) == ("127.0.0.1", 1)
    assert (result.embedded, result.chain, result.ledger, result.models_folder) == (
        running.embedded,
        running.chain,
        running.ledger,
        running.models_folder,
    )


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_table_is_applied_or_kept_whole_or_by_its_keys(tmp_path: Path, name: str) -> None:
    running = settings(tmp_path)
    assert dict(merged(running, running)[0])[name] == dict(running)[name]
