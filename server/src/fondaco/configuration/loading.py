"""Loads the configuration: flags over environment over file over defaults, validated as one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fondaco.configuration import added, ineffective, layers as source
from fondaco.configuration.added import Trial
from fondaco.configuration.contradictions import contradictions
from fondaco.configuration.layers import CONFIG_VARIABLE, DEFAULT, Layers, Tree
from fondaco.configuration.schema import KeyPath, dotted, find, nearest
from fondaco.configuration.unquoted import take_unquoted
from fondaco.environment import ConfigurationError, environment, expanded
from fondaco.patterns import DESCRIPTIONS
from fondaco.settings import Settings

_NEEDED = {
    **dict.fromkeys(("tuple_type", "list_type"), "a list, such as ['a', 'b']"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "a table"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("decimal_type", "decimal_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    "string_type": "text in quotes",
}
"""Type of pydantic error -> the expected TOML value; pydantic's messages name Python types."""
_ENGINE = re.compile(r"FONDACO_ENGINES__(.+)__BASE_URL$")
_NO_HOME = "home: this user has no home directory for the server's state. Set a folder with --home or FONDACO_HOME."
_UNITS = {"_s": "seconds", "_bytes": "bytes"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, and where each of them comes from."""

    settings: Settings
    origins: Mapping[KeyPath, str]
    file: Path | None
    """The file that was read."""
    added: tuple[Path, ...] = ()
    """The files of `catalogue.d`, written by commands, that were read as well."""
    warnings: tuple[str, ...] = ()
    """A line for each value without effect that may be intended."""

    def origin(self, path: KeyPath) -> str:
        """Return where a value comes from: `flag --port`, `env NAME`, `file PATH` or `default`."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.origins:
                return self.origins[path[:end]]
        return DEFAULT


def load(
    flags: Mapping[str, object] | None = None,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    tables: Mapping[str, object] | None = None,
    trial: Trial | None = None,
) -> Configuration:
    """Return the configuration.

    Args:
        flags: options of the command line, by dotted path (`server.port`); None: not given.
        config: the file to read instead of `fondaco.toml` in the home folder.
        environ: instead of the process's environment.
        tables: settings of a program, as in a TOML file; they override file and environment.
        trial: proposed files of `catalogue.d`, to validate before they are written.

    Raises:
        ConfigurationError: lists every fault, one a line, without secrets.
    """
    environ = environment() if environ is None else environ
    flag_values = {tuple(k.split(".")): v for k, v in (flags or {}).items() if v is not None}
    layers = Layers()
    layers.lay(_folders(environ), DEFAULT)
    layers.lay(source.built_in("catalogue.toml"), DEFAULT)
    layers.lay(source.built_in("tiers.toml"), DEFAULT)
    built_in = layers.names(("models",))
    faults: list[str] = []
    tree: Tree = {}

    chosen = chosen_file(config, environ)
    path = chosen or _in_home(layers, flag_values, environ)
    if path is not None:
        tree = _tree(path, faults, in_home=chosen is None)
    if home := _home(layers, flag_values, tables or {}, environ, tree):
        engines = _engines(environ, tree, tables or {})
        faults += added.lay(layers, home, trial or {}, engines)
    layers.lay(tree, f"file {path}")
    faults += source.lay_environment(layers, environ)
    layers.lay(tables or {}, "argument settings")
    for key, value in flag_values.items():
        layers.put(key, value, f"flag --{key[-1].replace('_', '-')}")

    _own_first(layers, built_in)
    settings, wrong = _checked(layers)
    faults += wrong
    if settings is not None:
        faults += contradictions(settings)
        faults += ineffective.faults(settings, layers.is_set)
    if faults or settings is None:
        raise ConfigurationError(*faults)
    warnings = tuple(ineffective.warnings(settings, layers.is_set))
    return Configuration(settings, layers.origins, path, tuple(layers.unsaid.values()), warnings)


def home_folder(home: Path | None, config: Path | None = None) -> Path:
    """Return the home folder, also where the rest of the configuration cannot be used.

    Args:
        home: as the command line names it.
        config: the file to read instead of `fondaco.toml` in the home folder.

    Raises:
        ConfigurationError: none is named, and this user has no home directory.
    """
    environ = environment()
    layers = Layers()
    layers.lay(_folders(environ), DEFAULT)
    chosen = chosen_file(config, environ)
    tree = _tree(chosen, [], in_home=False) if chosen else {}
    folder = _home(layers, {("home",): home}, {}, environ, tree)
    if folder is None:
        raise ConfigurationError(_NO_HOME)
    return folder


def _folders(environ: Mapping[str, str]) -> dict[str, object]:
    """Return the default folders, by the user's home directory; in a container there may be none."""
    user = environ.get("HOME") or _home_of_user()
    data = environ.get("XDG_DATA_HOME") or (user and f"{user}/.local/share")
    cache = environ.get("XDG_CACHE_HOME") or (user and f"{user}/.cache")
    folders = {
        "home": data and Path(data) / "fondaco",
        "models_folder": cache and Path(cache) / "fondaco/models",
    }
    return {name: folder for name, folder in folders.items() if folder}


def _home_of_user() -> str | None:
    try:
        return str(Path.home())
    except RuntimeError:  # the uid has no entry in the password database
        return None


def chosen_file(config: Path | None, environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the configuration file that a flag or the environment names; None: the home's `fondaco.toml`.

    Args:
        config: as the command line names it.
        environ: the variables; None: those of this process.
    """
    chosen = config or (environment() if environ is None else environ).get(CONFIG_VARIABLE)
    return expanded(chosen) if chosen else None


def _in_home(
    layers: Layers, flag_values: Mapping[KeyPath, object], environ: Mapping[str, str]
) -> Path | None:
    home = flag_values.get(("home",)) or environ.get("FONDACO_HOME") or layers.tree.get("home")
    if not home:
        return None
    path = expanded(str(home)) / "fondaco.toml"
    return path if path.exists() else None


def _home(
    layers: Layers,
    flag_values: Mapping[KeyPath, object],
    tables: Mapping[str, object],
    environ: Mapping[str, str],
    tree: Mapping[str, object],
) -> Path | None:
    """Return the home folder in force; None if there is none, or its setting is invalid."""
    candidates = (
        flag_values.get(("home",)),
        tables.get("home"),
        environ.get("FONDACO_HOME"),
        tree.get("home"),
    )
    home = next((one for one in candidates if one), layers.tree.get("home"))
    try:
        return expanded(home) if isinstance(home, str | Path) else None
    except ConfigurationError:
        return None


def _engines(environ: Mapping[str, str], *trees: Mapping[str, object]) -> set[str]:
    """Return the names of the engines that the operator describes."""
    named = (match[1].lower() for name in environ if (match := _ENGINE.match(name)))
    tables = (tree.get("engines") for tree in trees)
    return {*named, *(name for table in tables if isinstance(table, Mapping) for name in table)}


def _tree(path: Path, faults: list[str], *, in_home: bool) -> Tree:
    """Return the tables of the configuration file; add its errors to `faults`."""
    try:
        tree = source.file(path)
    except ConfigurationError as error:
        faults += error.faults
        return {}
    if in_home and "home" in tree:
        faults.append(
            f"file {path}: home: a file in the home folder cannot set another home. Remove it."
        )
        return {}
    for name in ("home", "models_folder"):
        if isinstance(folder := tree.get(name), str) and folder:
            tree[name] = expanded(folder if folder.startswith("~") else path.parent / folder)
    faults += [f"file {path}: {fault}" for fault in take_unquoted(tree)]
    return tree


def _own_first(layers: Layers, built_in: tuple[str, ...]) -> None:
    """Put the operator's models before the built-in ones: the first model with a trait serves it."""
    models = layers.tree["models"]
    if isinstance(models, dict):
        order = [*(n for n in models if n not in built_in), *(n for n in built_in if n in models)]
        layers.tree["models"] = {name: models[name] for name in order}


def _checked(layers: Layers) -> tuple[Settings | None, list[str]]:
    for folder in ("home", "models_folder"):
        if fault := _settle_folder(folder, layers):
            return None, [fault]
    try:
        return Settings.model_validate(layers.tree), []
    except ValidationError as error:
        return None, [_line(fault, layers) for fault in error.errors(include_url=False)]


def _settle_folder(name: str, layers: Layers) -> str | None:
    """Make a folder's path absolute; return the fault, if it has one."""
    if name not in layers.tree:
        if name == "home":
            return _NO_HOME
        layers.put((name,), Path(str(layers.tree["home"])) / "models", DEFAULT)
    folder, origin = layers.tree[name], layers.origins[name,]
    if not (isinstance(folder, str | Path) and str(folder)):
        return f"{origin}: {name} must be the path of a folder."
    try:
        layers.tree[name] = expanded(folder)
    except ConfigurationError as error:
        return f"{origin}: {name}: {error}"
    return None


def _line(fault: ErrorDetails, layers: Layers) -> str:
    path = tuple(str(part) for part in fault["loc"] if part != "[key]")
    origin = _origin(path, layers)
    name = dotted(path)
    match fault["type"]:
        case "extra_forbidden":
            closest = nearest(path)
            suggestion = f" Did you mean {closest}?" if closest else ""
            return f"{origin}: {name}: no such setting.{suggestion}"
        case "missing" if "price" in path:
            return f"{origin}: {name} is missing: a model without a price is not served."
        case "missing":
            return f"{origin}: {name} is missing."
    setting = find(path)
    if setting and setting.private:
        return f"{origin}: {name}: refused. Expected: {setting.description}"
    if needed := _needed(fault, path):
        # Values of unknown keys may be secret.
        found = f", not {_shown(fault['input'])}" if setting else ""
        subject = f"{name}: this name" if "[key]" in fault["loc"] else name
        return f"{origin}: {subject} must be {needed}{found}."
    showable = setting and isinstance(fault["input"], str | int | float | Decimal)
    shown = f" (it is {str(fault['input'])!r})" if showable else ""
    message = fault["msg"].removeprefix("Value error, ").removesuffix(".")
    return f"{origin}: {name}: {message}{shown}."


def _needed(fault: ErrorDetails, path: KeyPath) -> str | None:
    """Return what a value must be, unless pydantic's own message says that well."""
    if fault["type"] == "string_pattern_mismatch":
        return DESCRIPTIONS[fault["ctx"]["pattern"]]
    if (needed := _NEEDED.get(fault["type"])) is None:
        return None
    return needed + _unit(path[-1]) if "number" in needed else needed


def _unit(key: str) -> str:
    """Return the unit of a number, from the suffix of its key; TOML cannot write `30s`."""
    return next((f" of {unit}" for end, unit in _UNITS.items() if key.endswith(end)), "")


def _shown(value: object) -> str:
    """Return a value as a file writes it, or only its kind where it may be large.

    >>> _shown(True), _shown("4k"), _shown(("a", "b"))
    ('true', "'4k'", 'a list')
    """
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float() | Decimal():
            return repr(str(value)) if isinstance(value, str) else str(value)
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list"
    return "this"


def _origin(path: KeyPath, layers: Layers) -> str:
    """Return where the value at a path, or else the nearest table around it, was set."""
    for end in range(len(path), 0, -1):
        # The last layer that set part of a table is the origin of the whole table.
        for key_path, origin in reversed(layers.origins.items()):
            if key_path[:end] == path[:end]:
                return origin
    return DEFAULT
