"""`fondaco models add`, `remove` and `search`: models of one's own, one command away."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.options import AsJson, Config, Home, Wide, configuration
from fondaco.cli.output import Row, Table, print_row, print_rows, progress
from fondaco.cli.reloading import reload_if_running
from fondaco.domain.extras import how_to_install

if TYPE_CHECKING:
    from fondaco.cli.image_models import FetchedFile
    from fondaco.configuration import Configuration
    from fondaco.configuration.layers import Tree
    from fondaco.modelfiles import KnownModel
    from fondaco.modelfiles.headers.facts import GgufFacts
    from fondaco.modelfiles.headers.weights import WeightFacts
    from fondaco.settings import Settings

Sha256: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="HEX", help="Expected SHA-256; known for built-in ids and hf: names by themselves."
    ),
]
AcceptLicence: TypeAlias = Annotated[
    bool,
    typer.Option("--accept-licence", help="Agree to the model's licence without being asked."),
]


def add(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A GGUF or safetensors file's path, its URL, hf:OWNER/REPO with :Q4_K_M or :FILE behind "
            "it, sd-turbo or z-image-turbo.",
        ),
    ],
    *,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="[ROLE=]SOURCE",
            help="A further file of a diffusion model, such as its autoencoder, a text encoder or a LoRA; "
            "may be repeated.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The model's id; default: from the file's name."),
    ] = None,
    price: Annotated[
        str,
        typer.Option(
            metavar="INPUT/OUTPUT",
            help="USD per million tokens, such as 0.20/0.90, or per image; default: free.",
        ),
    ] = "0",
    trait: Annotated[
        list[str] | None,
        typer.Option(metavar="TRAIT", help="A role it serves, such as default; may be repeated."),
    ] = None,
    accept_licence: AcceptLicence = False,
    sha256: Sha256 = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a model's files and add it to the catalogue. Its entry comes from what they say of themselves."""
    from fondaco.cli import image_models

    prices_of(price)  # before anything is fetched
    loaded = configuration(home, config)
    _expect_free(name, loaded)
    if source in loaded.settings.models and not Path(source).exists():
        raise FailedError(
            f"The catalogue has {source!r} already; its file comes with: fondaco models pull {source}",
            Exit.USAGE,
        )
    asked = _Asked(name, price, tuple(trait or ()), tuple(with_ or ()), config, as_json)
    if (known := image_models.addable(source)) is not None:
        asked = replace(asked, name=name or known.name)
        _expect_free(asked.name, loaded)
        image_models.accept_licence(known, accepted=accept_licence)
    files = fetched(loaded.settings, source, sha256)
    facts = image_models.diffusion_facts(files[0].path)
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


def _add_text(files: "Sequence[FetchedFile]", asked: _Asked, loaded: "Configuration") -> None:
    import anyio

    from fondaco.app.adding.chat_templates import profile_of
    from fondaco.configuration import added
    from fondaco.configuration.own_files import id_of, row_of
    from fondaco.modelfiles.headers.facts import facts_of

    if asked.parts:
        raise FailedError(
            f"{files[0].path.name!r} is no diffusion model, which --with adds files to.", Exit.USAGE
        )
    prices, paths = prices_of(asked.price), [file.path for file in files]
    facts = facts_of(paths[0])
    model_id = asked.name or id_of(paths[0].name, facts.name)
    _expect_free(model_id, loaded)
    template = anyio.run(profile_of, facts.template)
    row = row_of(facts, template, file=paths[0].name, price=prices, traits=asked.traits)
    path = added.path_of(loaded.settings.home, "model", model_id)
    keep_row(path, model_id, row, config=asked.config)
    print_row(_added_row(model_id, row, facts, paths), as_json=asked.as_json)
    if (twin := _known_with(paths[0])) is not None:
        typer.echo(
            f"fondaco: note: this is the file of the built-in model {twin!r}, whose settings (temperature, "
            f"system prompt) were tuned for it and do not count for {model_id!r}: fondaco config show",
            err=True,
        )
    _advise(facts, template_usable=template.usable, free=asked.price == "0", loaded=loaded)


