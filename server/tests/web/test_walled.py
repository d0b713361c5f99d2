"""The door in a world where every address answers: it dials none that is not public.

Nothing here leaves the machine: see walled.py.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from web.test_egress import HOSTILE, HOSTILE_NAMES
from web.walled import PUBLIC

TESTS = Path(__file__).parents[1]
TIMEOUT_S = 120
SITE = f"{PUBLIC}:80"
NAMES = {
    **HOSTILE_NAMES,
    "public.test": [[PUBLIC]],
    "rebinding.test": [[PUBLIC], ["169.254.169.254"]],
    "turned.test": [["169.254.169.254"], [PUBLIC]],
}
REDIRECTS = [
    f"http://{PUBLIC}/to?{url}"
    for url in HOSTILE
    if url.partition("://")[2].strip("/") and len(url) < 1_000 and url != "http:///etc/passwd"
]
"""To all that name somebody else: without a host, a target is the site itself."""
FAULTS = {
    f"http://{PUBLIC}/bomb": "EncodedError",
    f"http://{PUBLIC}/flood": "TooLargeError",
    f"http://{PUBLIC}/drip": "TooSlowError",
}
GOOD = {
    f"http://{PUBLIC}/": [SITE],
    "http://public.test/": [SITE],
    f"http://{PUBLIC}/to?http://public.test/": [SITE, SITE],
    "http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/": [
        "2606:2800:21f:cb07:6820:80da:af6b:8b2c:80"
    ],
}
IN_CHAT = [
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://0x7f.1:8080/",
    "http://[::ffff:10.0.0.5]/",
    "http://metadata.google.internal/computeMetadata/v1/",
]
Came: TypeAlias = dict[str, Any]


@pytest.fixture(scope="module")
def came() -> Came:
    """Return what came of everything, URL by URL."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], check=False).returncode:
        pytest.skip("network namespaces are not permitted here (`unshare -rn`)")
    egress = [
        *HOSTILE,
        *REDIRECTS,
        *FAULTS,
        *GOOD,
        "http://rebinding.test/to?http://rebinding.test/",
    ]
    asked = {"names": NAMES, "door": egress, "chat": [*IN_CHAT, f"http://{PUBLIC}/"]}
    ended = subprocess.run(
        [unshare, "-rn", "--kill-child", sys.executable, "-m", "web.walled"],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},  # noqa: TID251 - handed on to the child
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    half = len(asked["chat"])
    return {
        "door": dict(zip(egress, found["door"], strict=True)),
        "pages": dict(zip(asked["chat"], found["chat"][:half], strict=True)),
        "images": dict(zip(asked["chat"], found["chat"][half:], strict=True)),
        "questions": found["questions"],
    }


@pytest.mark.parametrize("url", GOOD)
def test_the_public_internet_is_reached_and_seen_to_be(came: Came, url: str) -> None:
    assert came["door"][url] == {"ended": "hello", "reached": GOOD[url]}


@pytest.mark.parametrize("url", HOSTILE, ids=lambda url: url[:60] or "nothing")
def test_a_hostile_address_is_not_dialled(came: Came, url: str) -> None:
    assert came["door"][url] == {"ended": "AddressRefusedError", "reached": []}


@pytest.mark.parametrize("url", REDIRECTS, ids=lambda url: url[:80])
def test_a_redirect_to_a_hostile_address_is_not_followed(came: Came, url: str) -> None:
    assert came["door"][url]["reached"] == [SITE]
    assert came["door"][url]["ended"] in {"AddressRefusedError", "RedirectedError"}


def test_a_name_that_turns_hostile_is_not_dialled_again(came: Came) -> None:
    turned = came["door"]["http://rebinding.test/to?http://rebinding.test/"]
    assert turned == {"ended": "AddressRefusedError", "reached": [SITE]}
    assert came["questions"].count("rebinding.test") == 2


@pytest.mark.parametrize("url", FAULTS)
def test_what_is_too_much_is_given_up(came: Came, url: str) -> None:
    assert came["door"][url] == {"ended": FAULTS[url], "reached": [SITE]}


@pytest.mark.parametrize("url", IN_CHAT)
def test_a_chat_that_names_a_hostile_page_opens_no_connection(came: Came, url: str) -> None:
    # What is in brackets is not taken for an address.
    told = "" if "[" in url else "PAGE_ADDRESS_REFUSED"
    assert came["pages"][url] == {"ended": f"200 {told}", "reached": []}


@pytest.mark.parametrize("url", IN_CHAT)
def test_a_chat_that_shows_a_hostile_image_opens_no_connection(came: Came, url: str) -> None:
    assert came["images"][url] == {"ended": "400 IMAGE_NOT_FETCHED", "reached": []}


def test_a_chat_reads_public_pages_and_asks_public_addresses_for_images(came: Came) -> None:
    url = f"http://{PUBLIC}/"
    assert came["pages"][url] == {"ended": "200 ", "reached": [SITE]}
    assert came["images"][url]["reached"] == [SITE]
