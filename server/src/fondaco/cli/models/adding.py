"""`fondaco models add`: add a model of one's own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from fondaco.cli.configuring.reloading import reload_if_running
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.models import weights
from fondaco.cli.models.fetching import Sha256, fetched
from fondaco.cli.models.rows import keep_row, prices_of
from fondaco.cli.models.weights import FetchedFile
from fondaco.cli.options import AsJson, Config, Home, configuration
from fondaco.cli.output import Row, print_row
from fondaco.cli.progress import busy
from fondaco.domain.extras import how_to_install

if TYPE_CHECKING:
    from fondaco.configuration import Configuration
    from fondaco.configuration.layers import Tree
    from fondaco.modelfiles.headers.facts import GgufFacts
    from fondaco.modelfiles.headers.weights import WeightFacts

AcceptLicence: TypeAlias = Annotated[
    bool,
    typer.Option("--accept-licence", help="Accept the model's licence without a prompt."),
]


def add(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Path or URL of a GGUF or safetensors file; hf:OWNER/REPO, optionally followed by "
            ":Q4_K_M or :FILE; sd-turbo or z-image-turbo.",
        ),
    ],
    *,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="[ROLE=]SOURCE",
            help="Additional file of a diffusion model, such as an autoencoder, text encoder or LoRA; "
            "may be repeated.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Id of the model; default: from the file name."),
    ] = None,
    price: Annotated[
        str,
        typer.Option(
            metavar="INPUT/OUTPUT",
            help="USD per million tokens, such as 0.20/0.90, or USD per image; default: free.",
            show_default=False,
        ),
    ] = "0",
    trait: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TRAIT",
            help="Trait that resolves to the model, such as default; may be repeated.",
        ),
    ] = None,
    accept_licence: AcceptLicence = False,
    sha256: Sha256 = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Download a model and add it to the catalogue.

    Its entry is derived from the metadata of its files.
    """
    prices_of(price)  # before anything is fetched
    loaded = configuration(home, config)
    _expect_free(name, loaded)
    if source in loaded.settings.models and not Path(source).exists():
        from fondaco.modelfiles import KNOWN

        comes = (
            f"; download its files with: fondaco models pull {source}" if source in KNOWN else "."
        )
        raise FailedError(f"The catalogue already has {source!r}{comes}", Exit.USAGE)
    asked = _Asked(name, price, tuple(trait or ()), tuple(with_ or ()), config, as_json)
    if (known := weights.addable(source)) is not None:
        asked = replace(asked, name=name or known.name)
        _expect_free(asked.name, loaded)
        weights.accept_licence(known, accepted=accept_licence)
    files = fetched(loaded.settings, source, sha256)
    with busy("Reading the model"):
        facts = weights.diffusion_facts(files[0].path)
    if facts is None:
        _add_text(files, asked, loaded)
    else:
        _add_weights(facts, files, asked, loaded)
    reload_if_running(loaded.settings.home)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options of `fondaco models add`."""

    name: str | None
    price: str
    traits: tuple[str, ...]
    parts: tuple[str, ...]
    config: Path | None
    as_json: bool


def _add_text(files: Sequence[FetchedFile], asked: _Asked, loaded: "Configuration") -> None:
    import anyio

    from fondaco.app.adding.chat_templates import profile_of
    from fondaco.configuration import added
    from fondaco.configuration.own_files import id_of, row_of
    from fondaco.modelfiles.headers.facts import facts_of

    if asked.parts:
        raise FailedError(
            f"{files[0].path.name!r} is not a diffusion model, so --with does not apply.",
            Exit.USAGE,
        )
    prices, paths = prices_of(asked.price), [file.path for file in files]
    with busy("Reading the model"):
        facts = facts_of(paths[0])
    model_id = asked.name or id_of(paths[0].name, facts.name)
    _expect_free(model_id, loaded)
    with busy("Trying the chat template of the model"):
        template = anyio.run(profile_of, facts.template)
    row = row_of(facts, template, file=paths[0].name, price=prices, traits=asked.traits)
    path = added.path_of(loaded.settings.home, "model", model_id)
    keep_row(path, model_id, row, config=asked.config)
    print_row(_added_row(model_id, row, facts, paths), as_json=asked.as_json)
    if (twin := _known_with(paths[0])) is not None:
        typer.echo(
            f"fondaco: note: this is the file of the built-in model {twin!r}, whose tuned settings "
            f"(temperature, system prompt) do not apply to {model_id!r}: fondaco config show",
            err=True,
        )
    _advise(facts, template_usable=template.usable, free=asked.price == "0", loaded=loaded)


def _add_weights(
    facts: "WeightFacts", files: Sequence[FetchedFile], asked: _Asked, loaded: "Configuration"
) -> None:
    from fondaco.configuration import added
    from fondaco.configuration.own_files import id_of
    from fondaco.configuration.own_images import row_of_weights
    from fondaco.domain.models.weights import WeightRole

    settings = loaded.settings
    price = weights.price_of_image(asked.price)
    parts = weights.with_roles(files[1:], loaded.settings, asked.parts, fetched)
    by_role = weights.weights_by_role(facts, files[0], parts)
    model_id = asked.name or id_of(files[0].path.name.removesuffix(".safetensors"), "")
    _expect_free(model_id, loaded)
    row = row_of_weights(facts, weights.entries_of(by_role), price=price, traits=asked.traits)
    path = added.path_of(settings.home, "model", model_id)
    keep_row(path, model_id, row, config=asked.config)
    shown = weights.added_weights_row(model_id, row, facts, tuple(by_role.values()))
    print_row(shown, as_json=asked.as_json)
    tiny = WeightRole.TAESD in by_role
    for line in weights.notes_on_weights(settings, free=asked.price == "0", tiny=tiny):
        typer.echo(f"fondaco: note: {line}", err=True)


def _expect_free(model_id: str | None, loaded: "Configuration") -> None:
    """Expect that a model can have an id.

    Raises:
        typer.BadParameter: it is none.
        FailedError: the catalogue has another model of that id.
    """
    from fondaco.configuration import added
    from fondaco.patterns import DESCRIPTIONS, MODEL_ID, fits

    settings = loaded.settings
    if model_id is None:
        return
    if not fits(MODEL_ID, model_id):
        raise typer.BadParameter(
            f"{model_id!r} is not a valid model id. Expected {DESCRIPTIONS[MODEL_ID]}.",
            param_hint="--name",
        )
    if model_id not in settings.models:
        return
    if not added.path_of(settings.home, "model", model_id).exists():
        raise FailedError(
            f"The catalogue already has a model {model_id!r}. Choose another id with --name.",
            Exit.USAGE,
        )


def _known_with(path: Path) -> str | None:
    """Return the name of the known model that a file is of, by its content."""
    from fondaco.modelfiles.download import hash_of
    from fondaco.modelfiles.known import KNOWN

    size = path.stat().st_size
    alike = [
        (model.name, file.sha256)
        for model in KNOWN.values()
        for file in model.files
        if file.size_bytes == size
    ]
    with busy("Comparing the file with built-in models"):
        found = hash_of(path) if alike else ""
    return next((name for name, sha256 in alike if sha256 == found), None)


def _added_row(model_id: str, row: "Tree", facts: "GgufFacts", paths: Sequence[Path]) -> Row:
    price = row["price"]
    assert isinstance(price, dict)  # noqa: S101 - `row_of` made it
    return {
        "id": model_id,
        "name": row["name"],
        "file": str(paths[0]),
        "bytes": sum(path.stat().st_size for path in paths),
        "type": row.get("type", "text"),
        "architecture": facts.architecture,
        "parameters": facts.parameters,
        "quantization": facts.quantization or None,
        "contextTokens": row["context_tokens"],
        "dimensions": facts.dimensions if facts.embeds else None,
        "reasoning": "reasoning" in row,
        "functionCalling": bool(row.get("function_calling")),
        "vision": False,
        "usdPerMillionInput": str(price["input"]),
        "usdPerMillionOutput": str(price["output"]) if "output" in price else None,
    }


def _advise(
    facts: "GgufFacts", *, template_usable: bool, free: bool, loaded: "Configuration"
) -> None:
    """Print notes on an added model to stderr."""
    notes = []
    if find_spec("xllamacpp") is None:
        notes.append(
            f"the embedded engine, which runs this model, is not installed. {how_to_install('embedded')}"
        )
    if not loaded.settings.embedded.enabled:
        notes.append("embedded.enabled is false, so the model is not available.")
    if facts.template is None and not facts.embeds:
        notes.append(
            "the file has no chat template (a base model?), so conversations are formatted as ChatML."
        )
    elif not template_usable and not facts.embeds:
        notes.append(
            "the chat template could not be rendered, so the capabilities were inferred from "
            "its text."
        )
    if free:
        notes.append(
            "the model is free of charge; set a price with --price INPUT/OUTPUT or in fondaco.toml."
        )
    for line in notes:
        typer.echo(f"fondaco: note: {line}", err=True)
