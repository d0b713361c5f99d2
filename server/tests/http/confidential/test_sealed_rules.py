"""What is refused of encrypted calls before any work: in plain, half encrypted, elsewhere; nothing is charged."""

from collections.abc import AsyncGenerator

import httpx2
import pytest

from house import TOY, House, chat_body, house
from told_enclave import ACI, CIPHERTEXT, ORIGINAL, TWIN, ToldEnclave, sealed_body

CHAT = "/api/v1/chat/completions"
SEALED = {"role": "user", "content": CIPHERTEXT}


@pytest.fixture(scope="module")
async def one() -> AsyncGenerator[House]:
    told = ToldEnclave()
    async with house(models=(TOY, TWIN), enclaves={"enclave": told}) as opened:
        yield opened
        assert (told.measured, told.answered, opened.charges()) == ([], [], [])
        assert (opened.fake.asked, opened.second.asked) == ([], [])


async def refused(
    one: House, body: dict[str, object], headers: dict[str, str] = ACI, path: str = CHAT
) -> httpx2.Response:
    reply = await one.client.post(path, json=body, headers=headers)
    assert reply.status_code == 400, reply.text
    return reply


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([{"role": "user", "content": "Hello"}], "messages.0.content"),
        ([SEALED, {"role": "system", "content": "Be kind."}], "messages.1.content"),
        ([SEALED, {"role": "assistant", "content": "Hi."}, SEALED], "messages.1.content"),
        ([{"role": "user", "content": "0a" * 59}], "messages.0.content"),
        ([{"role": "user", "content": f"{CIPHERTEXT}0"}], "messages.0.content"),
        ([{"role": "user", "content": f"{CIPHERTEXT}\n"}], "messages.0.content"),
        ([{**SEALED, "role": "assistant", "reasoning_content": "Hm"}], "reasoning_content"),
        ([{**SEALED, "role": "assistant", "refusal": "No"}], "refusal"),
        ([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], "content.0"),
        (
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": CIPHERTEXT},
                        {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
                    ],
                }
            ],
            "content.1",
        ),
    ],
)
@pytest.mark.parametrize("headers", [ORIGINAL, ACI])
async def test_one_message_in_plain_refuses_the_whole_call(
    one: House, messages: list[dict[str, object]], field: str, headers: dict[str, str]
) -> None:
    reply = await refused(one, sealed_body(messages=messages), headers)
    assert field in reply.text
    assert "not encrypted" in reply.text
    assert "Hello" not in reply.text


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"tool_choice": "auto"},
        {"response_format": {"type": "json_object"}},
        {"logprobs": True},
        {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "mp3"}},
        {"prediction": {"type": "content", "content": "plain"}},
        {"documents": ["plain"]},
        {"venice_parameters": {"character_slug": "alan-watts"}},
        {"venice_parameters": {"enable_web_search": "auto"}},
        {"venice_parameters": {"enable_web_scraping": True}},
        {"model": "e2ee-toy:enable_web_search=on"},
    ],
)
async def test_what_would_pass_in_plain_is_refused(one: House, fields: dict[str, object]) -> None:
    reply = await refused(one, sealed_body(**fields))
    assert "not supported in encrypted requests" in reply.text


async def test_the_originals_format_needs_a_stream(one: House) -> None:
    reply = await refused(one, sealed_body(stream=False), ORIGINAL)
    assert reply.json()["details"]["stream"] == {"_errors": ["Must be true for encrypted calls"]}


@pytest.mark.parametrize("header", [*ORIGINAL, *ACI])
async def test_one_header_of_a_protocol_is_enough_for_a_message_in_plain_to_be_refused(
    one: House, header: str
) -> None:
    await refused(one, chat_body(stream=True), {header: "x"})


async def test_headers_of_two_protocols_are_refused(one: House) -> None:
    reply = await refused(one, sealed_body(), {**ORIGINAL, **ACI})
    assert reply.json()["error"]["type"] == "e2ee_invalid_version"


@pytest.mark.parametrize("name", ["toy", "gpt-4o", "default"])
async def test_a_plain_model_takes_nothing_encrypted(one: House, name: str) -> None:
    reply = await refused(one, sealed_body(model=name), ORIGINAL)
    assert reply.json()["code"] == "INVALID_MODEL"
    assert "e2ee-toy" in reply.text


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (CHAT, {}),
        ("/v1/chat/completions", {}),
        ("/v1/messages", {"max_tokens": 5}),
        ("/v4/beta/chat/completions", {}),
    ],
)
async def test_a_sealed_model_takes_nothing_in_plain(
    one: House, path: str, more: dict[str, object]
) -> None:
    body = {"messages": [{"role": "user", "content": "Hello"}], **more}
    reply = await refused(one, {"model": "e2ee-toy", **body}, {}, path)
    assert "only encrypted content" in reply.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/completions", {"model": "e2ee-toy", "prompt": "Hello"}),
        ("/api/v1/responses", {"model": "e2ee-toy", "input": "Hello"}),
        ("/api/v1/embeddings", {"model": "toy", "input": "Hello"}),
        ("/v1/messages", {"model": "e2ee-toy"}),
    ],
)
@pytest.mark.parametrize("headers", [ORIGINAL, ACI])
async def test_other_endpoints_refuse_what_is_encrypted(
    one: House, path: str, body: dict[str, object], headers: dict[str, str]
) -> None:
    reply = await refused(one, body, headers, path)
    assert "accepts no encrypted content" in reply.text


async def test_errors_have_acis_shape_where_its_headers_were_sent(one: House) -> None:
    reply = await refused(one, sealed_body(messages=[{"role": "user", "content": "Hello"}]))
    error = reply.json()["error"]
    assert reply.json().keys() == {"error"}
    assert (error["type"], error["code"], error["param"]) == ("e2ee_decryption_failed", None, None)
    assert reply.headers["x-aci-version"] == "aci/1"


@pytest.mark.parametrize("fields", [{}, {"model": 5}, {"model": None}, {"model": ["e2ee-toy"]}])
async def test_a_body_without_a_model_has_acis_error_for_that(
    one: House, fields: dict[str, object]
) -> None:
    body = {name: value for name, value in sealed_body().items() if name != "model"}
    reply = await refused(one, body | fields)
    assert reply.json()["error"]["type"] == "e2ee_invalid_payload_model"


async def test_errors_have_the_houses_shape_where_the_originals_headers_were_sent(
    one: House,
) -> None:
    body = sealed_body(messages=[{"role": "user", "content": "Hello"}])
    reply = await refused(one, body, ORIGINAL)
    assert reply.json()["code"] == "E2EE_REFUSED"
    assert "x-aci-version" not in reply.headers


async def test_a_missing_key_is_told_in_acis_shape(one: House) -> None:
    reply = await one.client.post(CHAT, json=sealed_body(), headers={**ACI, "Authorization": ""})
    assert (reply.status_code, reply.json()["error"]["type"]) == (401, "unauthorized")
