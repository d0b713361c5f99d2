"""A page of another port of the same host, in a browser that is logged in: it gets and changes nothing."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx2
import pytest
from playwright.sync_api import Page, Response

from dashboard.browser import Chromium
from dashboard.served import Dashboard, log_in_by_link

KEYS, SESSION = "api/v1/api_keys", "dashboard/session"
_ATTACKS = """
async (url) => {
  const body = JSON.stringify({ apiKeyType: "ADMIN", description: "stolen" });
  const tried = async (path, options) => {
    try {
      const reply = await fetch(url + path, { credentials: "include", ...options });
      return reply.type === "opaque" ? "sent blindly" : `read: ${reply.status}`;
    } catch {
      return "blocked";
    }
  };
  const json = { "content-type": "application/json" };
  const ours = { "x-fondaco-dashboard": "1" };
  const blind = { mode: "no-cors" };
  return {
    "blind read": await tried("api/v1/api_keys", blind),
    "blind write": await tried("api/v1/api_keys", { ...blind, method: "POST", body }),
    "blind log-in": await tried("dashboard/session", { ...blind, method: "POST", body: "{}" }),
    "read": await tried("api/v1/api_keys", {}),
    "read with our header": await tried("api/v1/api_keys", { headers: ours }),
    "write": await tried("api/v1/api_keys", { method: "POST", body, headers: { ...json, ...ours } }),
    "log-out": await tried("dashboard/session", { method: "DELETE", headers: ours }),
  };
}
"""
_FORM = """
(url) => {
  const form = document.createElement("form");
  form.method = "POST";
  form.enctype = "text/plain";
  form.action = url + "api/v1/api_keys";
  document.body.append(form);
  form.submit();
}
"""
_FRAME = """
(url) => new Promise((loaded) => {
  const frame = document.createElement("iframe");
  frame.onload = () => loaded(null);
  frame.src = url;
  document.body.append(frame);
})
"""


class _Empty(BaseHTTPRequestHandler):
    """Answers each request with an empty page, and keeps the cookies that came with it."""

    cookies: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.cookies.append(self.headers.get("cookie", ""))
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><body></body>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - of the library
        """Say nothing."""


@pytest.fixture
def neighbour() -> Iterator[str]:
    """Serve empty pages on another port of the host; return their address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def descriptions(page: Page) -> list[str]:
    """Return what the account's keys are for, as the dashboard's own page is told."""
    found: list[str] = page.evaluate(
        """async () => {
          const half = localStorage.getItem("fondaco-session");
          const reply = await fetch("api/v1/api_keys", { headers: { "x-fondaco-dashboard": half } });
          return (await reply.json()).data.map((key) => key.description);
        }"""
    )
    return found


def status_with(served: Dashboard, cookie: str) -> int:
    """Return what a program gets that sends the cookie of a browser, and says it were our page."""
    headers = {"Cookie": cookie, "X-Fondaco-Dashboard": "1", "Sec-Fetch-Site": "same-origin"}
    return httpx2.get(f"{served.url}{KEYS}", headers=headers).status_code


def test_a_page_of_another_port_gets_and_changes_nothing(
    served: Dashboard, browser: Chromium, neighbour: str
) -> None:
    account = served.account()
    with browser.driven(), browser.context() as context:
        own, foreign = context.new_page(), context.new_page()
        log_in_by_link(own, served, account=account)
        assert descriptions(own) == ["Dashboard"]
        replies: list[Response] = []

        def note(reply: Response) -> None:  # Playwright takes no method of a list
            replies.append(reply)

        foreign.on("response", note)
        foreign.goto(neighbour)
        seen = _Empty.cookies[-1]  # browsers send a host's cookies to all its ports
        assert seen.startswith("fondaco_session_")
        assert status_with(served, seen) == 401
        assert foreign.evaluate(_ATTACKS, served.url) == {
            "blind read": "sent blindly",
            "blind write": "sent blindly",
            "blind log-in": "sent blindly",
            "read": "blocked",
            "read with our header": "blocked",
            "write": "blocked",
            "log-out": "blocked",
        }
        foreign.evaluate(_FRAME, served.url)
        [frame] = foreign.frames[1:]
        assert frame.locator("#app").count() == 0
        with foreign.expect_navigation():
            foreign.evaluate(_FORM, served.url)
        reached = [reply for reply in replies if reply.url.startswith(served.url + "api/")]
        assert len(reached) >= 3
        assert {reply.status for reply in reached} <= {401, 403, 415}
        assert descriptions(own) == ["Dashboard"]