def _add_weights(
    facts: "WeightFacts", files: "Sequence[FetchedFile]", asked: _Asked, loaded: "Configuration"
) -> None:
    from fondaco.cli import image_models
    from fondaco.configuration import added
    from fondaco.configuration.own_files import id_of
    from fondaco.configuration.own_images import row_of_weights
    from fondaco.domain.models.weights import WeightRole

    settings = loaded.settings
    price = image_models.price_of_image(asked.price)
    parts = image_models.with_roles(files[1:], loaded.settings, asked.parts, fetched)
    by_role = image_models.weights_by_role(facts, files[0], parts)
    model_id = asked.name or id_of(files[0].path.name.removesuffix(".safetensors"), "")
    _expect_free(model_id, loaded)
    row = row_of_weights(facts, image_models.entries_of(by_role), price=price, traits=asked.traits)
    path = added.path_of(settings.home, "model", model_id)
    keep_row(path, model_id, row, config=asked.config)
    shown = image_models.added_weights_row(model_id, row, facts, tuple(by_role.values()))
    print_row(shown, as_json=asked.as_json)
    tiny = WeightRole.TAESD in by_role
    for line in image_models.notes_on_weights(settings, free=asked.price == "0", tiny=tiny):
        typer.echo(f"fondaco: note: {line}", err=True)


def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model's id or file name.")],
    *,
    keep_files: Annotated[
        bool, typer.Option("--keep-files", help="Take it out of the catalogue only.")
    ] = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Take a model out of the catalogue and delete its files. A built-in one only loses its files."""
    from fondaco.configuration import added, load
    from fondaco.modelfiles import source_of

    settings = configuration(home, config).settings
    entry = settings.models.get(name)
    path = added.path_of(settings.home, "model", name)
    files = [entry.file] if entry and entry.file else [name]
    if entry and entry.file and source_of(name, entry.file) == name:
        files = [name]  # a model with a name of its own may have several
    elif entry and entry.files:
        files = _own_weights(settings, name)
    if path.exists():
        load({"home": settings.home}, config=config, trial={path: None})
        added.remove(path)
        typer.echo(f"Removed from the catalogue: {name}.")
        reload_if_running(settings.home)
        if keep_files or entry is None or _shared(settings, name):
            return
        _delete(files, settings, present=bool(entry))
    else:
        _delete(files, settings, present=bool(entry))
        reload_if_running(settings.home)


def search(
    word: Annotated[str, typer.Argument(metavar="WORD", help="Part of a model's name.")],
    *,
    as_json: AsJson = False,
    wide: Wide = False,
) -> None:
    """Search a hub for GGUF models. That is Hugging Face's, or the one that HF_ENDPOINT names."""
    import anyio

    from fondaco.app.adding import hub
    from fondaco.environment import environment
    from fondaco.modelfiles.hub import endpoint_of

    found = anyio.run(hub.search, endpoint_of(environment().get("HF_ENDPOINT")), word)
    rows = [
        {
            "source": f"hf:{model.id}",
            "parameters": model.parameters,
            "contextTokens": model.context_tokens,
            "architecture": model.architecture or None,
            "downloads": model.downloads,
            "likes": model.likes,
        }
        for model in found
    ]
    table = Table(
        f"The hub has no GGUF models whose names have {word!r} in them.",
        optional=("likes", "architecture", "contextTokens", "downloads"),
        headings={"contextTokens": "context"},
    )
    print_rows(rows, table, as_json=as_json, wide=wide)


def prices_of(text: str) -> "Tree":
    """Return the prices that an option names.

    Raises:
        typer.BadParameter: it names none.
    """
    from fondaco.configuration.own_files import price_of

    try:
        return price_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--price") from None


def fetch_all(settings: "Settings", source: str, sha256: str | None = None) -> tuple[Path, ...]:
    """Fetch a model's file, or all of them, and return where they are, the model itself first.

    Raises:
        ModelFileError: it cannot be had.
    """
    return tuple(file.path for file in fetched(settings, source, sha256))


def fetched(
    settings: "Settings", source: str, sha256: str | None = None
) -> "tuple[FetchedFile, ...]":
    """Likewise, with where each file came from.

    Raises:
        ModelFileError: it cannot be had.
    """
    from fondaco.cli.image_models import FetchedFile, addable, known_files, listed
    from fondaco.modelfiles.hub import SCHEME

    if source.startswith(SCHEME):
        return _from_hub(settings, source)
    if (known := listed(settings, source) or addable(source)) is not None:
        fetch(settings, source, known=known)
        return known_files(settings, known)
    local = settings.models_folder / source
    if "/" not in source and not Path(source).exists() and local.is_file():
        source = str(local)
    url = source if source.startswith(("http://", "https://")) else ""
    return (FetchedFile(fetch(settings, source, sha256), url, sha256),)


