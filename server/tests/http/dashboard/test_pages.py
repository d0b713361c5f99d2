"""The static files of the dashboard: their page, their headers, and nothing else."""

import re
from contextlib import closing
from http.client import HTTPConnection
from importlib.resources import files

import brotli
import pytest
from anyio import to_thread

from fondaco.http.apis.dashboard.tree import AssetTree, StaticFile, tree
from house import House

HTML = {"Accept": "text/html,*/*;q=0.8", "Authorization": ""}
SOURCES = files("fondaco.http").joinpath("assets", "dashboard")
ENTRY = f"/dashboard/{tree().hash}/main.js"


def paths() -> list[str]:
    return sorted(tree().files)


async def test_the_page_names_its_files_by_addresses_that_are_there(shared: House) -> None:
    page = await shared.client.get("/", headers=HTML)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    links = re.findall(r'(?:href|src)="([^"#]+)"', page.text)
    assert f"dashboard/{tree().hash}/main.js" in links
    for link in links:
        assert not link.startswith(("/", "http")), "relative, for servers below a path"
        assert (await shared.client.get(f"/{link}")).status_code == 200, link


async def test_the_page_runs_nothing_but_its_own_files_and_is_framed_by_none(
    shared: House,
) -> None:
    for path in ("/", ENTRY):
        headers = (await shared.client.get(path, headers=HTML)).headers
        policy = dict(
            one.strip().partition(" ")[::2] for one in headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
        assert policy.keys().isdisjoint({"script-src", "style-src", "connect-src"})
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-opener-policy"] == "same-origin"


async def test_clients_that_are_no_browsers_get_text(shared: House) -> None:
    reply = await shared.client.get("/")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert "toy (text): ready" in reply.text


@pytest.mark.parametrize("path", paths())
async def test_a_file_is_what_it_is_and_may_be_kept_for_ever(shared: House, path: str) -> None:
    address = f"/dashboard/{tree().hash}/{path}"
    content = SOURCES.joinpath(*path.split("/")).read_bytes()
    plain = await shared.client.get(address, headers={"Accept-Encoding": "identity"})
    assert plain.content == content
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "content-encoding" not in plain.headers
    for _ in range(2):
        async with shared.client.stream("GET", address, headers={"Accept-Encoding": "br"}) as reply:
            raw = b"".join([piece async for piece in reply.aiter_raw()])
        if len(content) < 1024:
            continue
        assert reply.headers["content-encoding"] == "br"
        assert reply.headers["vary"] == "accept-encoding"
        assert int(reply.headers["content-length"]) == len(raw)
        assert brotli.decompress(raw) == content
    zipped = await shared.client.get(address, headers={"Accept-Encoding": "gzip"})
    assert zipped.content == content
    head = await shared.client.head(address, headers={"Accept-Encoding": "identity"})
    assert (head.content, head.headers["content-length"]) == (b"", str(len(content)))


@pytest.mark.parametrize(
    ("suffix", "media_type"),
    [("js", "text/javascript; charset=utf-8"), ("css", "text/css; charset=utf-8")],
)
async def test_modules_and_styles_have_their_media_types(
    shared: House, suffix: str, media_type: str
) -> None:
    for path in paths():
        if path.endswith(f".{suffix}"):
            reply = await shared.client.get(f"/dashboard/{tree().hash}/{path}")
            assert reply.headers["content-type"] == media_type


@pytest.mark.parametrize(
    "path",
    [
        "/dashboard",
        "/dashboard/",
        "/dashboard/{hash}",
        "/dashboard/{hash}/",
        "/dashboard/{hash}/nothing.js",
        "/dashboard/{hash}/index.html",
        "/dashboard/{hash}/lib",
        "/dashboard/{hash}/main.js/",
        "/dashboard/{hash}//main.js",
        "/dashboard/{hash}/./main.js",
        "/dashboard/{hash}/lib/../main.js",
        "/dashboard/{hash}/../../../settings.py",
        "/dashboard/{hash}/%2e%2e/%2e%2e/doc.html",
        "/dashboard/{hash}/..%2fdoc.js",
        "/dashboard/{hash}/main.js%00",
        "/dashboard/{hash}/MAIN.JS",
        "/dashboard/0000000000000000/main.js",
        "/dashboard/main.js",
        "/dashboard//etc/passwd",
    ],
)
async def test_there_is_nothing_at(shared: House, path: str) -> None:
    def ask() -> int:
        connection = HTTPConnection(*shared.address, timeout=30)  # it leaves paths as they are
        with closing(connection):
            connection.request("GET", path.format(hash=tree().hash))
            return connection.getresponse().status

    assert await to_thread.run_sync(ask) == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_files_are_read_only(shared: House, method: str) -> None:
    assert (await shared.client.request(method, ENTRY)).status_code == 405


def of(**contents: str) -> AssetTree:
    files = {
        name.replace("__", "/").replace("_", "."): StaticFile(text.encode(), b"text/javascript")
        for name, text in contents.items()
    }
    return AssetTree(files, '<head>\n<script src="./main.js"></script>\n</head>')


def test_any_change_of_any_file_changes_the_hash_of_all() -> None:
    before = of(main_js="1", a_js="23")
    assert of(main_js="1", a_js="23").hash == before.hash
    changes = (of(main_js="1", a_js="24"), of(main_js="1", b_js="23"), of(main_js="12", a_js="3"))
    assert len({before.hash, *(change.hash for change in changes)}) == 4


def test_the_page_loads_what_its_modules_import_before_they_ask_for_it() -> None:
    one = of(
        main_js='import { a } from "./lib/a.js";\nimport "./lib/c.js";\nconst p = () => import("./p.js");',
        lib__a_js='import{b as x}from"./b.js";export * from "../d.js";import y,{\n z\n} from \'./e.js\';',
        lib__b_js='// from "./none.js"\nimport { a } from "./a.js";',
        lib__c_js='export const from = "./p.js";',
        lib__e_js="export default 1",
        d_js='import * as e from "./lib/e.js"; import "preact";',
        p_js="",
    )
    assert one.modules() == [
        "main.js", "lib/a.js", "lib/c.js", "lib/b.js", "d.js", "lib/e.js",
    ]  # fmt: skip
    links = re.findall(r'<link rel="modulepreload" href="([^"]+)">', one.page.decode())
    assert links == [f"dashboard/{one.hash}/{path}" for path in one.modules()]
    assert f'<script src="dashboard/{one.hash}/main.js">'.encode() in one.page
