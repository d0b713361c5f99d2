"""An up-to-date database, made once."""

from pathlib import Path

import pytest

from fondaco.stores.sqlite.tables.migrate import upgrade


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "fondaco.sqlite3"
    upgrade(path)
    return path
