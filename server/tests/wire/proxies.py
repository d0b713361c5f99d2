"""The proxies that operators put in front of the server, as Debian ships them."""

import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from program import until

_START_TIMEOUT_S = 20.0

_NGINX = """
daemon off; master_process off; pid %(folder)s/pid; error_log stderr crit; worker_rlimit_nofile 1024;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/f; uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
  upstream engine { server 127.0.0.1:%(upstream)d; keepalive 4; }
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:%(port)d; underscores_in_headers on; ignore_invalid_headers off;
    location / {
      proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Host $host;
      proxy_set_header X-Stamp %(stamp)s; %(more)s
    }
  }
}
"""
_NO_OPTIONS = 'proxy_set_header Connection "";'
_FORWARDS = """
proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
proxy_request_buffering off; proxy_buffering off;
"""
_HAPROXY = """
global
  maxconn 256
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
  timeout http-keep-alive 10s
  http-reuse always
frontend f
  bind 127.0.0.1:%(port)d
  http-request set-header X-Stamp %(stamp)s
  default_backend b
backend b
  server s 127.0.0.1:%(upstream)d
"""
_CADDY = """
{
  admin off
  auto_https off
}
http://127.0.0.1:%(port)d, http://localhost:%(port)d, http://:%(port)d {
  reverse_proxy 127.0.0.1:%(upstream)d {
    header_up X-Stamp %(stamp)s
  }
}
"""
_CONFIGURATIONS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "nginx": (_NGINX, _NO_OPTIONS, ("nginx", "-e", "stderr", "-c")),
    "nginx that forwards Upgrade": (_NGINX, _FORWARDS, ("nginx", "-e", "stderr", "-c")),
    "HAProxy": (_HAPROXY, "", ("haproxy", "-db", "-f")),
    "Caddy": (_CADDY, "", ("caddy", "run", "--adapter", "caddyfile", "--config")),
}
PROXIES = tuple(_CONFIGURATIONS)


@contextmanager
def proxy(name: str, upstream: int, stamp: str, folder: Path) -> Iterator[int]:
    """Run a proxy in front of a port of this machine, and yield its own; skip where it is missing.

    What it forwards carries `stamp` as X-Stamp, whatever was there before.
    """
    output_format, more, command = _CONFIGURATIONS[name]
    program = shutil.which(command[0]) or shutil.which(command[0], path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip(f"{command[0]} is not installed: apt-get install {command[0]}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = folder / "configuration"
    values = {
        "port": port,
        "upstream": upstream,
        "stamp": stamp,
        "folder": folder,
        "more": more,
    }
    file.write_text(output_format % values)
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [program, *command[1:], str(file)],
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        try:
            until(lambda: process.poll() is not None or _listens(port), within_s=_START_TIMEOUT_S)
            assert process.poll() is None, log.read_text()
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
