"""The proxies' configurations in the documentation: each proxy accepts the one that operators copy."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pages.blocks import blocks

CERTIFICATES = "/etc/letsencrypt/live/ai.example.com"


def shown(language: str) -> str:
    """Return the blocks of a language, together; a location of nginx is given its server."""
    return "\n".join(
        f"server {{ listen 8081;\n{block.text}}}"
        if block.text.startswith("location")
        else block.text
        for block in blocks(language)
    )


def program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed: apt-get install {name}")
    return path


def certificate(folder: Path) -> None:
    """Write a self-signed certificate with its key, named as the ACME client names them."""
    openssl = program("openssl")
    made = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ai.example.com"]
    subprocess.run([openssl, *request, *made], check=True, capture_output=True)


def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    nginx = program("nginx")
    certificate(tmp_path)
    site = shown("nginx").replace(CERTIFICATES, str(tmp_path)).replace("listen 443", "listen 8443")
    folders = "".join(
        f"{kind}_temp_path {tmp_path / kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = tmp_path / "nginx.conf"
    file.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {folders}\n{site}}}\n"
    )
    checked = subprocess.run(
        [nginx, "-e", "stderr", "-t", "-c", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "proxy_buffering off;" in site
    assert "proxy_set_header Host $http_host;" in site


def test_caddy_accepts_its_configuration(tmp_path: Path) -> None:
    caddy = program("caddy")
    file = tmp_path / "Caddyfile"
    file.write_text(shown("caddyfile"))
    checked = subprocess.run(
        [caddy, "validate", "--adapter", "caddyfile", "--config", str(file)],
        env={"HOME": str(tmp_path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_haproxy_accepts_its_configuration(tmp_path: Path) -> None:
    haproxy = program("haproxy")
    certificate(tmp_path)
    both = tmp_path / "ai.example.com.pem"
    both.write_text(
        (tmp_path / "fullchain.pem").read_text() + (tmp_path / "privkey.pem").read_text()
    )
    file = tmp_path / "haproxy.cfg"
    file.write_text(shown("haproxy").replace("/etc/haproxy/ai.example.com.pem", str(both)))
    checked = subprocess.run(
        [haproxy, "-c", "-f", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
