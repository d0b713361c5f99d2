"""Every reply against the published OpenAPI document, and against our own."""

import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

import video_house
from fake_upstream import Script, hanging, refusing
from fondaco.chain.rule import RuleStakes
from fondaco.domain.errors import EngineError
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO
from fondaco.http.apis.endpoints import ENDPOINTS
from fondaco.http.edge.routes import Routes
from house import ACCOUNT, MANY, PEPPER, TOY, House, chat_body, house
from picture_house import EDIT, UPSCALE, base64, picture, world
from published import ABSENT, SPECIFICATION, Fields, document, faults, faults_by, operation
from toy_speaker import TOY_VOICE, ToySpeaker
from wallet_world import wallet

pytestmark = pytest.mark.skipif(not SPECIFICATION.exists(), reason=ABSENT)

BASE = "/api/v1"
KEYS = "/api_keys"
WALLETS = "/api_keys/generate_web3_key"
CHAT = "/chat/completions"
INFERENCE = "an inference key"
KEY = {"apiKeyType": "INFERENCE", "description": "a"}
ROUTES = Routes(ENDPOINTS)
SHAPES = {CHAT: Fields.OPEN, "/models": Fields.KNOWN}
"""Where not all that is published is for these models; chats carry more of what OpenAI's do."""
DECIDED = {
    "OpenAI's logprobs": "/choices/0/logprobs: ",
    "OpenAI's error of a long context": "/error: ",
    "prices of videos": "/data/0/model_spec: Additional properties are not allowed ('videoPricing'",
}
"""Where clients read another shape than is published, or a field of ours -> where the reply deviates by it."""


@dataclass
class Judge:
    """Asks a house, and holds each reply against both documents."""

    house: House
    ours: dict[str, Any]
    seen: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Method and path -> statuses that came."""

    async def ask(
        self, method: str, path: str, key: str | None = None, *but: str, **how: Any
    ) -> httpx2.Response:
        """Ask; the reply deviates from what is published in `but` these, and in each of them."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}" if key else ""}
        headers |= how.pop("headers", {})
        reply = await self.house.client.request(method, BASE + path, headers=headers, **how)
        shown = ROUTES.find(method, BASE + path)[0].path
        self.seen[f"{method} {shown.removeprefix(BASE)}"].add(reply.status_code)
        found = by_theirs(method, shown, reply)
        excused = {name for name in but for fault in found if fault.startswith(DECIDED[name])}
        assert excused == set(but)
        found = [f for f in found if not any(f.startswith(DECIDED[name]) for name in but)]
        found += self.by_ours(method, shown, reply)
        assert found == [], f"{method} {path} {reply.status_code}: {reply.text}"
        return reply

    def by_ours(self, method: str, path: str, reply: httpx2.Response) -> list[str]:
        replies = self.ours["paths"][path][method.lower()]["responses"]
        shown = replies.get(str(reply.status_code))
        if shown is None:
            return ["Our document has no such status."]
        missing = [
            f"The header {name} is missing."
            for name, header in shown["headers"].items()
            if self.required(header) and name.lower() not in reply.headers
        ]
        media_type = reply.headers["content-type"].partition(";")[0]
        content = shown["content"].get(media_type)
        if content is None:
            return [*missing, f"Our document has no {media_type}."]
        schema = {**content.get("schema", {}), "components": self.ours["components"]}
        return [*missing, *(f for one in instances(reply) for f in faults_by(schema, one))]

    def required(self, header: dict[str, Any]) -> bool:
        name = header.get("$ref", "").rpartition("/")[2]
        return bool((self.ours["components"]["headers"][name] if name else header).get("required"))


def instances(reply: httpx2.Response) -> list[object]:
    """Return what schemas are about: the body, or each event of a stream with its data parsed."""
    media_type = reply.headers["content-type"].partition(";")[0]
    if media_type == "application/json":
        return [reply.json()]
    if media_type == "text/event-stream":
        return [{"data": event} for event in events(reply)]
    return [reply.text]


def events(reply: httpx2.Response) -> list[str]:
    return [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]


