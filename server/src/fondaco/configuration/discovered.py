"""Catalogue entries for models that an engine lists."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from fondaco.configuration import layers as source
from fondaco.configuration.layers import Tree
from fondaco.configuration.own_files import TemplateProfile, id_of
from fondaco.configuration.prices import IMAGE_PRICES
from fondaco.engines.common.found import FoundEngine, FoundImages, FoundModel
from fondaco.engines.common.images.sizes import without_ending
from fondaco.settings import Settings

_IMAGE_PARAMETERS = ("negative_prompt", "steps", "cfg_scale", "seed")
_SHORTEST_SIDE, _LONGEST_SIDE, _MOST_SIDE, _MOST_STEPS = 64, 1_792, 4_096, 50
PRICES_FOUND = ("input", "output", *IMAGE_PRICES)
"""The prices that models of an engine with `discover` may have."""
UNKNOWN_CONTEXT = 8_192
"""Context of models whose engine does not report it: most hosted models have at least that."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]{0,99}")
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._/:-]+")


@dataclass(frozen=True, slots=True)
class Discovered:
    """The tables of an engine's file, and warnings about models that were left out or guessed."""

    tables: Tree
    warnings: tuple[str, ...]


def is_local(base_url: str) -> bool:
    """Whether an engine is on this machine or in its own network, as far as its address shows.

    >>> is_local("http://127.0.0.1:8080/v1"), is_local("http://gpu:8000/v1"), is_local("https://a.example/v1")
    (True, True, False)
    """
    host = urlsplit(base_url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost", ".lan"))


def engine_name(base_url: str, dialect: str) -> str:
    """Return a name for an engine: its program where it is here, else its host, unless that is a number.

    >>> engine_name("http://localhost:11434/v1", "ollama"), engine_name("https://a.example/v1", "openai")
    ('ollama', 'a.example')
    """
    host = urlsplit(base_url).hostname or ""
    if is_local(base_url) and dialect != "openai":
        return dialect
    if host == "localhost" or ":" in host or host.replace(".", "").isdecimal():
        return "local" if is_local(base_url) else "remote"
    named = re.sub(r"[^A-Za-z0-9._-]+", "-", host).strip("-._")
    return named[:100] or "engine"


def tables_of(
    name: str,
    row: Tree,
    found: FoundEngine,
    settings: Settings,
    *,
    before: Mapping[str, object],
    profiles: Mapping[str, TemplateProfile],
    price: object = None,
) -> Discovered:
    """Return the tables of an engine's file.

    Args:
        name: the engine's.
        row: the keys of its table in that file; empty if another file has the table.
        found: the discovered models.
        settings: those in force.
        before: the current tables of its file; ids in them are kept.
        profiles: of chat templates, by the engine's name of the model.
        price: `input` and `output` of all its models; None: they are free.
    """
    ids = _Ids(name, settings, before)
    models: Tree = {}
    mapping: dict[str, object] = {}
    warnings = list(found.warnings)
    local = _is_engine_local(name, row, settings)
    for model in found.models:
        if model.embeds and model.dimensions is None:
            warnings.append(
                f"{model.name!r} is an embedding model of unknown dimensions; skipped. List it in fondaco.toml with embedding.dimensions."
            )
            continue
        if _leads_back(model.name, name, settings):
            warnings.append(
                f"{model.name!r} is a model of this server, to which the engine forwards requests; skipped."
            )
            continue
        model_id = ids.of(model.name)
        if model_id is None:
            warnings.append(f"{model.name!r} has a name that cannot be used as an id; skipped.")
            continue
        models[model_id] = _entry(name, model, price, profiles.get(model.name), local=local)
        mapping[model_id] = model.name
        if model.images is not None:
            continue
        if model.context_tokens is None:
            warnings.append(
                f"{model.name!r}: its context is unknown; {UNKNOWN_CONTEXT} tokens are assumed. "
                "Set another value in fondaco.toml."
            )
    engine = {**row, "models": mapping}
    return Discovered({"engines": {name: engine}, "models": models}, tuple(warnings))


def with_removed_offline(tables: Tree, before: Mapping[str, object]) -> Tree:
    """Return tables with removed models marked offline, because other settings still name them."""
    models = {**_table(tables, "models")}
    for model_id, entry in _table(before, "models").items():
        if model_id not in models and isinstance(entry, dict):
            models[model_id] = {**entry, "offline": True}
    return {**tables, "models": models}


def _leads_back(model: str, engine: str, settings: Settings) -> bool:
    """Whether a name is one that this server gave to a model of the engine: the engine is this server.

    It may be another one, too, that has this server as its engine; without the check each of two such
    servers would list what the other lists, over and over.
    """
    prefix, _, named = model.partition("/")
    return prefix == engine and named in settings.models


class _Ids:
    """Assigns model ids: the former id, else the model's name, else `engine/name`."""

    def __init__(self, engine: str, settings: Settings, before: Mapping[str, object]) -> None:
        self._engine = engine
        own = _table(before, "models")
        mapping = _table(_table(_table(before, "engines"), engine), "models")
        self._former_id_of = {str(mapping.get(one, one)): one for one in own}
        self._former_ids = frozenset(self._former_id_of.values())
        """Former ids; none is reassigned, because its price may differ."""
        traits = {trait for model in settings.models.values() for trait in model.traits}
        self._used_ids = (settings.models.keys() - own.keys()) | _own_aliases(settings) | traits

    def of(self, name: str) -> str | None:
        """Return the id of a model; None: there is none."""
        candidate = self._as_id(name)
        if (former := self._former_id_of.get(name)) is not None and former not in self._used_ids:
            return former
        for one in (candidate, f"{self._engine}/{candidate}") if candidate else ():
            if _ID.fullmatch(one) and one not in self._used_ids | self._former_ids:
                self._used_ids = self._used_ids | {one}
                return one
        return None

    @staticmethod
    def _as_id(name: str) -> str:
        if name.endswith(".gguf"):  # llama-server names its model by its path
            return id_of(name.replace("\\", "/").rsplit("/", 1)[-1], "")
        return _NOT_IN_IDS.sub("-", without_ending(name)).lstrip("-._/:")


def _entry(
    engine: str, model: FoundModel, price: object, profile: TemplateProfile | None, *, local: bool
) -> Tree:
    if model.images is not None:
        return _image_entry(engine, model.name, model.images, price, local=local)
    prices = price if isinstance(price, Mapping) else {}
    row: Tree = {
        "name": model.name,
        "engines": (engine,),
        "context_tokens": model.context_tokens or UNKNOWN_CONTEXT,
        "privacy": None if local else "anonymized",
    }
    if model.embeds:
        row |= {"type": "embedding", "embedding": {"dimensions": model.dimensions}}
        return row | {"price": {"input": prices.get("input", 0)}}
    output_limit = model.max_output_tokens
    row |= {
        "max_output_tokens": output_limit
        if output_limit and output_limit < int(str(row["context_tokens"]))
        else None,
        "function_calling": model.function_calling or bool(profile and profile.calls_tools),
        "response_schema": model.response_schema,
        "log_probs": model.log_probs,
        "vision": model.vision,
        "audio_input": model.audio,
        "video_input": model.video,
        "web_search": True,
    }
    if model.thinks or (profile and profile.thinks):
        switch = "template" if profile and profile.switchable else "not"
        row["reasoning"] = {
            "tags": True,
            "begun": bool(profile and profile.opens_think_tag),
            "switch": switch,
        }
    return row | {"price": {kind: prices.get(kind, 0) for kind in ("input", "output")}}


def _image_entry(
    engine: str, name: str, images: FoundImages, price: object, *, local: bool
) -> Tree:
    prices = price if isinstance(price, Mapping) else {}
    longest = images.longest_side or max(_LONGEST_SIDE, images.width, images.height)
    return {
        "name": without_ending(name),
        "type": "image",
        "engines": (engine,),
        "privacy": None if local else "anonymized",
        "image": {
            "steps": min(images.steps, _MOST_STEPS),
            "width": images.width,
            "height": images.height,
            "divisor": images.divisor,
            "shortest_side": min(_SHORTEST_SIDE, images.width, images.height),
            "longest_side": min(longest, _MOST_SIDE),
            "parameters": _IMAGE_PARAMETERS,
        },
        "price": {kind: prices.get(kind, 0) for kind in IMAGE_PRICES},
    }


def _is_engine_local(name: str, row: Tree, settings: Settings) -> bool:
    engine = settings.engines.get(name)
    return is_local(str(row.get("base_url") or (engine.base_url if engine else "")))


def _own_aliases(settings: Settings) -> set[str]:
    """Return the operator's aliases; a model may have the name of a built-in one, and then goes first."""
    built_in = _table(source.built_in("catalogue.toml"), "aliases")
    return {alias for alias, to in settings.aliases.items() if built_in.get(alias) != to}


def _table(tables: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = tables.get(name)
    return found if isinstance(found, Mapping) else {}
