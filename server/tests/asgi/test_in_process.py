"""The ASGI application in a program: started by it, mounted in it, asked without a socket."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
import httpx2
import orjson
import pytest
from fastapi import FastAPI

from asgi.mounted import BODY, CHAT, Mounted, mounted, tables
from fake_upstream import late, speak
from fondaco.asgi import AsgiApp, create_app
from fondaco.configuration import load
from fondaco.domain.errors import StorageFailedError
from fondaco.environment import ConfigurationError
from fondaco.http.asgi.messages import Message, Scope
from fondaco.stores.errors import HomeInUseError
from fondaco.stores.sqlite.ledger.replay import entered


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncGenerator[Mounted]:
    async with mounted(tmp_path / "home") as one:
        yield one


def charges(home: Path) -> list[str]:
    assert entered(home / "fondaco.sqlite3")
    with closing(sqlite3.connect(home / "fondaco.sqlite3")) as database:
        rows = database.execute("SELECT notes FROM entry WHERE kind = 1 ORDER BY id")
        return [str(notes) for (notes,) in rows]


def http_scope(**fields: object) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/healthz",
        "raw_path": b"/healthz",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
        **fields,
    }


class Caller:
    """The server's side of one scope: what it has to say, and what it is told."""

    def __init__(self, *messages: Message) -> None:
        self.messages = list(messages)
        self.sent: list[Message] = []
        self.gone = anyio.Event()

    async def receive(self) -> Message:
        if self.messages:
            return self.messages.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def asked(app: AsgiApp, *messages: Message, **fields: object) -> Caller:
    caller = Caller(*messages)
    await app(http_scope(**fields), caller.receive, caller.send)
    return caller


async def test_a_call_and_a_stream_are_answered_without_a_socket(inside: Mounted) -> None:
    async with inside.client() as client:
        whole = await client.post(CHAT, json=BODY)
        streamed = await client.post(CHAT, json=BODY | {"stream": True})
    assert whole.json()["choices"][0]["message"]["content"]
    assert streamed.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert streamed.text.endswith("data: [DONE]\n\n")
    assert whole.headers["x-venice-balance-usd"] == "100"


async def test_headers_of_the_connection_and_the_date_are_left_to_the_server(
    inside: Mounted,
) -> None:
    async with inside.client() as client:
        headers = (await client.post(CHAT, json=BODY | {"stream": True})).headers
    assert not {"connection", "transfer-encoding", "keep-alive", "date"} & headers.keys()


async def test_a_head_request_gets_the_length_and_no_body(inside: Mounted) -> None:
    async with inside.client() as client:
        head, whole = await client.head("/api/v1/models"), await client.get("/api/v1/models")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]


async def test_an_application_that_was_not_started_says_how_to(tmp_path: Path) -> None:
    app = create_app(home=tmp_path / "home", standalone=False)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with pytest.raises(RuntimeError, match=r"async with app\.running\(\)"):
            await client.get("/healthz")


async def test_an_application_runs_once_at_a_time_and_again(tmp_path: Path) -> None:
    app = create_app(home=tmp_path / "home", standalone=False)
    async with app.running():
        with pytest.raises(RuntimeError, match="already running"):
            async with app.running():
                pass
    async with app.running():
        assert (await asked(app)).status == 200


async def test_a_second_one_on_the_home_is_refused(inside: Mounted, tmp_path: Path) -> None:
    second = create_app(home=tmp_path / "home", standalone=False)
    with pytest.raises(HomeInUseError, match="home folder"):
        async with second.running():
            pass


async def test_several_workers_on_one_home_are_refused(inside: Mounted, tmp_path: Path) -> None:
    second = create_app(home=tmp_path / "home", standalone=False)
    caller = Caller({"type": "lifespan.startup"})
    await second({"type": "lifespan"}, caller.receive, caller.send)
    (failed,) = caller.sent
    assert failed["type"] == "lifespan.startup.failed"
    assert "start the server with one worker" in failed["message"]


