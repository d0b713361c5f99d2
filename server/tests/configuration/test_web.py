"""What a configuration of the web has to say."""

from pathlib import Path

import pytest

from fondaco.configuration import load
from fondaco.environment import ConfigurationError
from fondaco.settings import Settings


def loaded(folder: Path, text: str) -> Settings:
    file = folder / "fondaco.toml"
    file.write_text(text)
    return load(config=file, environ={"HOME": str(folder)}).settings


def test_without_a_word_the_library_is_searched_and_the_public_internet_read(
    tmp_path: Path,
) -> None:
    settings = loaded(tmp_path, "")
    assert settings.search.engines == ("library",)
    assert (settings.web.scraping, settings.web.networks, settings.web.ports) == (
        True,
        (),
        (80, 443),
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[search]\nengines = ["searxng"]', "search.searxng_url is missing"),
        ('[search]\nengines = ["brave"]', "search.brave_key is missing"),
        ('[search]\nengines = ["library", "library"]', "names an engine twice"),
        ('[search]\nengines = ["google"]', "search.engines"),
        ('[search]\nsearxng_url = "http://user:secret@host"', "search.searxng_url"),
        ('[search]\nbrave_key = "a-key-itself"', "search.brave_key"),
        ('[web]\nnetworks = ["10.0.0.1/8"]', "web.networks"),
        ("[web]\nports = [0]", "web.ports"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        loaded(tmp_path, text)
    assert fault in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "a-key-itself" not in str(refused.value)
