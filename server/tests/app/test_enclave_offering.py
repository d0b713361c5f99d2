"""Whether a server offers an enclave, and what its operator is told where it cannot."""

from pathlib import Path

import pytest

from fondaco.app.enclave import offering
from fondaco.app.enclave.offering import opened_enclaves, with_enclaves
from fondaco.app.platform import Adapters
from fondaco.configuration import confidential, load
from fondaco.domain.errors import EngineError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.settings import Settings
from sealed_house import sealed_house

LEVELS = {"": "INFO", '[models."smollm2-135m"]\ne2ee = true': "WARNING"}
"""What is configured -> the level at which it is told that it cannot be had."""


def settings(tmp_path: Path, text: str = "") -> Settings:
    (tmp_path / "fondaco.toml").write_text(text)
    return load(environ={"FONDACO_HOME": str(tmp_path)}).settings


def elsewhere(tmp_path: Path, address: str) -> Settings:
    return settings(tmp_path, f'[enclave]\nbase_url = "{address}/"\ntoken = "env:ENCLAVE_TOKEN"')


def nothing() -> Adapters:
    """Return adapters without any engine."""
    return Adapters(
        Catalogue((), {}),
        engines={},
        embedding_engines={},
        image_engines={},
        image_editors={},
        image_upscalers={},
        speech_engines={},
        transcription_engines={},
        video_engines={},
        looks={},
        web_retrieval=None,
        files=None,
    )


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
    local = settings(tmp_path)
    async with opened_enclaves(local) as offered:
        assert with_enclaves(nothing(), offered, local).looks == {}
    async with sealed_house() as house:
        remote = elsewhere(tmp_path, house.address)
        adapters = with_enclaves(nothing(), {"enclave": house.enclave}, remote)
        look = adapters.looks["enclave"]
        assert await look() == frozenset()
    with pytest.raises(EngineError):
        await look()


async def test_an_enclave_elsewhere_is_listed_with_its_address_and_calls(tmp_path: Path) -> None:
    async with sealed_house() as house:
        remote = elsewhere(tmp_path, house.address)
        adapters = with_enclaves(nothing(), {"enclave": house.enclave}, remote)
        site = adapters.sites["enclave"]
        assert (site.kind, site.address) == ("enclave", house.address)
        assert site.load is not None
        assert (site.load.running, site.load.waiting) == (0, 0)
        assert adapters.local == {}


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