def by_theirs(method: str, path: str, reply: httpx2.Response) -> list[str]:
    below, media_type = path.removeprefix(BASE), reply.headers["content-type"].partition(";")[0]
    published = operation(method, below)
    shown = None if published is None else published["responses"].get(str(reply.status_code))
    if reply.is_error:
        schema = {"$ref": "#/components/schemas/DetailedError"}
        if shown is not None:
            schema = shown["content"][media_type]["schema"]
        return faults(schema, reply.json())
    if published is None or media_type == "text/event-stream":
        return []  # PATCH is on a page only, and events are nowhere
    assert shown is not None, f"Nothing is published of {reply.status_code}."
    fields = SHAPES.get(below, Fields.EXACT)
    content = shown["content"][media_type]["schema"]
    return [fault for one in instances(reply) for fault in faults(content, one, fields)]


async def judge_of(one: House) -> Judge:
    return Judge(one, (await one.client.get("/openapi.json")).json())


@pytest.fixture
async def judge() -> AsyncGenerator[Judge]:
    """A judge of a house with stakes for wallets, and an INFERENCE key."""
    async with house(stakes=RuleStakes({"*": NANO}), keys_a_minute=2) as one:
        key = Key("cd" * 16, ACCOUNT, KeyType.INFERENCE, "", "abcdef", created_at=0.0)
        one.keys.put(Account(ACCOUNT, "tests"), digest(PEPPER, INFERENCE), key)
        yield await judge_of(one)


async def refused(judge: Judge, method: str, path: str, **how: Any) -> None:
    """Let an endpoint for ADMIN keys refuse all others."""
    assert (await judge.ask(method, path, key="", **how)).status_code == 401
    assert (await judge.ask(method, path, key="unknown", **how)).status_code == 401
    assert (await judge.ask(method, path, key=INFERENCE, **how)).status_code == 403


async def test_making_a_key_answers_as_published(judge: Judge) -> None:
    end = {"expiresAt": "2100-01-01", "consumptionLimit": {"usd": 0.5, "diem": None}}
    for fields in ({}, end):
        await judge.ask("POST", KEYS, json={**KEY, **fields})
    await judge.ask("POST", KEYS, json=KEY)
    await judge.ask("POST", KEYS, json={"apiKeyType": "ROOT"})
    await judge.ask("POST", KEYS, content=b"{}")
    await refused(judge, "POST", KEYS, json=KEY)
    assert judge.seen == {"POST /api_keys": {200, 400, 401, 403, 415, 429}}


async def test_keys_are_shown_changed_and_deleted_as_published(judge: Judge) -> None:
    limits = {"usd": 0.000000001, "vcu": 3}
    made = (await judge.ask("POST", KEYS, json={**KEY, "consumptionLimit": limits})).json()["data"]
    assert (await judge.ask("POST", CHAT, key=made["apiKey"], json=chat_body())).status_code == 402
    await judge.ask("PATCH", KEYS, json={"id": made["id"], "consumptionLimit": None})
    assert (await judge.ask("POST", CHAT, key=made["apiKey"], json=chat_body())).status_code == 200
    judge.house.platform.key_ring.flush_uses()
    judge.seen.clear()
    one, end = f"{KEYS}/{made['id']}", {"id": made["id"], "expiresAt": "2100-01-01"}
    await judge.ask("PATCH", KEYS, json=end)
    await judge.ask("PATCH", KEYS, json={**end, "expiresAt": "soon"})
    shown = (await judge.ask("GET", one)).json()["data"]
    assert None not in (shown["lastUsedAt"], shown["expiresAt"])
    assert (await judge.ask("GET", KEYS)).json()["data"][-1] == shown
    await judge.ask("DELETE", KEYS)
    await judge.ask("DELETE", KEYS, params={"id": made["id"]})
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", one, {}),
        ("PATCH", KEYS, {"json": end}),
        ("DELETE", KEYS, {"params": {"id": made["id"]}}),
    ]
    for method, path, how in asked:
        assert (await judge.ask(method, path, **how)).status_code == 404
        await refused(judge, method, path, **how)
    await refused(judge, "GET", KEYS)
    assert judge.seen == {
        "GET /api_keys": {200, 401, 403},
        "GET /api_keys/{id}": {200, 401, 403, 404},
        "PATCH /api_keys": {200, 400, 401, 403, 404},
        "DELETE /api_keys": {200, 400, 401, 403, 404},
    }


