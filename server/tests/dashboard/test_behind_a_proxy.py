"""The dashboard behind nginx with TLS, configured as the documentation says."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from dashboard.browser import Chromium
from dashboard.served import Dashboard, expect_loaded
from program import until

ROOT = Path(__file__).parents[3]
_LOCATION = re.compile(r"(    location / \{.*?\n    \}\n)", re.DOTALL)
_NGINX = """
daemon off; master_process off; pid %(folder)s/pid; error_log stderr crit; worker_rlimit_nofile 1024;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/f; uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
  upstream fondaco { server %(upstream)s; keepalive 4; }
  server {
    listen 127.0.0.1:%(port)d ssl;
    ssl_certificate %(folder)s/cert.pem; ssl_certificate_key %(folder)s/key.pem;
%(location)s
  }
}
"""
_CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
    "-keyout key.pem -out cert.pem"
)


@pytest.fixture
def proxied(served: Dashboard, tmp_path: Path) -> Iterator[str]:
    """Run nginx in front of the server; return its address."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if nginx is None or shutil.which("openssl") is None:
        pytest.skip("nginx or openssl is not installed: apt-get install nginx openssl")
    subprocess.run(_CERTIFICATE.split(), cwd=tmp_path, check=True, capture_output=True, timeout=60)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    page = (ROOT / "docs/how-to/deployment.md").read_text("utf-8")
    location = _LOCATION.search(page)
    assert location is not None
    upstream = served.program.url.removeprefix("http://")
    values = {"folder": tmp_path, "port": port, "upstream": upstream, "location": location[1]}
    (tmp_path / "nginx.conf").write_text(_NGINX % values)
    command = [nginx, "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        until(lambda: process.poll() is not None or _listens(port), within_s=30)
        assert process.poll() is None
        yield f"https://localhost:{port}/"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_session_through_a_proxy_has_a_cookie_for_tls_alone(
    served: Dashboard, browser: Chromium, proxied: str
) -> None:
    account = served.account()
    link = served.link(account).replace(served.url, proxied)
    with (
        browser.driven(),
        browser.browser.new_context(ignore_https_errors=True) as context,
    ):
        page = context.new_page()
        page.goto(link)
        expect_loaded(page)
        [cookie] = context.cookies()
        port = proxied.rstrip("/").rpartition(":")[2]
        assert cookie["name"] == f"__Host-fondaco_session_{port}"
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
        assert "login=" not in page.url
        status = page.evaluate(
            """async () => {
              const half = localStorage.getItem("fondaco-session");
              const headers = { "x-fondaco-dashboard": half, "content-type": "application/json" };
              const body = JSON.stringify({ apiKeyType: "INFERENCE", description: "mine" });
              const made = await fetch("api/v1/api_keys", { method: "POST", headers, body });
              return made.status;
            }"""
        )
        assert status == 200
        page.reload()
        expect_loaded(page)
        expect(page.get_by_text(account).first).to_be_visible()
