"""Every operation of the server's own API has a method in the client."""

import inspect
import json
from functools import reduce

import pytest

from fondaco.app.listening import contract
from venice_ai import VeniceClient

METHODS = {
    "GET /api_keys": "api_keys.list",
    "GET /api_keys/generate_web3_key": "api_keys.web3_challenge",
    "GET /api_keys/rate_limits": "api_keys.rate_limits",
    "GET /api_keys/rate_limits/log": "api_keys.rate_limit_log",
    "GET /api_keys/rate_limits/usage": "api_keys.rate_limit_usage",
    "GET /api_keys/{id}": "api_keys.get",
    "GET /billing/usage": "billing.usage",
    "GET /billing/usage/summary": "billing.summary",
    "GET /characters": "characters.list",
    "GET /characters/{slug}": "characters.get",
    "GET /image/styles": "image.styles",
    "GET /models": "models.list",
    "GET /models/compatibility_mapping": "models.compatibility_mapping",
    "GET /models/traits": "models.traits",
    "GET /models/{id}": "models.get",
    "GET /operator/accounts": "operator.accounts",
    "GET /operator/configuration": "operator.configuration",
    "GET /operator/downloads": "operator.downloads",
    "GET /operator/engines": "operator.engines",
    "GET /operator/status": "operator.status",
    "GET /operator/tiers": "operator.tiers",
    "GET /tee/attestation": "tee.attest",
    "GET /tee/signature": "chat.completions.create",
    "GET /video/jobs": "video.jobs",
    "DELETE /api_keys": "api_keys.delete",
    "PATCH /api_keys": "api_keys.update",
    "PATCH /operator/accounts/{name}": "operator.change_account",
    "POST /api_keys": "api_keys.create",
    "POST /api_keys/generate_web3_key": "api_keys.create_web3_key",
    "POST /audio/speech": "audio.speech.create",
    "POST /audio/transcriptions": "audio.transcriptions.create",
    "POST /audio/translations": "audio.translations.create",
    "POST /chat/completions": "chat.completions.create",
    "POST /embeddings": "embeddings.create",
    "POST /image/edit": "image.edit",
    "POST /image/generate": "image.generate",
    "POST /image/upscale": "image.upscale",
    "POST /images/edits": "images.edit",
    "POST /images/generations": "images.generate",
    "POST /operator/accounts": "operator.create_account",
    "POST /operator/accounts/{name}/grants": "operator.grant",
    "POST /operator/accounts/{name}/keys": "operator.create_key",
    "POST /operator/accounts/{name}/login-links": "operator.create_login_link",
    "POST /operator/downloads": "operator.download",
    "POST /video/complete": "video.complete",
    "POST /video/queue": "video.queue",
    "POST /video/quote": "video.quote",
    "POST /video/retrieve": "video.retrieve",
}
FOR_OTHER_CLIENTS = {"POST /completions", "POST /responses"}
"""OpenAI's APIs, for its own clients."""
VERBS = {"get", "post", "patch", "delete", "put"}
OWN = "/api/v1"


def test_every_operation_of_the_server_has_a_method() -> None:
    paths: dict[str, dict[str, object]] = json.loads(contract().json())["paths"]
    operations = {
        f"{verb.upper()} {path.removeprefix(OWN)}"
        for path, item in paths.items()
        if path.startswith(OWN)
        for verb in item
        if verb in VERBS
    }
    assert operations - FOR_OTHER_CLIENTS == METHODS.keys()


@pytest.mark.parametrize("name", sorted(set(METHODS.values())))
def test_the_method_is_there(name: str) -> None:
    client: object = VeniceClient(api_key="none")
    assert inspect.ismethod(reduce(getattr, name.split("."), client))
