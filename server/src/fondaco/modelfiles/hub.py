"""The Hugging Face Hub's API: addresses to ask, and the answers, of which nothing is believed unchecked.

Source: huggingface.co/docs/hub/api, `GET /api/models` and `GET /api/models/{repo_id}?blobs=true`;
huggingface_hub, `constants.py` for `HF_ENDPOINT` and `/resolve/`.
"""

import json
import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from fondaco.modelfiles.errors import ModelFileError, NoSuchModelFileError
from fondaco.modelfiles.shards import is_first, shards_of

ENDPOINT = "https://huggingface.co"
SCHEME = "hf:"
MOST_BYTES = 8 * 2**20
"""Of an answer: a repository of a thousand files takes some 300 kB."""

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/ ()+-]{0,250}\.(gguf|safetensors)")
_FILES = (".gguf", ".safetensors")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REVISION = re.compile(r"[0-9a-f]{40}")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,40}")
_MOST_FILES = 2_000
_MOST_COUNT = 10**15
_PREFERRED = ("Q4_K_M", "Q4_K_S", "Q4_0", "Q5_K_M", "Q8_0")
"""Quantizations that most people run, in order of preference; then any other."""
_SHOWN = ("downloads", "likes", "gguf", "gated")


@dataclass(frozen=True, slots=True)
class HubFile:
    """A GGUF or safetensors file of a repository."""

    path: str
    size_bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, as far as it matters here."""

    id: str
    revision: str
    """A commit, so that what is fetched is what was looked at; `main` where the hub names none."""
    files: tuple[HubFile, ...]
    gated: bool
    """Its files are for those who have agreed to its terms."""


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model that a search found."""

    id: str
    downloads: int | None
    likes: int | None
    parameters: int | None
    context_tokens: int | None
    architecture: str


@dataclass(frozen=True, slots=True)
class HubName:
    """`hf:OWNER/REPO` or `hf:OWNER/REPO:WANTED`, taken apart."""

    repository: str
    wanted: str
    """The path of a file, or a quantization such as `Q4_K_M`; empty: whatever is best."""

    @classmethod
    def parse(cls, source: str) -> "HubName":
        """Take a name apart.

        Raises:
            NoSuchModelFileError: it is none.

        >>> HubName.parse("hf:Qwen/Qwen3-8B-GGUF:Q4_K_M")
        HubName(repository='Qwen/Qwen3-8B-GGUF', wanted='Q4_K_M')
        """
        repository, _, wanted = source.removeprefix(SCHEME).partition(":")
        if not _REPOSITORY.fullmatch(repository):
            raise NoSuchModelFileError(
                f"{source!r} does not name a repository. Write hf:OWNER/REPO, hf:OWNER/REPO:Q4_K_M or "
                "hf:OWNER/REPO:FILE.gguf."
            )
        return cls(repository, wanted)


def endpoint_of(named: str | None) -> str:
    """Return the base URL of the hub: what `HF_ENDPOINT` names, or else Hugging Face's own.

    Raises:
        ModelFileError: it names no address.
    """
    if not named:
        return ENDPOINT
    try:
        parts = urlsplit(named)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query
    except ValueError:
        sound = False
    if not sound or not named.isascii() or not named.isprintable() or "@" in named:
        raise ModelFileError(
            "HF_ENDPOINT is not the URL of a hub. Set one such as https://huggingface.co."
        )
    return named.rstrip("/")


def repository_url(endpoint: str, repository: str) -> str:
    """Return where a repository's files are listed."""
    return f"{endpoint}/api/models/{repository}?blobs=true"


def search_url(endpoint: str, word: str, most: int) -> str:
    """Return where models with GGUF files are searched, those fetched most often first."""
    filters = {"search": word, "filter": "gguf", "sort": "downloads", "direction": "-1"}
    shown = [("expand[]", name) for name in _SHOWN]
    return f"{endpoint}/api/models?{urlencode([*filters.items(), ('limit', most), *shown])}"


def file_url(endpoint: str, repository: Repository, file: HubFile) -> str:
    """Return where a file is fetched."""
    return f"{endpoint}/{repository.id}/resolve/{repository.revision}/{quote(file.path)}"


