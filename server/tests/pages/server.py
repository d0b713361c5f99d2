"""The server of the pages' examples."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from functools import cached_property
from pathlib import Path

START_TIMEOUT_S = 120.0


class Server:
    """A server of its own home, started when an example first asks for it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._child: subprocess.Popen[bytes] | None = None

    @cached_property
    def api_key(self) -> str:
        """The secret of a fresh INFERENCE key."""
        return self._fresh_key("INFERENCE")

    @cached_property
    def admin_key(self) -> str:
        """The secret of a fresh ADMIN key of the same account."""
        return self._fresh_key("ADMIN")

    @cached_property
    def base_url(self) -> str:
        """The API's address, up to and including `/api/v1`."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        _ = self.api_key  # made first: the server locks the home
        (self.home / "fondaco.toml").write_text(
            "[server]\ndrain_delay_s = 0\n[chain]\nstake = 1\n"  # for examples of wallets
            '[models."kokoro-82m"]\noffline = true\n'  # hibari speaks for a 25th of the CPU
        )
        self._child = subprocess.Popen(
            self._fondaco("serve", "--port", str(port)), stdout=subprocess.DEVNULL
        )
        self._await_ready(f"http://127.0.0.1:{port}/healthz")
        return f"http://127.0.0.1:{port}/api/v1"

    def stop(self) -> None:
        """End the server, if it was started."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait(timeout=60)

    def _fresh_key(self, kind: str) -> str:
        command = ["keys", "create", "--type", kind, "--description", "Examples", "--json"]
        made = subprocess.run(self._fondaco(*command), check=True, capture_output=True)
        secret = json.loads(made.stdout)["apiKey"]
        assert isinstance(secret, str)
        return secret

    def _fondaco(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "fondaco", *arguments, "--home", str(self.home)]

    def _await_ready(self, url: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server
                    return
            except (urllib.error.URLError, ConnectionError):
                assert self._child is not None
                assert self._child.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server did not start in time"
                time.sleep(0.05)
