"""What a child inherits, by the names of variables."""

import pytest

from fondaco.processes import environment_of_child, environment_of_pip

NEEDED = ["PATH", "HOME", "LC_ALL", "TMPDIR", "OMP_NUM_THREADS", "LD_LIBRARY_PATH"]
FOR_PIP = ["PIP_INDEX_URL", "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "NETRC"]
HELD_BACK = [
    "OPENAI_API_KEY",
    "FONDACO_ENGINES__HOSTED__API_KEY",
    "MY_PATH",
    "PATHS",
    "LC_all",
    "X",
]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NEEDED, *FOR_PIP, *HELD_BACK):
        monkeypatch.setenv(name, "told")


def test_a_child_inherits_what_it_needs_and_nothing_else() -> None:
    inherited = environment_of_child()
    assert set(NEEDED) <= inherited.keys()
    assert not inherited.keys() & {*HELD_BACK, *FOR_PIP}


def test_pip_gets_the_users_index_settings_but_no_secret_of_ours() -> None:
    inherited = environment_of_pip()
    assert {*NEEDED, *FOR_PIP} <= inherited.keys()
    assert not inherited.keys() & set(HELD_BACK)
