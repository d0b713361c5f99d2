"""The session by which a command reaches the server of its home, where its end cannot be written."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fondaco.app.composition import prepared
from fondaco.app.local_server import local_server
from fondaco.configuration import load
from fondaco.domain.errors import StorageFailedError
from fondaco.settings import Settings
from fondaco.stores.home import Home
from fondaco.stores.sqlite.tables.connection import connect


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Settings]:
    """Hold the lock of a home as a server does."""
    settings = load({"home": tmp_path}).settings
    home = Home(tmp_path)
    with home.lock() as lock:
        prepared(home, settings)
        lock.says_url("http://127.0.0.1:4321")
        yield settings


def lose_sessions(settings: Settings) -> None:
    with closing(connect(Home(settings.home).database)) as database:
        database.execute("DROP TABLE session")


def run_a_command_that_fails(settings: Settings) -> None:
    with local_server(settings):
        lose_sessions(settings)
        raise LookupError("of the command")


def test_an_error_of_a_command_is_not_hidden_by_a_session_that_cannot_be_ended(
    served: Settings,
) -> None:
    with pytest.raises(LookupError, match="of the command"):
        run_a_command_that_fails(served)


def test_a_session_that_cannot_be_ended_is_an_error_of_its_own(served: Settings) -> None:
    with pytest.raises(StorageFailedError), local_server(served):
        lose_sessions(served)
