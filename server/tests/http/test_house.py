"""The endpoints beside chat: models, operation, documentation."""

import gzip
import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

import brotli
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from fake_upstream import refusing
from fondaco.domain.models.model import Capabilities
from fondaco.domain.money.ledger import OpenCall, Unwritable
from fondaco.domain.money.money import Funds
from fondaco.http.apis.endpoints import ENDPOINTS
from fondaco.http.apis.operator import doc_redirects
from fondaco.http.apis.venice.models.schemas import ModelList, TokenPricing
from house import ACCOUNT, TOY, House, house

CODER = replace(
    TOY,
    id="coder",
    name="Coder",
    traits=("default_code", "fastest"),
    capabilities=Capabilities(optimized_for_code=True),
)


async def test_models_are_listed_without_a_key(shared: House) -> None:
    reply = await shared.client.get("/api/v1/models", headers={"Authorization": ""})
    models = ModelList.model_validate_json(reply.content)
    assert [model.id for model in models.data] == ["toy"]
    spec = models.data[0].model_spec
    assert isinstance(spec.pricing, TokenPricing)
    assert (spec.pricing.input.usd, spec.pricing.output.diem) == (0.2, 0.9)
    assert spec.availableContextTokens == 4096
    assert spec.traits == ["default"]


@pytest.mark.parametrize(
    ("kind", "ids"),
    [("all", ["toy", "coder"]), ("text", ["toy", "coder"]), ("code", ["coder"]), ("image", [])],
)
async def test_models_are_filtered_by_type(kind: str, ids: list[str]) -> None:
    async with house(models=(TOY, CODER)) as one:
        reply = await one.client.get("/api/v1/models", params={"type": kind})
    assert [model["id"] for model in reply.json()["data"]] == ids
    assert reply.json()["type"] == kind


async def test_an_unknown_type_or_parameter_is_400(shared: House) -> None:
    reply = await shared.client.get("/api/v1/models", params={"type": "sculpture"})
    assert reply.status_code == 400
    reply = await shared.client.get("/api/v1/models", params={"typ": "text"})
    assert reply.json()["details"]["typ"]["_errors"] == ["Unknown field. Did you mean 'type'?"]


async def test_traits_and_compatible_names_lead_to_models() -> None:
    async with house(models=(TOY, CODER), aliases={"gpt-4o": "default", "x": "nobody"}) as one:
        traits = (await one.client.get("/api/v1/models/traits")).json()
        names = (await one.client.get("/api/v1/models/compatibility_mapping")).json()
    assert traits["data"] == {"default": "toy", "default_code": "coder", "fastest": "coder"}
    assert names == {"object": "list", "type": "text", "data": {"gpt-4o": "toy"}}


async def test_health_is_the_process_and_readiness_a_generated_token() -> None:
    async with house() as one:
        assert (await one.client.get("/healthz")).status_code == 200
        assert (await one.client.get("/readyz")).json() == {"status": "ready"}
        assert one.fake.asked


async def test_readiness_fails_with_the_engines() -> None:
    async with house() as one:
        one.fake.always(refusing(500))
        one.second.always(refusing(500))
        reply = await one.client.get("/readyz")
        assert (await one.client.get("/healthz")).status_code == 200
    assert reply.status_code == 503
    assert "retry-after" in reply.headers


async def test_a_draining_server_refuses_new_work_and_says_so() -> None:
    async with house() as one:
        one.platform.drain()
        assert (await one.chat()).json()["code"] == "SHUTTING_DOWN"
        assert (await one.client.get("/readyz")).status_code == 503
        assert (await one.client.get("/healthz")).status_code == 200


async def test_metrics_count_replies_and_tokens_and_hold_no_content() -> None:
    async with house() as one:
        reply = await one.chat(messages=[{"role": "user", "content": "canary-4711"}])
        await one.client.get("/canary-4711")
        text = (await one.client.get("/metrics")).text
    assert "canary-4711" not in text
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["fondaco_replies_total", "/api/v1/chat/completions", "200"] == 1
    assert samples["fondaco_replies_total", "404", "unknown"] == 1
    produced = reply.json()["usage"]["completion_tokens"]
    assert samples["fondaco_tokens_total", "output", "toy"] == produced


@pytest.mark.parametrize(
    ("encoding", "unpack"), [("gzip", gzip.decompress), ("br", brotli.decompress)]
)
async def test_large_replies_are_compressed_on_request(
    shared: House, encoding: str, unpack: object
) -> None:
    async with shared.client.stream(
        "GET", "/openapi.json", headers={"Accept-Encoding": encoding}
    ) as reply:
        raw = b"".join([piece async for piece in reply.aiter_raw()])
    assert reply.headers["content-encoding"] == encoding
    assert reply.headers["vary"] == "accept-encoding"
    assert callable(unpack)
    assert json.loads(unpack(raw))["openapi"] == "3.1.0"


