"""Users without a home directory, as containers have them."""

import errno
import pwd
from pathlib import Path

import pytest

from fondaco.configuration import ConfigurationError, load, missing_files


def without_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user whom nobody knows, as in a container with `--user 12345`."""

    def unknown(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_a_user_without_home_directory_is_asked_to_name_a_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_user(monkeypatch)
    with pytest.raises(ConfigurationError) as caught:
        load(environ={})
    assert caught.value.faults == (
        (
            "home: this user has no home directory for the server's state. "
            "Set a folder with --home or FONDACO_HOME."
        ),
    )


def test_a_user_without_home_directory_has_models_in_the_folder_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_user(monkeypatch)
    loaded = load(environ={"FONDACO_HOME": str(tmp_path)})
    assert loaded.settings.home == tmp_path
    assert loaded.settings.models_folder == tmp_path / "models"
    assert loaded.origin(("models_folder",)) == "default"


@pytest.mark.parametrize(
    ("flags", "environ"),
    [
        ({"home": "~/f"}, {}),
        ({}, {"FONDACO_HOME": "~/f"}),
        ({}, {"FONDACO_HOME": "/f", "FONDACO_MODELS": "~/f"}),
        ({}, {"FONDACO_HOME": "/f", "FONDACO_CONFIG": "~/f"}),
        ({"home": "~nobody-of-this-name/f"}, {}),
    ],
)
def test_a_home_directory_that_is_not_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, flags: dict[str, object], environ: dict[str, str]
) -> None:
    without_user(monkeypatch)
    with pytest.raises(ConfigurationError, match="refers to a home directory, and this user has"):
        load(flags, environ=environ)


def test_a_models_folder_that_may_not_be_read_is_a_fault_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(
        environ={"FONDACO_HOME": str(tmp_path), "FONDACO_MODELS": "/srv/models"}
    ).settings

    def stat(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(ConfigurationError, match="may not read '/srv/models'"):
        missing_files(settings)
