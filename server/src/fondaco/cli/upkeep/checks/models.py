"""Models: whether their files are here and whole, and the packages that run them are installed."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from fondaco.cli.upkeep.findings import Diagnosis, error, ok, warning
from fondaco.configuration import catalogue_of, files_of, missing_files
from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.extras import Extra, how_to_install
from fondaco.modelfiles.known import KNOWN
from fondaco.processes import environment_of_child
from fondaco.settings import Settings
from fondaco.system import SystemClock
from fondaco.workers.start import PACKAGES_FIX, reason

_CHECK, _EXTRAS = "models", "extras"
_IMPORTS_S = 120
_IMPORT_ALL = """\
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(name, error, sep="\\t")
"""
PACKAGES: Mapping[Extra, tuple[str, ...]] = {
    "embedded": ("xllamacpp", "llguidance"),
    "embeddings": ("onnxruntime", "tokenizers", "numpy"),
    "images": ("PIL", "skia", "scipy", "onnxruntime", "ncnn"),
    "speech": ("hibari", "av", "onnxruntime"),
    "transcription": ("faster_whisper", "av"),
    "video": ("av", "cryptography", "PIL"),
    "web": ("trafilatura", "pypdf"),
    "confidential": ("cryptography", "Crypto", "rfc8785"),
}
"""Extra -> modules that it brings."""


def checked(settings: Settings) -> Iterator[Diagnosis]:
    """Yield the findings about model files and packages."""
    missing = missing_files(settings)
    found = [*_default(settings, missing), *_own(settings, missing), *_damaged(settings)]
    yield from found or [ok(_CHECK, _served(settings, missing))]
    yield from _extras()


def _served(settings: Settings, missing: frozenset[str]) -> str:
    """Return how many models can be served, and which cannot."""
    absent = [name for name in settings.models if name in missing]
    rest = f"; not downloaded: {', '.join(absent)}" if absent else ""
    return f"{len(settings.models) - len(absent)} of {len(settings.models)} can be served{rest}"


def _default(settings: Settings, missing: frozenset[str]) -> Iterator[Diagnosis]:
    try:
        model = catalogue_of(settings, missing, SystemClock().now).route("default").model
    except ModelNotFoundError:
        yield error(
            _CHECK,
            "There is no default model.",
            why="Calls for the model 'default', and for unknown models, fail.",
            fix="fondaco models list",
        )
        return
    if not model.installed:
        yield warning(
            _CHECK,
            f"The files of the default model {model.id!r} are missing.",
            why="Calls for it get 503 until the server has downloaded them.",
            fix=f"fondaco models pull {model.id}",
        )


def _own(settings: Settings, missing: frozenset[str]) -> Iterator[Diagnosis]:
    """Yield findings about models that the operator added, whose files are gone."""
    for name in sorted(missing - KNOWN.keys()):
        files = files_of(settings.models[name], settings)
        absent = next((str(file) for file in files if not file.is_file()), "none is named")
        yield error(
            _CHECK,
            f"A file of the model {name!r} is missing: {absent}.",
            why="Calls for it get 503.",
            fix=f"fondaco models pull {name}, or: fondaco models remove {name}",
        )


def _damaged(settings: Settings) -> Iterator[Diagnosis]:
    """Yield findings about known files of another size."""
    sizes = {
        file.file: (name, file.size_bytes) for name, one in KNOWN.items() for file in one.files
    }
    for file, (name, expected) in sizes.items():
        path: Path = settings.models_folder / file
        if expected and path.is_file() and (size := path.stat().st_size) != expected:
            yield error(
                _CHECK,
                f"{str(path)!r} has {size:,} bytes instead of {expected:,}.",
                why="The model does not load, or answers nonsense.",
                fix=f"fondaco models remove {name}, then: fondaco models pull {name}",
            )


def _extras() -> Iterator[Diagnosis]:
    absent = [extra for extra, modules in PACKAGES.items() if not all(map(find_spec, modules))]
    for extra in absent:
        yield warning(
            _EXTRAS,
            f"The packages of {extra!r} are not all installed.",
            why="Calls that need them get 503.",
            fix=how_to_install(extra).partition(" run: ")[2],
        )
    present = {name for extra in PACKAGES.keys() - absent for name in PACKAGES[extra]}
    unusable = [*_unusable(sorted(present))]
    yield from unusable
    if not absent and not unusable:
        yield ok(_EXTRAS, "all installed")


def _unusable(modules: Sequence[str]) -> Iterator[Diagnosis]:
    """Yield findings about packages that are there but cannot be imported, in a process of their own."""
    ended = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-P", "-c", _IMPORT_ALL, *modules],
        capture_output=True,
        text=True,
        check=False,
        env=environment_of_child(),
        timeout=_IMPORTS_S,
    )
    for line in ended.stdout.splitlines():
        module, _, why = line.partition("\t")
        cause, _, fix = reason(ImportError(why)).partition(f" {PACKAGES_FIX} ")
        yield error(
            _EXTRAS,
            f"The package {module!r} cannot be imported: {cause}",
            why="Calls that need it get 503.",
            fix=fix or f"{sys.executable} -c 'import {module}'",
        )