async def test_limits_and_what_exceeded_them_are_shown_as_published() -> None:
    tiers = {"paid": Tier("paid", {"small": RateLimits(1, MANY, MANY)})}
    async with house(tiers=tiers) as one:
        key = Key("cd" * 16, ACCOUNT, KeyType.INFERENCE, "", "abcdef", created_at=0.0)
        one.keys.put(Account(ACCOUNT, "tests"), digest(PEPPER, INFERENCE), key)
        judge = await judge_of(one)
        for status in (200, 429):
            assert (await judge.ask("POST", CHAT, json=chat_body())).status_code == status
        judge.seen.clear()
        assert (await judge.ask("GET", f"{KEYS}/rate_limits")).json()["data"]["rateLimits"]
        assert (await judge.ask("GET", f"{KEYS}/rate_limits/log")).json()["data"]
        for path in (f"{KEYS}/rate_limits", f"{KEYS}/rate_limits/log"):
            await refused(judge, "GET", path)
    assert judge.seen == {
        "GET /api_keys/rate_limits": {200, 401, 403},
        "GET /api_keys/rate_limits/log": {200, 401, 403},
    }


async def test_keys_for_wallets_are_made_as_published(judge: Judge) -> None:
    ada = wallet()

    async def body() -> dict[str, object]:
        token = (await judge.ask("GET", WALLETS, key="")).json()["data"]["token"]
        return {
            "apiKeyType": "ADMIN",
            "address": ada.address,
            "token": token,
            "signature": ada.sign(token),
        }

    good = await body()
    for _ in range(2):
        await judge.ask("POST", WALLETS, key="", json=good)
    await judge.ask("POST", WALLETS, json={**good, "address": "0x"})
    for _ in range(2):
        await judge.ask("POST", WALLETS, json=await body())
    async with house() as nothing_staked:
        judge.house = nothing_staked
        await judge.ask("POST", WALLETS, json=await body())
    assert judge.seen == {
        "GET /api_keys/generate_web3_key": {200},
        "POST /api_keys/generate_web3_key": {200, 400, 401, 403, 429},
    }


async def test_usage_is_shown_as_published(judge: Judge) -> None:
    await judge.ask("POST", CHAT, json=chat_body())
    judge.seen.clear()
    rows = (await judge.ask("GET", "/billing/usage")).json()["data"]
    assert rows[0]["inferenceDetails"]
    csv = await judge.ask("GET", "/billing/usage", headers={"Accept": "text/csv"})
    assert csv.headers["content-type"].startswith("text/csv")
    await judge.ask("GET", "/billing/usage", params={"limit": "501"})
    await refused(judge, "GET", "/billing/usage")
    assert judge.seen == {"GET /billing/usage": {200, 400, 401, 403}}


async def test_models_are_listed_as_published(judge: Judge) -> None:
    paths = ("/models", "/models/traits", "/models/compatibility_mapping")
    for path in paths:
        for kind in ("text", "all", "image", "code", "sculpture"):
            await judge.ask("GET", path, key="", params={"type": kind})
    assert judge.seen == {f"GET {path}": {200, 400} for path in paths}


async def test_characters_are_shown_as_published(judge: Judge) -> None:
    assert (await judge.ask("GET", "/characters", INFERENCE)).json()["data"]
    await judge.ask("GET", "/characters", params={"limit": "0"})
    for slug in ("alan-watts", "nobody"):
        await judge.ask("GET", f"/characters/{slug}", INFERENCE)
    for path in ("/characters", "/characters/alan-watts"):
        await judge.ask("GET", path, key="")
    assert judge.seen == {
        "GET /characters": {200, 400, 401},
        "GET /characters/{slug}": {200, 401, 404},
    }


async def test_chats_are_answered_as_published(judge: Judge) -> None:
    asked = chat_body(max_tokens=3, n=2)
    await judge.ask("POST", CHAT, INFERENCE, json=asked)
    await judge.ask("POST", CHAT, None, "OpenAI's logprobs", json=chat_body(logprobs=True))


