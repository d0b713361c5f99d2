"""What schemathesis is to check besides its own: deleted keys, and that endpoints were reached at all.

Its own `use_after_free` knows only resources whose DELETE names them in the path; keys are named in
the query.
"""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import schemathesis

KEYS = "/api/v1/api_keys"
NOT_GUESSED = {
    "POST /api/v1/api_keys/generate_web3_key",
    "POST /api/v1/video/retrieve",
    "POST /api/v1/video/complete",
    "GET /api/v1/tee/signature",
    "POST /api/v1/operator/downloads",
    "GET /v1/aci/receipts/{id}",
}
"""What nobody reaches by guessing: a signature, a download where the server makes none, the secret of a video, and what was encrypted before."""
_TIMEOUT_S = 20

Case = schemathesis.Case[Any]


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Give each call an `Idempotency-Key` of its own, where all come with the same one."""
    good = case.meta is not None and not case.meta.generation.mode.is_negative
    if good and case.headers.get("Idempotency-Key") == "0":
        case.headers["Idempotency-Key"] = case.id


@schemathesis.check
class DeadKeysStayDead:
    """A deleted key is found by nobody, and opens nothing."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.dead: set[str] = set()

    def after_response(
        self,
        ctx: schemathesis.CheckContext,
        response: schemathesis.Response,
        case: Case,
    ) -> None:
        sent = response.request
        address = urlsplit(str(sent.url))
        answered = response.status_code == requests.codes.ok
        if not address.path.startswith(KEYS):
            return
        if sent.method == "POST" and address.path == KEYS and answered:
            made = json.loads(response.content)["data"]
            self.secrets[made["id"]] = made["apiKey"]
            assert self._opens(address.netloc, made["id"]), "A key just made opens nothing."
        key_id = _named(sent, address.path, address.query)
        if key_id in self.dead:
            assert not answered, f"The deleted key {key_id} answers {sent.method}."
        elif sent.method == "DELETE" and answered:
            assert key_id in self.secrets, "The caller's own key was deleted."
            self.dead.add(key_id)
            assert not self._opens(address.netloc, key_id), f"The deleted key {key_id} opens chat."
            self._expect_not_found(address.netloc, key_id, sent.headers["Authorization"])

    def after_run(self, ctx: schemathesis.CheckContext) -> None:
        assert self.dead, "No key was deleted."

    def _expect_not_found(self, host: str, key_id: str, authorization: str | bytes) -> None:
        """Ask for a deleted key in every way: sequences of operations rarely come back to it."""
        url, headers = f"http://{host}{KEYS}", {"Authorization": authorization}
        replies = {
            "GET": requests.get(f"{url}/{key_id}", headers=headers, timeout=_TIMEOUT_S),
            "PATCH": requests.patch(
                url, json={"id": key_id, "description": "x"}, headers=headers, timeout=_TIMEOUT_S
            ),
            "DELETE": requests.delete(
                url, params={"id": key_id}, headers=headers, timeout=_TIMEOUT_S
            ),
        }
        found = {name for name, reply in replies.items() if reply.ok}
        assert not found, f"The deleted key {key_id} answers {found}."

    def _opens(self, host: str, key_id: str) -> bool:
        """Whether the key's secret is taken: then a chat without a body is merely no good request."""
        reply = requests.post(
            f"http://{host}/api/v1/chat/completions",
            json={},
            headers={"Authorization": f"Bearer {self.secrets[key_id]}"},
            timeout=_TIMEOUT_S,
        )
        return reply.status_code != requests.codes.unauthorized


def _named(sent: requests.PreparedRequest, path: str, query: str) -> str:
    """Return the id that a request names, as replies write it."""
    named: object = path.removeprefix(KEYS).removeprefix("/") or parse_qs(query).get("id", [""])[0]
    if sent.method == "PATCH" and isinstance(sent.body, bytes | str):
        try:
            named = json.loads(sent.body)["id"]
        except (ValueError, TypeError, KeyError):
            return ""
    return str(named).replace("-", "").lower()


@schemathesis.check
class EveryEndpointAnswers:
    """Each endpoint is reached with requests that it takes, so that the other checks have seen it."""

    def __init__(self) -> None:
        self.tried: set[str] = set()
        self.answered: set[str] = set()

    def after_response(
        self,
        ctx: schemathesis.CheckContext,
        response: schemathesis.Response,
        case: Case,
    ) -> None:
        self.tried.add(case.operation.label)
        if response.status_code == requests.codes.ok:
            self.answered.add(case.operation.label)

    def after_run(self, ctx: schemathesis.CheckContext) -> None:
        unsupported_parameters = self.tried - self.answered - NOT_GUESSED
        assert not unsupported_parameters, (
            f"Never answered: {sorted(unsupported_parameters)}. Link them to where their parameters come from (`Link`), "
            "or name values for them in schemathesis.toml."
        )
