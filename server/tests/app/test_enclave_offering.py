"""Whether a server offers an enclave, and what its operator is told where it cannot."""

from pathlib import Path

import pytest

from fondaco.app.enclave import offering
from fondaco.app.enclave.offering import looks_of, opened_enclaves
from fondaco.configuration import confidential, load
from fondaco.domain.errors import EngineError
from fondaco.settings import Settings
from sealed_house import sealed_house

LEVELS = {"": "INFO", '[models."smollm2-135m"]\ne2ee = true': "WARNING"}
"""What is configured -> the level at which it is told that it cannot be had."""


def settings(tmp_path: Path, text: str = "") -> Settings:
    (tmp_path / "fondaco.toml").write_text(text)
    return load(environ={"FONDACO_HOME": str(tmp_path)}).settings


async def test_an_enclave_is_offered_without_starting_it(tmp_path: Path) -> None:
    async with opened_enclaves(settings(tmp_path)) as offered:
        assert [enclave.name for enclave in offered.values()] == ["enclave"]
        assert getattr(offered["enclave"], "pid", 0) is None


async def test_one_that_is_switched_off_is_not_offered(tmp_path: Path) -> None:
    async with opened_enclaves(settings(tmp_path, "[enclave]\nenabled = false")) as offered:
        assert offered == {}


async def test_an_enclave_elsewhere_is_looked_at_and_one_of_this_machine_is_not_started(
    tmp_path: Path,
) -> None:
    async with opened_enclaves(settings(tmp_path)) as offered:
        assert looks_of(offered) == {}
    async with sealed_house() as house:
        look = looks_of({"enclave": house.enclave})["enclave"]
        assert await look() == frozenset()
    with pytest.raises(EngineError):
        await look()


@pytest.mark.parametrize("text", LEVELS)
async def test_what_is_not_installed_is_told_with_the_way_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    monkeypatch.setattr(confidential, "find_spec", lambda name: None if name == "Crypto" else 1)
    caplog.set_level("INFO", offering.log.name)
    async with opened_enclaves(settings(tmp_path, text)) as offered:
        assert offered == {}
    (line,) = [record for record in caplog.records if "confidential" in record.getMessage()]
    assert line.levelname == LEVELS[text]
    assert "pycryptodome cannot be imported" in line.getMessage()
    assert "server[confidential]" in line.getMessage()
