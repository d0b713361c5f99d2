import os
import subprocess
import sys
from pathlib import Path

import pytest

from fondaco.stores.errors import HomeInUseError, HomeUnusableError
from fondaco.stores.home import Home


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_home_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "b")
    home.pepper()
    assert mode(home.folder) == 0o700
    assert mode(home.folder / "pepper") == 0o600


def test_an_open_home_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert mode(Home(tmp_path).folder) == 0o700


def test_the_pepper_stays_the_same(tmp_path: Path) -> None:
    pepper = Home(tmp_path).pepper()
    assert len(pepper) == 32
    assert Home(tmp_path).pepper() == pepper
    assert [path.name for path in tmp_path.iterdir()] == ["pepper"]


def test_a_damaged_pepper_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pepper").write_bytes(b"short")
    with pytest.raises(HomeUnusableError, match="5 bytes instead of 32"):
        Home(tmp_path).pepper()


def test_a_second_server_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    with (
        Home(tmp_path).lock(),
        pytest.raises(HomeInUseError, match=rf"process {os.getpid()}\)"),
        Home(tmp_path).lock(),
    ):
        pass
    with Home(tmp_path).lock():
        pass


def test_a_killed_server_leaves_no_lock(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys, pathlib; from fondaco.stores.home import Home\n"
        "with Home(pathlib.Path(sys.argv[1])).lock(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    argv = [sys.executable, "-c", program, str(tmp_path)]
    ended = subprocess.run(argv, check=False, timeout=30)
    assert ended.returncode == -9  # killed while it held the lock, not ended by some mistake
    with Home(tmp_path).lock():
        pass


def test_a_file_in_place_of_the_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(HomeUnusableError, match="--home"):
        Home(tmp_path / "home")