async def test_each_chunk_of_a_stream_is_as_we_say(judge: Judge) -> None:
    asked = chat_body(stream=True, logprobs=True, stream_options={"include_usage": True})
    *chunks, last = events(await judge.ask("POST", CHAT, json=asked))
    shapes = {"components": judge.ours["components"]}
    chunk = {"$ref": "#/components/schemas/ChatCompletionChunk", **shapes}
    assert last == "[DONE]"
    assert len(chunks) > 3
    assert [fault for one in chunks for fault in faults_by(chunk, json.loads(one))] == []


async def test_chat_errors_match_the_published_contract(judge: Judge) -> None:
    for body in ({}, {**chat_body(), "temperature": 3}, {**chat_body(), "tools": [{}]}):
        assert (await judge.ask("POST", CHAT, json=body)).status_code == 400
    long = {**chat_body(), "max_tokens": 1_000_000}
    assert (
        await judge.ask("POST", CHAT, None, "OpenAI's error of a long context", json=long)
    ).json()["code"] == "context_length_exceeded"
    await judge.ask("POST", CHAT, "", json=chat_body())
    await judge.ask("POST", CHAT, json=chat_body(model="nobody"))
    for content, media_type in ((b"{}", "text/html"), (b" " * (5 * 2**20), "application/json")):
        await judge.ask("POST", CHAT, content=content, headers={"Content-Type": media_type})
    for _ in range(2):
        await judge.ask("POST", CHAT, json=chat_body(), headers={"Idempotency-Key": "a"})
    assert judge.seen == {"POST /chat/completions": {200, 400, 401, 404, 409, 413, 415}}


@pytest.mark.parametrize(
    ("script", "status"), [(refusing(401), 502), (refusing(503), 503), (hanging(), 504)]
)
async def test_engine_errors_match_the_published_contract(script: Script, status: int) -> None:
    async with house(first_byte_timeout_s=0.2) as one:
        for engine in (one.fake, one.second):
            engine.always(script)
        judge = await judge_of(one)
        assert (await judge.ask("POST", CHAT, json=chat_body())).status_code == status


@pytest.mark.parametrize("path", [UPSCALE, EDIT])
async def test_pictures_are_changed_as_published(path: str) -> None:
    fields = {"image": base64(picture())} | ({"prompt": "Colorize"} if path == EDIT else {})
    below = path.removeprefix(BASE)
    async with world() as one:
        judge = await judge_of(one)
        await judge.ask("POST", below, json=fields)
        texts = {name: text for name, text in fields.items() if name != "image"}
        await judge.ask("POST", below, data=texts, files={"image": picture()})
        await judge.ask("POST", below, json={**fields, "image": "no base64"})
        await judge.ask("POST", below, json={})
        await judge.ask("POST", below, key="", json=fields)
        await judge.ask("POST", below, content=b"{}", headers={"Content-Type": "text/html"})
    async with world(usd=0) as one:
        judge.house = one
        await judge.ask("POST", below, json=fields)
    async with world(image_editors={}, image_upscalers={}) as one:
        judge.house = one
        await judge.ask("POST", below, json=fields)
    assert judge.seen == {f"POST {below}": {200, 400, 401, 402, 415, 503}}


async def test_texts_are_read_aloud_as_published() -> None:
    pytest.importorskip("av", reason="the extra `speech` is not installed")
    path, fields = "/audio/speech", {"input": "Hi.", "voice": "bf_emma"}
    engines = {"toy-throat": ToySpeaker()}
    async with house(models=(TOY, TOY_VOICE), speech_engines=engines) as one:
        judge = await judge_of(one)
        for name in ("mp3", "opus", "aac", "flac", "wav", "pcm"):
            await judge.ask("POST", path, json={**fields, "response_format": name})
        await judge.ask("POST", path, json={**fields, "streaming": True, "speed": 2})
        await judge.ask("POST", path, json={})
        await judge.ask("POST", path, key="", json=fields)
        await judge.ask("POST", path, content=b"{}", headers={"Content-Type": "text/html"})
    async with house(models=(TOY, TOY_VOICE), speech_engines=engines, usd=0) as one:
        judge.house = one
        await judge.ask("POST", path, json=fields)
    async with house(models=(TOY, TOY_VOICE)) as one:
        judge.house = one
        await judge.ask("POST", path, json=fields)
    assert judge.seen == {f"POST {path}": {200, 400, 401, 402, 415, 503}}