def repository_in(body: bytes, name: str) -> Repository:
    """Return the repository that an answer describes; files with odd names are passed over.

    Raises:
        ModelFileError: the answer is none.
    """
    answer = _parsed(body)
    siblings = answer.get("siblings") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(siblings, list):
        raise _not_understood()
    return Repository(
        id=name,
        revision=_fit(_REVISION, answer.get("sha")) or "main",
        files=tuple(file for row in siblings[:_MOST_FILES] if (file := _file(row)) is not None),
        gated=answer.get("gated") not in (None, False),
    )


def models_in(body: bytes) -> tuple[HubModel, ...]:
    """Return the models that a search found.

    Raises:
        ModelFileError: the answer is none.
    """
    rows = _parsed(body)
    if not isinstance(rows, list):
        raise _not_understood()
    return tuple(model for row in rows[:_MOST_FILES] if (model := _model(row)) is not None)


def chosen(repository: Repository, wanted: str) -> tuple[HubFile, ...]:
    """Return the file of a repository that is wanted, or all parts of it, the first one first.

    Raises:
        NoSuchModelFileError: there is none, or it is not clear which; the message lists what there is.
    """
    models = [file for file in repository.files if not _is_projector(file.path)]
    firsts = [file for file in models if file.path.endswith(".gguf") and is_first(file.path)]
    if wanted.endswith(_FILES):
        found = [file for file in repository.files if wanted in (file.path, _name(file.path))]
    elif wanted:
        found = [file for file in firsts if _has(file.path, wanted)]
    else:
        found = _best(firsts)
    if len(found) != 1:
        raise NoSuchModelFileError(_which(repository.id, wanted, found or firsts, fits=len(found)))
    return _shards(found[0], models)


def has_projector(repository: Repository) -> bool:
    """Whether a repository carries what a model needs to see."""
    return any(_is_projector(file.path) for file in repository.files)


def _which(repository: str, wanted: str, files: list[HubFile], *, fits: int) -> str:
    names = ", ".join(file.path for file in files[:20]) or "none"
    if not files:
        return (
            f"The repository {repository!r} has no GGUF files. Search: fondaco models search WORD"
        )
    why = f"{fits} files fit {wanted!r}" if fits else f"No file fits {wanted!r}"
    return (
        f"{why} in {repository!r}. Name one of its files: hf:{repository}:FILE; there are: {names}."
    )


def _best(files: list[HubFile]) -> list[HubFile]:
    for quantization in _PREFERRED:
        if found := [file for file in files if _has(file.path, quantization)]:
            return found[:1]
    return files[:1]


def _has(path: str, quantization: str) -> bool:
    """Whether a file's name names a quantization: `Q4_K` is not `Q4_K_M`, nor `IQ4_K`."""
    name = re.escape(quantization)
    return re.search(rf"(?<![A-Za-z0-9_]){name}(?![A-Za-z0-9_])", path, re.IGNORECASE) is not None


def _shards(first: HubFile, files: list[HubFile]) -> tuple[HubFile, ...]:
    by_path = {file.path: file for file in files}
    paths = shards_of(first.path)
    if not all(path in by_path for path in paths):
        raise ModelFileError(f"{first.path!r} is one of {len(paths)} parts; some are missing.")
    return tuple(by_path[path] for path in paths)


def _is_projector(path: str) -> bool:
    return "mmproj" in _name(path).lower()


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _file(row: object) -> HubFile | None:
    entry = row if isinstance(row, dict) else {}
    path = _fit(_PATH, entry.get("rfilename"))
    if path is None or ".." in path.split("/"):
        return None
    stored = entry.get("lfs")
    sha256 = stored.get("sha256") if isinstance(stored, dict) else None
    return HubFile(path, _count(entry.get("size")), _fit(_SHA256, sha256))


def _model(row: object) -> HubModel | None:
    entry = row if isinstance(row, dict) else {}
    name, gguf = _fit(_REPOSITORY, entry.get("id")), entry.get("gguf")
    if name is None:
        return None
    facts = gguf if isinstance(gguf, dict) else {}
    return HubModel(
        id=name,
        downloads=_count(entry.get("downloads")),
        likes=_count(entry.get("likes")),
        parameters=_count(facts.get("total")),
        context_tokens=_count(facts.get("context_length")),
        architecture=_fit(_WORD, facts.get("architecture")) or "",
    )


def _fit(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _MOST_COUNT else None


def _parsed(body: bytes) -> object:
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        raise _not_understood() from None
    return document


def _not_understood() -> ModelFileError:
    return ModelFileError(
        "The hub's response is invalid. Check that HF_ENDPOINT is the URL of a hub."
    )
