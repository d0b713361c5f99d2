"""The enclave as a child of its gateway: it serves on loopback, and exits with its parent."""

import sys
from functools import partial

import anyio

from fondaco.app.enclave.program import serve_enclave
from fondaco.app.listening import bound_to
from fondaco.app.logs import log_to_stderr
from fondaco.enclave.hardening import harden_enclave
from fondaco.settings import Settings
from fondaco.system import SystemClock
from fondaco.workers.server_child import begun


def main() -> None:
    """Serve until the parent closes our standard input or dies."""
    report, order = begun(logs=True)
    try:
        settings = Settings.model_validate(order["settings"])
        log_to_stderr(
            settings.server.log_level,
            settings.server.log_format,
            access=False,
            monotonic=SystemClock.monotonic,
        )
        harden_enclave()
        bound = bound_to("127.0.0.1", 0)
        started = partial(report.ready, f"http://127.0.0.1:{bound.getsockname()[1]}")
        serve = partial(serve_enclave, settings, bound, order["key"], started, signals=False)
        anyio.run(serve, backend_options={"use_uvloop": sys.platform != "win32"})
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent reports it
        report.fail(error)


if __name__ == "__main__":
    main()
