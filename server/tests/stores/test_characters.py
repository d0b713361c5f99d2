"""Characters in a folder, read again when something changes; how often they were used."""

import logging
import os
import shutil
from pathlib import Path

import anyio
import pytest

from fondaco.configuration import built_in_characters, read_character
from fondaco.domain.chat.character import Character
from fondaco.ports import CharacterUses
from fondaco.stores.characters import CharacterFolder
from fondaco.stores.errors import CharactersUnusableError, NameTakenError, UnknownNameError
from fondaco.stores.memory.journal import MemoryJournal
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from hand_clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def folder(tmp_path: Path, clock: HandClock) -> CharacterFolder:
    return CharacterFolder(tmp_path / "characters", built_in_characters(), read_character, clock)


def text(name: str) -> bytes:
    return f'name = "{name}"\ninstructions = "Be {name}."\n'.encode()


async def names(folder: CharacterFolder) -> dict[str, str]:
    built_in = {one.slug: one.name for one in built_in_characters()}
    cast = {one.slug: one.name for one in await folder.registry()}
    return {slug: name for slug, name in cast.items() if built_in.get(slug) != name}


async def test_without_a_folder_there_are_the_built_in_ones(folder: CharacterFolder) -> None:
    assert len(list(await folder.registry())) == 10
    assert folder.custom == frozenset()


async def test_what_changes_is_seen_a_second_later(
    folder: CharacterFolder, clock: HandClock
) -> None:
    assert await names(folder) == {}
    folder.add("ann", text("Ann"))
    assert await names(folder) == {}
    clock.at += 1.0
    assert await names(folder) == {"ann": "Ann"}
    folder.add("ann", text("Another"), replace=True)
    folder.add("alan-watts", text("Mine"))
    clock.at += 1.0
    assert await names(folder) == {"ann": "Another", "alan-watts": "Mine"}
    folder.remove("ann")
    folder.remove("alan-watts")
    clock.at += 1.0
    assert await names(folder) == {}


async def test_a_broken_file_is_a_line_once_and_the_others_load(
    folder: CharacterFolder, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    folder.add("ann", text("Ann"))
    folder.add("bob", b'nam = "canary"')
    for _ in range(3):
        assert await names(folder) == {"ann": "Ann"}
        clock.at += 1.0
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert all("/characters/bob.toml: " in line for line in said)
    assert any(line.endswith("nam: no such key. Did you mean name?") for line in said)
    assert "canary" not in caplog.text
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


async def test_a_file_that_breaks_means_what_it_meant_until_it_is_mended_or_gone(
    folder: CharacterFolder, clock: HandClock
) -> None:
    folder.add("ann", text("Ann"))
    await folder.registry()
    folder.add("ann", b"name", replace=True)
    clock.at += 1.0
    assert await names(folder) == {"ann": "Ann"}
    folder.add("ann", text("Mended"), replace=True)
    clock.at += 1.0
    assert await names(folder) == {"ann": "Mended"}


async def test_an_editors_files_pipes_and_folders_are_passed_over(
    folder: CharacterFolder, tmp_path: Path
) -> None:
    folder.add("ann", text("Ann"))
    there = tmp_path / "characters"
    (there / ".bob.toml").write_bytes(text("Bob"))
    (there / "bob.toml~").write_bytes(text("Bob"))
    (there / "bob.toml").mkdir()
    os.mkfifo(there / "pipe.toml")
    (there / "lost.toml").symlink_to(tmp_path / "nothing")
    assert folder.reload() == []
    assert folder.custom == {"ann"}


async def test_those_who_ask_together_share_one_look(tmp_path: Path, clock: HandClock) -> None:
    looks: list[Path] = []

    def read(path: Path) -> Character:
        looks.append(path)
        return read_character(path)

    folder = CharacterFolder(tmp_path, (), read, clock)
    folder.add("ann", text("Ann"))
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(folder.registry)
    clock.at += 1.0
    await folder.registry()
    assert looks == [tmp_path / "ann.toml"]


def test_a_file_is_its_owners_alone(folder: CharacterFolder, tmp_path: Path) -> None:
    folder.add("ann", text("Ann"))
    there = tmp_path / "characters"
    assert there.stat().st_mode & 0o777 == 0o700
    assert [(f.name, f.stat().st_mode & 0o777) for f in there.iterdir()] == [("ann.toml", 0o600)]


def test_one_of_a_slug_is_not_replaced_unasked(folder: CharacterFolder) -> None:
    folder.add("ann", text("Ann"))
    with pytest.raises(NameTakenError, match="Add --replace"):
        folder.add("ann", text("Other"))


def test_only_ones_own_are_removed(folder: CharacterFolder) -> None:
    with pytest.raises(UnknownNameError, match="'ann'"):
        folder.remove("ann")
    with pytest.raises(UnknownNameError, match="is built in"):
        folder.remove("alan-watts")
    with pytest.raises(UnknownNameError):
        folder.remove("../fondaco")


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "characters").write_text("in the way")
    folder = CharacterFolder(tmp_path / "characters", (), read_character, clock)
    assert folder.reload() == []
    with pytest.raises(CharactersUnusableError, match="cannot be written"):
        folder.add("ann", text("Ann"))
    with pytest.raises(CharactersUnusableError, match="cannot be deleted"):
        folder.remove("ann")


def test_what_could_not_be_kept_whole_leaves_nothing(
    folder: CharacterFolder, tmp_path: Path
) -> None:
    (tmp_path / "characters/ann.toml").mkdir(parents=True)
    with pytest.raises(CharactersUnusableError, match="cannot be written: Is a directory"):
        folder.add("ann", text("Ann"), replace=True)
    assert [path.name for path in (tmp_path / "characters").iterdir()] == ["ann.toml"]


async def uses_add_up(uses: CharacterUses) -> None:
    assert await uses.counts() == {}
    for slug in ("ann", "bob", "ann"):
        uses.add({slug: 1})
    assert await uses.counts() == {"ann": 2, "bob": 1}
    uses.add({"ann": 3})
    assert await uses.counts() == {"ann": 5, "bob": 1}


async def test_uses_in_memory_add_up() -> None:
    await uses_add_up(MemoryJournal())


async def test_uses_on_sqlite_add_up_and_outlive_the_server(
    tmp_path: Path, empty_database: Path
) -> None:
    path = tmp_path / "fondaco.sqlite3"
    shutil.copy(empty_database, path)
    async with SqliteJournal.opened(path) as journal:
        await uses_add_up(journal)
        journal.add({"cleo": 1})
    async with SqliteJournal.opened(path) as journal:
        assert await journal.counts() == {"ann": 5, "bob": 1, "cleo": 1}
