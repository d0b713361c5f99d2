"""A package index on loopback for pulls of models, and the packages that carry their files."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zipfile import ZipFile

from fondaco.modelfiles.known import KNOWN
from fondaco.modelfiles.pieces import WheelMember
from program import model_file


def wheels(folder: Path, model: str) -> None:
    """Make the packages that carry a model's files, as those of the index do."""
    for file in KNOWN[model].files:
        (part,) = file.parts
        assert isinstance(part, WheelMember)
        name, _, version = part.package.partition("==")
        module = name.replace("-", "_")
        info = f"{module}-{version}.dist-info"
        with ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as archive:
            archive.write(model_file(file.file), part.member)
            about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            archive.writestr(f"{info}/METADATA", about)
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")


@contextmanager
def silent_index() -> Iterator[tuple[str, Callable[[], None]]]:
    """Run a package index that knows nothing, and says so only once it is told to go on."""
    may = threading.Event()

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            may.wait(120)
            with suppress(ConnectionError):
                self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/simple", may.set
        finally:
            may.set()
            server.shutdown()
            thread.join()
