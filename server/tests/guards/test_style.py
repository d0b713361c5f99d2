"""Rules of the house that no linter knows."""

import re

from guards.source import modules

CLIENT = re.compile(
    r"^\s*(?:from|import) (?:aiohttp|httpx2?|requests|urllib\.request)\b", re.MULTILINE
)


def test_there_are_files_to_look_at() -> None:
    assert len(modules()) > 40


def test_only_the_downloader_and_the_egress_client_fetch_addresses() -> None:
    found = [
        module.name
        for module in modules()
        if module.name.startswith("fondaco.")
        and CLIENT.search(module.path.read_text(encoding="utf-8"))
    ]
    assert found == [
        "fondaco.clients.websocket",  # of engines that the operator names
        "fondaco.enclave.evidence.dstack",  # a socket of this machine
        "fondaco.modelfiles.download",  # from addresses that the operator names
        "fondaco.web.egress",  # from all that others name
    ]
