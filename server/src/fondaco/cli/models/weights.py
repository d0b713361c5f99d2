"""Diffusion models for `fondaco models add`: their further files, the terms of known ones, their entry."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.output import Row
from fondaco.domain.models.weights import WeightRole

if TYPE_CHECKING:
    from fondaco.configuration.layers import Tree
    from fondaco.modelfiles import KnownModel
    from fondaco.modelfiles.headers.weights import WeightFacts
    from fondaco.settings import Settings


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file of a model that is here, and where it came from."""

    path: Path
    url: str = ""
    sha256: str | None = None
    """As its source states it; None: it states none."""


def addable(name: str) -> "KnownModel | None":
    """Return the known model of that name that is in no catalogue before it is added."""
    from fondaco.modelfiles import KNOWN

    known = KNOWN.get(name)
    return known if known is not None and known.addable else None


def accept_licence(known: "KnownModel", *, accepted: bool) -> None:
    """Return once a model's terms are agreed to.

    Raises:
        FailedError: they are not, or there is nobody to ask.
    """
    licence = known.licence
    if licence is None or accepted:
        return
    terms = f"{known.addable} is licensed under the {licence.name} ({licence.url}). {licence.says}"
    if not sys.stdin.isatty():
        raise FailedError(f"{terms} Accept it with --accept-licence.", Exit.USAGE)
    typer.echo(terms, err=True)
    if not typer.confirm("Do you accept the licence?", err=True):
        raise FailedError("The licence was not accepted, so nothing was downloaded.", Exit.USAGE)


def known_files(settings: "Settings", known: "KnownModel") -> tuple[FetchedFile, ...]:
    """Return the files of a known model, where they are or will be."""
    from fondaco.modelfiles.pieces import WebFile

    return tuple(
        FetchedFile(
            settings.models_folder / file.file,
            next((part.url for part in file.parts if isinstance(part, WebFile)), ""),
            file.sha256,
        )
        for file in known.files
    )


def listed(settings: "Settings", name: str) -> "KnownModel | None":
    """Return the model of the catalogue whose files are noted with addresses and hashes, if that is one."""
    from fondaco.configuration import weights_of
    from fondaco.modelfiles import KnownFile, KnownModel
    from fondaco.modelfiles.pieces import WebFile

    entry = settings.models.get(name)
    files = tuple(
        KnownFile(role.value, one.file, one.bytes, one.sha256, (WebFile(one.url, one.bytes),))
        for role, one in (weights_of(entry) if entry else ())
        if one.url and one.bytes and one.sha256
    )
    return KnownModel(name, files) if files else None


def diffusion_facts(path: Path) -> "WeightFacts | None":
    """Return what a file says of a diffusion model in it; None where it holds none.

    Raises:
        ModelFileError: it cannot be read, or holds a diffusion model that is not run here.
        FailedError: it is a part of one.
    """
    from fondaco.modelfiles.headers.weights import weights_of

    facts = weights_of(path)
    if facts is None or facts.is_whole:
        return facts
    texts = {WeightRole.LLM, WeightRole.LLM_VISION, WeightRole.T5XXL}
    if facts.role in texts and path.suffix == ".gguf":
        return None
    raise FailedError(
        f"{path.name!r} is a component of a diffusion model ({facts.role.value}), not a whole model. "
        f"Add the model together with this file: fondaco models add MODEL --with {path.name}",
        Exit.USAGE,
    )


def with_roles(
    files: Sequence[FetchedFile],
    settings: "Settings",
    parts: Sequence[str],
    fetch: "Callable[[Settings, str], tuple[FetchedFile, ...]]",
) -> list[tuple[WeightRole | None, FetchedFile]]:
    """Return the further files of a model: those that came with it, and those that options name."""
    found: list[tuple[WeightRole | None, FetchedFile]] = [(None, file) for file in files]
    for text in parts:
        role, source = part_named(text)
        found += [(role, file) for file in fetch(settings, source)]
    return found