async def test_what_is_not_accepted_is_not_compressed(shared: House) -> None:
    for accepted in ("identity", "gzip;q=0, br;q=0.0"):
        reply = await shared.client.get("/openapi.json", headers={"Accept-Encoding": accepted})
        assert "content-encoding" not in reply.headers


async def test_a_stream_is_never_compressed(shared: House) -> None:
    async with shared.streaming() as reply:
        await reply.aread()
        assert "content-encoding" not in reply.headers


async def test_head_is_get_without_the_body(shared: House) -> None:
    reply = await shared.client.head("/api/v1/models", headers={"Accept-Encoding": "identity"})
    assert reply.status_code == 200
    assert reply.content == b""
    assert int(reply.headers["content-length"]) > 100


async def test_the_contract_is_the_same_as_json_and_yaml(shared: House) -> None:
    as_json = (await shared.client.get("/openapi.json")).json()
    as_yaml = _yaml((await shared.client.get("/doc/api/swagger.yaml")).text)
    assert {**as_json, "servers": []} == {**as_yaml, "servers": []}


async def test_every_listed_endpoint_is_in_the_contract(shared: House) -> None:
    paths = (await shared.client.get("/openapi.json")).json()["paths"]
    for endpoint in ENDPOINTS:
        if endpoint.listed:
            operation = paths[endpoint.path][endpoint.method.lower()]
            assert operation["summary"] == endpoint.summary
            assert operation["responses"].keys() & {"200", "202"}


async def test_every_link_of_the_contract_leads_to_what_takes_it(shared: House) -> None:
    paths = (await shared.client.get("/openapi.json")).json()["paths"]
    operations = {one["operationId"]: one for path in paths.values() for one in path.values()}
    links = [
        link
        for operation in operations.values()
        for reply in operation["responses"].values()
        for link in reply.get("links", {}).values()
    ]
    assert links
    for link in links:
        target = operations[link["operationId"]]
        taken = {parameter["name"] for parameter in target["parameters"]}
        assert link.get("parameters", {}).keys() <= taken
        assert ("requestBody" in link) <= ("requestBody" in target)
        assert "parameters" in link or "requestBody" in link


async def test_every_endpoint_says_its_method_and_path_in_its_docstring() -> None:
    from importlib import import_module  # noqa: PLC0415 - for this look only

    for endpoint in ENDPOINTS:
        module = import_module(endpoint.run.__module__)
        twin = (
            endpoint.path.removeprefix("/api")
            if "/api" in endpoint.path
            else f"/api{endpoint.path}"
        )
        definition = module.__doc__ or ""
        assert any(f"{endpoint.method} {path}" in definition for path in (endpoint.path, twin))


async def test_the_documentation_page_has_all_of_its_own_assets(shared: House) -> None:
    page = await shared.client.get("/doc")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "https://" not in page.text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "doc.js", "favicon-32x32.png"):
        assert f'"doc/assets/{name}"' in page.text
        asset = await shared.client.get(f"/doc/assets/{name}")
        assert asset.status_code == 200
    assert (await shared.client.get("/doc/assets/..%2Fedge.py")).status_code == 404


@pytest.mark.parametrize("path", doc_redirects.PATHS)
async def test_other_names_of_the_documentation_page_lead_to_it(shared: House, path: str) -> None:
    reply = await shared.client.get(path)
    assert reply.status_code == 307
    for outside in ("https://h", "https://h/below/a/path"):  # of a proxy, which takes it off
        assert urljoin(f"{outside}{path}", reply.headers["location"]) == f"{outside}/doc"
    assert (await shared.client.get(path, follow_redirects=True)).status_code == 200


async def test_below_a_path_of_a_proxy_the_page_and_the_contract_lead_to_the_server(
    shared: House,
) -> None:
    proxy = "https://ai.example/below/a/path/"
    page = (await shared.client.get("/doc")).text
    script = (await shared.client.get("/doc/assets/doc.js")).text
    links = re.findall(r'(?:href|src)="([^"]+)"', page) + re.findall(r'fetch\("([^"]+)"\)', script)
    assert len(links) == 6
    for link in links:
        outside = urljoin(f"{proxy}doc", link)
        assert outside.startswith(proxy)
        assert (await shared.client.get(f"/{outside.removeprefix(proxy)}")).status_code == 200
    for path in ("openapi.json", "doc/api/swagger.yaml"):
        contract = _yaml((await shared.client.get(f"/{path}")).text)
        assert [urljoin(proxy + path, one["url"]) for one in contract["servers"]] == [proxy]


async def test_a_quarantine_is_reported_and_stops_nothing() -> None:
    async with house() as one:
        await one.journal.quarantine_call(
            OpenCall("ab" * 16, ACCOUNT, "cd" * 16, "toy", 0.0, Funds(), 0), Unwritable.UNSETTLED
        )
        reply = await one.client.get("/readyz")
        assert reply.json() == {"status": "ready", "quarantined_writes": 1}
        assert (await one.chat()).status_code == 200


def _yaml(text: str) -> dict[str, Any]:
    loaded = yaml.load(text, yaml.CSafeLoader)
    assert isinstance(loaded, dict)
    return loaded
