"""What type checkers are told of the synchronous client is what it does."""

import importlib.util
from pathlib import Path

SDK = Path(__file__).parents[1]


def test_the_stub_is_what_the_sources_make_it() -> None:
    found = importlib.util.spec_from_file_location("stubs", SDK / "stubs.py")
    assert found is not None
    assert found.loader is not None
    stubs = importlib.util.module_from_spec(found)
    found.loader.exec_module(stubs)
    assert stubs.STUB.read_text() == stubs.stub(), "run: python sdk/stubs.py"