async def test_all_that_is_published_of_requests_is_taken(judge: Judge) -> None:
    """Each parameter, field and header that is published is in our own document."""
    for path, operations in document()["paths"].items():
        for method, published in operations.items():
            ours = judge.ours["paths"].get(BASE + path, {}).get(method)
            if ours is None:
                continue  # not built yet
            taken = {one["name"] for one in ours["parameters"]}
            wanted = {p["name"] for p in published.get("parameters", ())} - HANDLED_BELOW
            assert wanted <= taken, (method, path)
            known = body_fields(ours, judge.ours)
            parts = {"", *(name.rpartition(".")[0] for name in known)}
            documented = body_fields(published, document())
            assert {n for n in documented if n.rpartition(".")[0] in parts} <= known, path
            told = published["responses"]["200"].get("headers", {}).keys() - HANDLED_BELOW
            assert told <= ours["responses"]["200"]["headers"].keys()


HANDLED_BELOW = {"Accept", "Accept-Encoding", "Content-Encoding"}
"""What belongs to HTTP: OpenAPI 3.1 has no parameters of these names."""


def body_fields(operation: dict[str, Any], whole: dict[str, Any]) -> set[str]:
    """Return the paths of a request's fields; of what lies in lists, nothing."""
    content = operation.get("requestBody", {}).get("content", {})
    return set(fields_of(content.get("application/json", {}).get("schema", {}), whole))


def fields_of(schema: dict[str, Any], whole: dict[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from fields_of(whole["components"]["schemas"][name], whole)
    for one in schema.get("anyOf", ()):
        yield from fields_of(one, whole)
    for name, field_schema in schema.get("properties", {}).items():
        yield name
        yield from (f"{name}.{below}" for below in fields_of(field_schema, whole))


async def test_videos_are_quoted_queued_retrieved_and_deleted_as_published() -> None:
    camera = video_house.scripted(*[EngineError()] * 3)
    wanted = video_house.asked()
    async with video_house.world(camera) as one:
        judge = await judge_of(one)
        failed = (await judge.ask("POST", "/video/queue", json=wanted)).json()
        await video_house.ended(one, failed["queue_id"])
        await judge.ask("POST", "/video/retrieve", json=failed)
        camera.waits_from = len(camera.asked)
        queued = (await judge.ask("POST", "/video/queue", json=wanted)).json()
        await camera.filming.wait()
        for path in ("/video/retrieve", "/video/complete"):
            await judge.ask("POST", path, json=queued)
            await judge.ask("POST", path, json={"model": "toy-camera"})
            await judge.ask("POST", path, key="", json=queued)
            await judge.ask("POST", path, json={**queued, "queue_id": video_house.NO_ID})
        camera.released.set()
        await video_house.ended(one, queued["queue_id"])
        await judge.ask("POST", "/video/retrieve", json=queued)
        await judge.ask("POST", "/video/complete", json=queued)
        for path in ("/video/quote", "/video/queue"):
            await judge.ask("POST", path, json=wanted)
            await judge.ask("POST", path, json={**wanted, "duration": "7s"})
            await judge.ask("POST", path, key="", json=wanted)
        listed = await judge.ask(
            "GET", "/models", None, "prices of videos", params={"type": "video"}
        )
        assert listed.json()["data"]
    async with video_house.world(camera, usd=0) as one:
        judge.house = one
        await judge.ask("POST", "/video/queue", json=wanted)
    assert judge.seen == {
        "POST /video/quote": {200, 400, 401},
        "POST /video/queue": {200, 400, 401, 402},
        "POST /video/retrieve": {200, 400, 401, 404, 500},
        "POST /video/complete": {200, 400, 401, 404},
        "GET /models": {200},
    }