async def test_a_lifespan_opens_and_closes(tmp_path: Path) -> None:
    app = create_app(home=tmp_path / "home", standalone=False)
    caller = Caller({"type": "lifespan.startup"})
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app, {"type": "lifespan"}, caller.receive, caller.send)
        with anyio.fail_after(10):
            while not caller.sent:
                await anyio.lowlevel.checkpoint()
        assert (await asked(app)).status == 200
        caller.gone.set()
    assert [message["type"] for message in caller.sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    with pytest.raises(RuntimeError, match="not running"):
        await asked(app)


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
async def test_a_lifespan_that_fails_says_when_and_why(tmp_path: Path, phase: str) -> None:
    lost = StorageFailedError("3 charges could not be written.")

    class Failing(AsgiApp):
        @asynccontextmanager
        async def running(self) -> AsyncGenerator[AsgiApp]:
            if phase == "startup":
                raise lost
            yield self
            raise ExceptionGroup("of a task group", [lost, ValueError("a prompt, perhaps")])

    app = Failing(load({"home": tmp_path / "home"}), standalone=False)
    caller = Caller({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    with pytest.raises((StorageFailedError, ExceptionGroup)):
        await app({"type": "lifespan"}, caller.receive, caller.send)
    message = str(lost) if phase == "startup" else f"{lost}; ValueError"
    assert caller.sent[-1] == {"type": f"lifespan.{phase}.failed", "message": message}


async def test_it_is_mounted_in_a_program_under_a_path(inside: Mounted) -> None:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield  # a program of its own would say here: async with app.running(): yield

    program = FastAPI(lifespan=lifespan)
    program.mount("/ai", inside.app)
    headers = {"Authorization": f"Bearer {inside.key}"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(program), base_url="http://localhost", headers=headers
    ) as client:
        whole = await client.post(f"/ai{CHAT}", json=BODY)
        missing = await client.get("/ai/nothing")
    assert whole.status_code == 200
    assert missing.json()["error"].startswith("There is no endpoint at '/nothing'")


@pytest.mark.parametrize(
    ("root_path", "path"), [("/ai", "/ai/healthz"), ("/ai/", "/ai/healthz"), ("/ai", "/healthz")]
)
async def test_the_path_below_the_mount_is_asked(
    inside: Mounted, root_path: str, path: str
) -> None:
    assert (await asked(inside.app, root_path=root_path, path=path)).status == 200


async def test_a_path_that_only_begins_like_the_mount_is_not_below_it(inside: Mounted) -> None:
    assert (await asked(inside.app, root_path="/heal", path="/healthz")).status == 200


async def cookie_of(one: Mounted, root_path: str, scheme: str = "http") -> str:
    """Return the cookie of a log-in to the application mounted below a path."""
    body = orjson.dumps({"apiKey": one.key})
    caller = Caller({"type": "http.request", "body": body})
    headers = [
        (b"host", b"localhost"),
        (b"origin", f"{scheme}://localhost".encode()),
        (b"content-type", b"application/json"),
        (b"x-fondaco-dashboard", b"1"),
    ]
    path = f"{root_path}/dashboard/session"
    scope = http_scope(
        method="POST", path=path, root_path=root_path, headers=headers, scheme=scheme
    )
    await one.app(scope, caller.receive, caller.send)
    return str(dict(caller.sent[0]["headers"])[b"set-cookie"], "latin-1")


@pytest.mark.parametrize(
    ("root_path", "scheme", "name", "path"),
    [
        ("", "http", "fondaco_session", "/"),
        ("", "https", "__Host-fondaco_session", "/"),
        ("/ai", "http", "fondaco_session_ai", "/ai"),
        ("/ai", "https", "__Secure-fondaco_session_ai", "/ai"),  # __Host- is for the path / alone
        ("/a b;c", "http", "fondaco_session_a_b_c", "/a%20b%3Bc"),
    ],
)
async def test_a_session_counts_below_the_mount_alone(
    inside: Mounted, root_path: str, scheme: str, name: str, path: str
) -> None:
    cookie = await cookie_of(inside, root_path, scheme)
    assert cookie.startswith(f"{name}=")
    assert f"; Path={path};" in cookie


def chat_scope(key: str, *headers: tuple[bytes, bytes]) -> dict[str, object]:
    return {
        "method": "POST",
        "path": CHAT,
        "headers": [
            (b"host", b"localhost"),
            (b"authorization", f"Bearer {key}".encode()),
            (b"content-type", b"application/json"),
            *headers,
        ],
    }


@pytest.mark.parametrize("stream", [True, False])
async def test_a_caller_that_goes_away_is_charged_for_what_was_produced(
    tmp_path: Path, *, stream: bool
) -> None:
    body = orjson.dumps(BODY | {"stream": stream})
    async with mounted(tmp_path / "home", token_s=0.02) as one:
        caller, may_reply = Caller({"type": "http.request", "body": body}), anyio.Event()
        if not stream:  # such a reply is read to its end
            one.fake.next(late(speak, may_reply))
        async with anyio.create_task_group() as tasks:
            scope = http_scope(**chat_scope(one.key))
            tasks.start_soon(one.app, scope, caller.receive, caller.send)
            with anyio.fail_after(10):
                while not (len(caller.sent) > 3 if stream else one.fake.asked):
                    await anyio.lowlevel.checkpoint()
            caller.gone.set()
            await anyio.wait_all_tasks_blocked()
            may_reply.set()
        if stream:
            with anyio.fail_after(10):
                await one.fake.asked[0].hang_up.wait()
    assert all(message.get("more_body", True) for message in caller.sent)
    notes = charges(tmp_path / "home")
    assert notes
    assert all("caller" in note for note in notes)


async def test_a_body_in_pieces_is_read_and_one_that_is_too_long_is_refused(
    tmp_path: Path,
) -> None:
    pieces = [b'{"model":"toy",', b'"messages":[{"role":"user","content":"Hi"}]}']
    async with mounted(
        tmp_path / "home", body_limit_bytes=2048, media_body_limit_bytes=2048
    ) as one:
        first, last = (
            {"type": "http.request", "body": piece, "more_body": more}
            for piece, more in zip(pieces, (True, False), strict=True)
        )
        assert (await asked(one.app, first, last, **chat_scope(one.key))).status == 200
        endless = [{"type": "http.request", "body": b" " * 1024, "more_body": True}] * 9
        refused = await asked(one.app, *endless, **chat_scope(one.key))
        assert refused.status == 413
        lying = chat_scope(one.key, (b"content-length", b"10"))
        assert (await asked(one.app, first, last, **lying)).status == 400


async def test_a_body_that_does_not_come_in_time_is_refused(tmp_path: Path) -> None:
    async with mounted(tmp_path / "home", body_timeout_s=0.05) as one:
        part: Message = {"type": "http.request", "body": b"{", "more_body": True}
        assert (await asked(one.app, part, **chat_scope(one.key))).status == 408


async def test_a_body_is_asked_for_once_it_is_wanted(inside: Mounted) -> None:
    """Servers send `100 Continue` at the first `receive`: not to a caller whose key is wrong."""
    whole: Message = {"type": "http.request", "body": b"{}", "more_body": False}
    expecting = (b"expect", b"100-continue")
    caller = await asked(inside.app, whole, **chat_scope("wrong", expecting))
    assert (caller.status, caller.messages) == (401, [whole])
    caller = await asked(inside.app, whole, **chat_scope(inside.key, expecting))
    assert (caller.status, caller.messages) == (400, [])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"host", b"localhost"), (b"x-large", b"x" * 2**17)], 431),
        ([(b"host", b"user@localhost")], 400),
        ([(b"host", b"evil.example")], 400),
        ([(b"host", b"localhost"), (b"host", b"localhost")], 400),
    ],
)
async def test_a_head_is_checked_as_on_the_own_wire(
    inside: Mounted, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    caller = await asked(inside.app, path="/api/v1/models", headers=headers)
    assert caller.status == status
    assert b'"code":' in caller.body


async def test_a_caller_that_left_before_a_refusal_is_no_fault_of_the_application(
    inside: Mounted,
) -> None:
    async def gone(_: Message) -> None:
        raise OSError("closed")

    refused = http_scope(headers=[(b"host", b"user@localhost")])
    await inside.app(refused, Caller().receive, gone)
    denied = http_scope(type="websocket", extensions={"websocket.http.response": {}})
    await inside.app(denied, Caller({"type": "websocket.connect"}).receive, gone)


async def test_a_caller_that_reads_slowly_gets_all_of_a_stream(inside: Mounted) -> None:
    caller = Caller({"type": "http.request", "body": orjson.dumps(BODY | {"stream": True})})
    taken = anyio.Event()

    async def slowly(message: Message) -> None:
        await taken.wait()
        caller.sent.append(message)

    async with anyio.create_task_group() as tasks:
        scope = http_scope(**chat_scope(inside.key))
        tasks.start_soon(inside.app, scope, caller.receive, slowly)
        with anyio.fail_after(10):
            while not inside.fake.asked:
                await anyio.lowlevel.checkpoint()
        taken.set()
    assert caller.body.endswith(b"data: [DONE]\n\n")


async def test_websockets_are_refused_with_a_reason_where_the_server_can_send_one(
    inside: Mounted,
) -> None:
    rows: tuple[tuple[dict[str, object], list[str]], ...] = (
        ({}, ["websocket.close"]),
        (
            {"websocket.http.response": {}},
            ["websocket.http.response.start", "websocket.http.response.body"],
        ),
    )
    for extensions, kinds in rows:
        caller = Caller({"type": "websocket.connect"})
        scope = http_scope(type="websocket", extensions=extensions)
        del scope["method"]
        await inside.app(scope, caller.receive, caller.send)
        assert [message["type"] for message in caller.sent] == kinds
    assert caller.status == 400
    assert b"does not support WebSockets" in caller.body


async def test_other_scopes_are_an_error(inside: Mounted) -> None:
    caller = Caller()
    with pytest.raises(ValueError, match="'smtp'"):
        await inside.app({"type": "smtp"}, caller.receive, caller.send)


def test_settings_given_in_code_are_checked_like_any(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"argument settings: server\.prot: no such"):
        create_app(home=tmp_path, settings={"server": {"prot": 1}})
    app = create_app(home=tmp_path, settings=tables("http://127.0.0.1:9/v1"))
    assert isinstance(app, AsgiApp)


async def test_calls_that_run_at_the_end_are_cut_off_and_settled(tmp_path: Path) -> None:
    body = b'{"model":"toy","messages":[{"role":"user","content":"Count!"}],"stream":true}'
    caller = Caller({"type": "http.request", "body": body})
    async with (
        anyio.create_task_group() as tasks,
        mounted(tmp_path / "home", token_s=0.05, drain_timeout_s=0.01) as one,
    ):
        scope = http_scope(**chat_scope(one.key))
        tasks.start_soon(one.app, scope, caller.receive, caller.send)
        with anyio.fail_after(10):
            while not caller.sent:
                await anyio.lowlevel.checkpoint()
    assert b"stopped during" in caller.body
    assert caller.sent[-1]["more_body"] is False


async def test_a_session_that_begins_over_tls_has_a_cookie_for_tls_alone(inside: Mounted) -> None:
    page = {"X-Fondaco-Dashboard": "1", "Origin": "https://localhost"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(inside.app), base_url="https://localhost", headers=page
    ) as browser:
        begun = await browser.post("/dashboard/session", json={"apiKey": inside.key})
        assert begun.status_code == 200
        cookie = begun.headers["set-cookie"]
        assert cookie.startswith("__Host-fondaco_session=")
        assert cookie.endswith("; Secure")
        browser.headers["X-Fondaco-Dashboard"] = begun.headers["x-fondaco-dashboard"]
        assert (await browser.get("/dashboard/session")).json() == begun.json()