def fetch(
    settings: "Settings",
    source: str,
    sha256: str | None = None,
    *,
    bar: bool = True,
    token: str = "",
    known: "KnownModel | None" = None,
) -> Path:
    """Fetch a model file unless it is here, and show how that gets on, with a `bar` on a terminal.

    Raises:
        ModelFileError: it cannot be had.
    """
    from fondaco.modelfiles import KNOWN, ModelFolder

    names = KNOWN if known is None else {**KNOWN, source: known}
    with progress(f"Fetching {source.rsplit('/', 1)[-1]}", bar=bar) as advance:
        return ModelFolder(settings.models_folder, known=names).pull(
            source, sha256=sha256, progress=advance, token=token
        )


def keep_row(path: Path, model_id: str, row: "Tree", *, config: Path | None) -> None:
    """Write a model's catalogue entry, if the configuration can be used with it.

    Raises:
        ConfigurationError: it cannot.
    """
    from fondaco.configuration import added, load

    tables: Tree = {"models": {model_id: row}}
    load({"home": path.parent.parent}, config=config, trial={path: added.normal(tables)})
    added.write(path, "model", tables)


def _from_hub(settings: "Settings", source: str) -> "tuple[FetchedFile, ...]":
    import anyio

    from fondaco.app.adding import hub
    from fondaco.cli.image_models import FetchedFile
    from fondaco.environment import environment
    from fondaco.modelfiles.hub import HubName, chosen, endpoint_of, file_url, has_projector

    name, environ = HubName.parse(source), environment()
    endpoint = endpoint_of(environ.get("HF_ENDPOINT"))
    repository = anyio.run(hub.repository, endpoint, name.repository)
    files = chosen(repository, name.wanted)
    token = environ.get("HF_TOKEN", "")
    if repository.gated and not token:
        typer.echo(
            f"fondaco: warning: {name.repository!r} is for those who agreed to its terms: if the hub "
            "refuses, agree on its page, and set HF_TOKEN.",
            err=True,
        )
    if has_projector(repository):
        typer.echo(
            "fondaco: warning: this model also sees, but the embedded engine runs it on text alone. "
            "For images run llama-server with its mmproj file, and `fondaco engines add` its URL.",
            err=True,
        )
    urls = {file: file_url(endpoint, repository, file) for file in files}
    return tuple(
        FetchedFile(fetch(settings, url, file.sha256, token=token), url, file.sha256)
        for file, url in urls.items()
    )


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
            f"{model_id!r} is no id of a model: it has to be {DESCRIPTIONS[MODEL_ID]}.",
            param_hint="--name",
        )
    if model_id not in settings.models:
        return
    if not added.path_of(settings.home, "model", model_id).exists():
        raise FailedError(
            f"The catalogue has a model {model_id!r} already. Choose another id with --name.",
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
            f"the embedded engine, which runs it, is not installed. {how_to_install('embedded')}"
        )
    if not loaded.settings.embedded.enabled:
        notes.append("embedded.enabled is false, so it is not offered.")
    if facts.template is None and not facts.embeds:
        notes.append(
            "the file has no chat template (a base model?): conversations are spelled as ChatML."
        )
    elif not template_usable and not facts.embeds:
        notes.append("its chat template could not be tried here; what it says was guessed from.")
    if free:
        notes.append("it is free of charge; --price INPUT/OUTPUT, or fondaco.toml, sets a price.")
    for line in notes:
        typer.echo(f"fondaco: note: {line}", err=True)


def _shared(settings: "Settings", name: str) -> bool:
    """Whether another model has the same file."""
    if (file := settings.models[name].file) is None:
        return False
    return any(m.file == file for other, m in settings.models.items() if other != name)


def _delete(files: list[str], settings: "Settings", *, present: bool) -> None:
    from fondaco.modelfiles import ModelFolder

    folder = ModelFolder(settings.models_folder)
    for file in _shards(files, present=present):
        typer.echo(f"Removed: {folder.remove(file)}")


def _own_weights(settings: "Settings", name: str) -> list[str]:
    """Return the files of a model that are here and that no other one has."""
    others = {
        file.file
        for other, model in settings.models.items()
        if other != name
        for file in model.files.values()
    }
    files = {file.file for file in settings.models[name].files.values()} - others
    return sorted(file for file in files if (settings.models_folder / file).exists())


def _shards(files: list[str], *, present: bool) -> list[str]:
    from fondaco.modelfiles import shards_of

    return [one for file in files for one in shards_of(file)] if present else files