def part_named(text: str) -> tuple[WeightRole | None, str]:
    """Take `[ROLE=]SOURCE` apart.

    >>> part_named("vae=a=b.safetensors"), part_named("a=b.safetensors")
    ((<WeightRole.VAE: 'vae'>, 'a=b.safetensors'), (None, 'a=b.safetensors'))
    """
    role, found, source = text.partition("=")
    if found and role in list(WeightRole):
        return WeightRole(role), source
    return None, text


def weights_by_role(
    facts: "WeightFacts", whole: FetchedFile, parts: Sequence[tuple[WeightRole | None, FetchedFile]]
) -> dict[WeightRole, FetchedFile]:
    """Return a model's files by their roles, found in their headers where they are not named.

    Raises:
        FailedError: a file's role cannot be told, or two have the same; or some are missing.
    """
    from fondaco.configuration.own_images import lacking
    from fondaco.modelfiles.headers.weights import weights_of

    by_role = {facts.role: whole}
    for named, part in parts:
        found = named
        if found is None and (said := weights_of(part.path)) is not None:
            found = said.role
        if found is None:
            raise FailedError(
                f"The role of {part.path.name!r} cannot be detected. Name it with --with "
                f"ROLE={part.path.name}, where ROLE is one of {', '.join(WeightRole)}.",
                Exit.USAGE,
            )
        if found in by_role:
            raise FailedError(
                f"{part.path.name!r} and {by_role[found].path.name!r} have the same role, "
                f"{found.value!r}; a model has one file per role.",
                Exit.USAGE,
            )
        by_role[found] = part
    if lacks := lacking(facts, by_role):
        raise FailedError(
            f"{whole.path.name!r} is a model of {facts.family} that needs more files: "
            f"{', '.join(lacks)}. Name each: --with FILE_OR_URL. docs/how-to/diffusion.md says where "
            "they are published.",
            Exit.USAGE,
        )
    return by_role


def entries_of(files: dict[WeightRole, FetchedFile]) -> "dict[WeightRole, Tree]":
    """Return what the catalogue notes of each file; one from an address is pinned by its hash."""
    from fondaco.modelfiles.download import hash_of

    return {
        role: {
            "file": file.path.name,
            "url": file.url or None,
            "bytes": file.path.stat().st_size,
            "sha256": (file.sha256 or hash_of(file.path)) if file.url else None,
        }
        for role, file in files.items()
    }


def price_of_image(text: str) -> Decimal:
    """Return the price of an image that an option names.

    Raises:
        typer.BadParameter: it names none.
    """
    from fondaco.configuration.own_files import price_of

    if "/" not in text:
        try:
            price = price_of(text)["input"]
        except ValueError:
            price = None
        if isinstance(price, Decimal):
            return price
    raise typer.BadParameter(
        f"{text!r} is not a price per image. Write USD, such as 0.01.", param_hint="--price"
    )


def added_weights_row(
    model_id: str, row: "Tree", facts: "WeightFacts", files: "Sequence[FetchedFile]"
) -> Row:
    """Return the row for a model that was added."""
    price = row["price"]
    assert isinstance(price, dict)  # noqa: S101 - `row_of_weights` made it
    return {
        "id": model_id,
        "name": row["name"],
        "file": str(files[0].path),
        "files": [file.path.name for file in files],
        "bytes": sum(file.path.stat().st_size for file in files),
        "type": row["type"],
        "architecture": str(facts.family),
        "parameters": facts.parameters,
        "quantization": facts.quantization,
        "usdPerImage": str(price["generation"]),
    }


def notes_on_weights(settings: "Settings", *, free: bool, tiny: bool) -> Iterator[str]:
    """Yield notes on an added model."""
    from fondaco.engines.diffusion.binding import installed_binding
    from fondaco.engines.diffusion.launch import how_to_install_library

    if installed_binding() is None:
        yield how_to_install_library()
    if not settings.diffusion.enabled:
        yield "diffusion.enabled is false, so it is not offered."
    if not tiny:
        yield "on a CPU the full autoencoder takes as long as four steps; --with a TAESD file spares that."
    if free:
        yield "it is free of charge; --price USD, or fondaco.toml, sets the price of an image."
