"""The examples of the OpenAPI document, sent to a fresh server as "Try it out" at /doc sends them."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from fondaco.http.apis.endpoints import ENDPOINTS
from fondaco.http.apis.venice.keys.schemas import EXAMPLE_ID
from program import Program, model_file, program

Json = dict[str, Any]
OPERATIONS = [(one.method, one.path) for one in ENDPOINTS if one.listed]
EMBEDDING_FILE = "all-MiniLM-L6-v2.int8.onnx"
WHISPER_FILES = ("whisper-base.bin", "whisper-tiny.en.bin")
OF_A_KEY = {
    ("GET", "/api/v1/api_keys/{id}"),
    ("PATCH", "/api/v1/api_keys"),
    ("DELETE", "/api/v1/api_keys"),
}
"""Operations on a key that exists: 404 until its id takes the place of the example's."""
OF_A_WALLET = ("POST", "/api/v1/api_keys/generate_web3_key")
"""Takes what a wallet signed a moment ago, which no document holds; a fresh server makes no keys for wallets."""
OF_A_TYPE = {
    "/api/v1/image/upscale": "upscale",
    "/api/v1/image/edit": "inpaint",
    "/api/v1/images/edits": "inpaint",
    "/api/v1/video/quote": "video",
    "/api/v1/video/queue": "video",
}
"""Operations that a type of model is needed for, which a catalogue may lack."""
OF_A_VIDEO = {("POST", "/api/v1/video/retrieve"), ("POST", "/api/v1/video/complete")}
"""Operations on a video that was queued, by a secret that nobody else knows: 404."""
OF_A_CALL = {
    ("GET", "/api/v1/tee/signature"),
    ("GET", "/v1/aci/receipts/{id}"),
    ("GET", "/api/v1/aci/receipts/{id}"),
}
"""Operations on the receipt of an encrypted call, which the example's id names none of: 404."""
NOT_OFFERED = 403


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with program(tmp_path_factory.mktemp("fresh") / "home") as one:
        yield one


@pytest.fixture(scope="module")
def document(fresh: Program) -> Json:
    read: Json = fresh.http.get("/openapi.json").json()
    return read


def filled(document: Json, method: str, path: str, key_id: str = EXAMPLE_ID) -> httpx2.Request:
    """Return the request that the page makes of an operation's examples and defaults.

    Source: Swagger UI: a parameter starts with its `example`, else its schema's `default`, and an empty one
    is not sent; a body starts with the first of its schema's `examples`.
    """
    shown = document["paths"][path][method.lower()]
    query: dict[str, str] = {}
    for parameter in shown["parameters"]:
        value = parameter.get("example", parameter["schema"].get("default"))
        assert value is not None or not parameter["required"], f"no example: {parameter['name']}"
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", value)
        elif value not in (None, "", []):
            query[parameter["name"]] = str(value)
    body = None
    if "requestBody" in shown:
        (media_type, *_) = shown["requestBody"]["content"]
        named = shown["requestBody"]["content"][media_type]["schema"]["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"][named]
        assert "examples" in schema, f"no example: {named}"
        body = json.loads(json.dumps(schema["examples"][0]).replace(EXAMPLE_ID, key_id))
    url = httpx2.URL("http://fresh" + path.replace(EXAMPLE_ID, key_id))
    query = {name: value.replace(EXAMPLE_ID, key_id) for name, value in query.items()}
    return httpx2.Request(method, url, params=query, json=body)


def sent(fresh: Program, request: httpx2.Request) -> httpx2.Response:
    """Send it with the first key, which is an ADMIN key."""
    headers = {"Content-Type": "application/json"} if request.content else {}
    path = request.url.raw_path.decode()
    return fresh.http.request(request.method, path, content=request.content, headers=headers)


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=str)
def test_every_operation_succeeds_as_its_example_stands(
    fresh: Program, document: Json, method: str, path: str
) -> None:
    if path.endswith("/embeddings") and not model_file(EMBEDDING_FILE).exists():
        pytest.skip("the model is not installed: run `fondaco models pull all-minilm-l6-v2`")
    if (
        "/audio/trans" in path
        and not model_file(WHISPER_FILES["/translations" not in path]).exists()
    ):
        pytest.skip("the model is not installed: run `fondaco models pull whisper-base`")
    reply = sent(fresh, filled(document, method, path))
    kind = OF_A_TYPE.get(path)
    if kind and not fresh.http.get("/api/v1/models", params={"type": kind}).json()["data"]:
        assert reply.json()["code"] == "MODEL_NOT_FOUND", reply.text
    elif (method, path) in OF_A_KEY | OF_A_VIDEO | OF_A_CALL:
        assert reply.status_code == httpx2.codes.NOT_FOUND, reply.text
    elif (method, path) == OF_A_WALLET:
        assert reply.status_code == NOT_OFFERED, reply.text
    else:
        assert reply.is_success, reply.text


@pytest.mark.parametrize(("method", "path"), sorted(OF_A_KEY))
def test_the_examples_of_keys_succeed_with_the_id_of_one(
    fresh: Program, document: Json, method: str, path: str
) -> None:
    made = sent(fresh, filled(document, "POST", "/api/v1/api_keys")).json()["data"]["id"]
    reply = sent(fresh, filled(document, method, path, made))
    assert reply.is_success, reply.text
