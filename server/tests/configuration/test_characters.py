"""Files of characters: what they say, and what is wrong with those that cannot be used."""

from pathlib import Path

import pytest

from fondaco.configuration import read_character
from fondaco.configuration.characters import character_of
from fondaco.domain.chat.character import CharacterFileError

LEAST = 'name = "Ann"\ninstructions = "Be Ann."\n'


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(CharacterFileError) as refused:
        character_of("ann", text, 0.0)
    return refused.value.faults


def test_a_name_and_instructions_are_enough() -> None:
    character = character_of("ann", LEAST, 12.5)
    assert (character.slug, character.name, character.instructions) == ("ann", "Ann", "Be Ann.")
    assert (character.created_at, character.updated_at) == (12.5, 12.5)
    assert (character.description, character.model, character.adult) == (None, None, False)


def test_every_key_is_taken() -> None:
    character = character_of(
        "ann",
        LEAST
        + """
        description = " Helps. "
        tags = ["One", "Two"]
        categories = ["three"]
        author = "Bob"
        model = "default_code"
        photo_url = "https://example.com/ann.png"
        share_url = "https://example.com/ann"
        adult = true
        web_enabled = true
        pro = true
        featured = true
        created = 1970-01-02
        updated = 1970-01-03T00:00:00+01:00
        """,
        0.0,
    )
    assert (character.description, character.tags) == ("Helps.", ("One", "Two"))
    assert (character.categories, character.author) == (("three",), "Bob")
    assert character.model == "default_code"
    assert character.photo_url == "https://example.com/ann.png"
    assert character.share_url == "https://example.com/ann"
    assert character.adult
    assert character.web_enabled
    assert character.pro
    assert character.featured
    assert (character.created_at, character.updated_at) == (86_400, 2 * 86_400 - 3_600)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name = ", "is not TOML: "),
        ("name = " + "[" * 100_000, "is nested too deeply."),
        ('name = "Ann"', "instructions is missing."),
        ('name = " "\ninstructions = "Be."', "name: "),
        (LEAST + "tag = []", "tag: no such key. Did you mean tags?"),
        (LEAST + 'adult = "perhaps"', "adult: "),
        (LEAST + 'tags = ["a,b"]', "tags.0: "),
        (LEAST + 'photo_url = "javascript:x"', "photo_url: "),
        (LEAST + "created = 2030", "created"),
    ],
)
def test_what_is_wrong_is_named(text: str, fault: str) -> None:
    assert any(one.startswith(fault) for one in faults(text)), faults(text)


def test_all_faults_come_at_once_and_none_repeats_the_text() -> None:
    found = faults('name = ["canary"]\ninstructions = 5\nphoto_url = "canary"\nadult = "canary"')
    assert len(found) == 4
    assert "canary" not in " ".join(found)


@pytest.mark.parametrize("name", ["Ann.toml", "a b.toml", "ann.txt", "-.toml", ".toml"])
def test_a_files_name_has_to_be_a_slug(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(LEAST)
    with pytest.raises(CharacterFileError, match=r"the file must be named SLUG\.toml"):
        read_character(tmp_path / name)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(CharacterFileError, match="cannot be read: No such file"):
        read_character(tmp_path / "ann.toml")
    (tmp_path / "ann.toml").write_bytes(b"\xff")
    with pytest.raises(CharacterFileError, match="is not UTF-8 text"):
        read_character(tmp_path / "ann.toml")
    (tmp_path / "ann.toml").write_bytes(b"#" * (256 * 2**10 + 1))
    with pytest.raises(CharacterFileError, match="is larger than 256 KiB"):
        read_character(tmp_path / "ann.toml")
