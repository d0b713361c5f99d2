"""A browser in front of a server: cookies, and the headers that a page of the server sends."""

from collections.abc import Mapping

import httpx2

from fondaco.domain.money.account import digest
from fondaco.domain.sessions import MOST_LOGINS, login_token
from house import ACCOUNT, PEPPER, House

SESSION = "/dashboard/session"


def page_headers(url: str) -> dict[str, str]:
    """Return what a browser sends from a page of the server at `url`."""
    return {
        "X-Fondaco-Dashboard": "1",
        "Origin": url,
        "Sec-Fetch-Site": "same-origin",
    }


class Browser:
    """A browser that keeps one cookie, and its page's half of the token."""

    def __init__(self, house: House, **headers: str) -> None:
        self.client = house.client
        self.headers = {**page_headers(house.url), **headers}
        self.cookie = ""

    async def send(
        self,
        method: str,
        path: str,
        *,
        without: tuple[str, ...] = (),
        json: object = None,
        others: Mapping[str, str] | None = None,
        **headers: str,
    ) -> httpx2.Response:
        """Send a request as a page does, `without` some headers, and with others in their place."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        cookie = {"Cookie": self.cookie} if self.cookie else {}
        sent = {**self.headers, **cookie, **named, **(others or {})}
        for name in without:
            del sent[name]
        request = self.client.build_request(method, path, headers=sent, json=json)
        if "Authorization" not in sent:
            del request.headers["Authorization"]
        self.client.cookies.clear()
        reply = await self.client.send(request)
        self.client.cookies.clear()
        return reply

    async def begin(self, **credentials: str) -> httpx2.Response:
        """Log in, and keep both halves of the token."""
        reply = await self.send("POST", SESSION, json=credentials)
        if reply.status_code == 200:
            self.cookie = reply.headers["set-cookie"].partition(";")[0]
            self.headers["X-Fondaco-Dashboard"] = reply.headers["x-fondaco-dashboard"]
        return reply

    @property
    def token(self) -> str:
        """The whole token of the session."""
        return self.cookie.partition("=")[2] + self.headers["X-Fondaco-Dashboard"]


async def login(house: House, number: int = 1, *, lifetime_s: float = 600.0) -> str:
    """Return a login token of the account, as a command makes it."""
    token, now = login_token(number), house.platform.clock.now()
    await house.sessions.add_login(
        digest(PEPPER, token), ACCOUNT, now, expires_at=now + lifetime_s, most=MOST_LOGINS
    )
    return token


def cookie_parts(reply: httpx2.Response) -> Mapping[str, str]:
    """Return the name and the attributes of the cookie that a reply sets, in small letters."""
    first, *rest = reply.headers["set-cookie"].split("; ")
    parts = dict(one.lower().partition("=")[::2] for one in rest)
    return {"name": first.partition("=")[0], **parts}
