"""Finds settings without effect: faults if they never can have any, else warnings."""

import ipaddress
from collections.abc import Callable, Iterator

from fondaco.configuration.built_in import DIFFUSION, EMBEDDED, OF_ONE_FILE
from fondaco.configuration.schema import KeyPath, dotted
from fondaco.configuration.tiers import rate_class_of
from fondaco.domain.chat.reasoning import ReasoningSwitch
from fondaco.domain.models.model import RATE_CLASSES, ModelType
from fondaco.settings import CatalogueModel, Server, Settings

_OVERALL_LIMITS = {
    "account_body_memory_bytes": "body_memory_bytes",
    "client_connection_limit": "connection_limit",
}
"""Limit for a single account or client -> the limit for all together."""

IsSet = Callable[[KeyPath], bool]
"""Returns whether the operator set a value. Defaults without effect are not reported."""


def faults(settings: Settings, is_set: IsSet) -> Iterator[str]:
    """Yield a line for each operator-set value that can never take effect."""
    yield from _aliases(settings, is_set)
    yield from _bodies(settings, is_set)
    yield from _rate_classes(settings, is_set)
    for model_id, model in settings.models.items():
        yield from _model(model_id, model, settings, is_set)


def warnings(settings: Settings, is_set: IsSet) -> Iterator[str]:
    """Yield a line for each operator-set value without effect under the other settings."""
    used = {engine for model in settings.models.values() for engine in model.engines}
    for engine, row in settings.engines.items():
        if engine not in used and not row.discover:
            yield f"{dotted(('engines', engine))}: no model's `engines` names it, so it is never used."
    for model_id, model in settings.models.items():
        yield from _lengths(model_id, model, settings, is_set)
    yield from _unused(settings)
    yield from _server(settings.server, is_set)


def _server(server: Server, is_set: IsSet) -> Iterator[str]:
    if _is_unspecified(server.host) and not server.allowed_hosts:
        yield (
            f"server.host is {server.host!r} and server.allowed_hosts is empty: requests for "
            "host names other than localhost are refused. Add the host names, or '*' for any."
        )
    if server.metrics_token and server.metrics == "public":
        yield "server.metrics is 'public', so server.metrics_token has no effect."
    limits = dict(server)
    for partial_limit, overall_limit in _OVERALL_LIMITS.items():
        if limits[partial_limit] > limits[overall_limit] and is_set(("server", partial_limit)):
            yield f"server.{partial_limit} is more than server.{overall_limit}, so it has no effect."


def _aliases(settings: Settings, is_set: IsSet) -> Iterator[str]:
    traits = {
        trait
        for model in settings.models.values()
        if model.type is ModelType.TEXT
        for trait in model.traits
    }
    for alias in settings.aliases:
        if not is_set(("aliases", alias)):
            continue
        name = dotted(("aliases", alias))
        if alias in settings.models:
            yield f"{name}: a model has this id and takes precedence. Rename one of the two."
        elif alias in traits:
            yield (
                f"{name}: models have this trait, which takes precedence. To choose the model, add "
                f"{alias!r} to that model's traits."
            )


def _bodies(settings: Settings, is_set: IsSet) -> Iterator[str]:
    server = settings.server
    if (
        is_set(("server", "media_body_limit_bytes"))
        and server.media_body_limit_bytes < server.body_limit_bytes
    ):
        yield "server.media_body_limit_bytes is less than server.body_limit_bytes, so it has no effect."
    elif (
        is_set(("server", "body_memory_bytes"))
        and server.body_memory_bytes < server.media_body_limit_bytes
    ):
        yield (
            "server.body_memory_bytes is less than server.media_body_limit_bytes: "
            "the largest bodies would never be accepted. Raise it."
        )


def _rate_classes(settings: Settings, is_set: IsSet) -> Iterator[str]:
    known = {*RATE_CLASSES.values(), *map(rate_class_of, settings.models.values())}
    built_in = {
        rate_class
        for name, tier in settings.tiers.items()
        for rate_class in tier.limits
        if not is_set(("tiers", name, "limits", rate_class))
    }
    for name, tier in settings.tiers.items():
        for rate_class in tier.limits:
            if rate_class not in known | built_in:
                table = dotted(("tiers", name, "limits", rate_class))
                yield f"{table}: no model has the rate_class {rate_class!r}."


def _model(
    model_id: str, model: CatalogueModel, settings: Settings, is_set: IsSet
) -> Iterator[str]:
    path = ("models", model_id)
    for trait in model.traits:
        if trait in settings.models and is_set((*path, "traits")):
            yield f"{dotted((*path, 'traits'))}: {trait!r} is the id of a model, which takes precedence."
    for key in ("many_images", "image_tokens"):
        if not model.vision and is_set((*path, key)):
            yield f"{dotted((*path, key))}: has no effect, as the model accepts no images. Set vision = true if it does."
    reasoning = model.reasoning
    if reasoning and reasoning.switch not in (ReasoningSwitch.TEMPLATE, ReasoningSwitch.PROMPT):
        key_path = (*path, "reasoning", "switch_name")
        if is_set(key_path):
            yield f"{dotted(key_path)}: switch is {reasoning.switch.value!r}, which does not use it."


def _lengths(
    model_id: str, model: CatalogueModel, settings: Settings, is_set: IsSet
) -> Iterator[str]:
    path = ("models", model_id)
    context, max_output = model.context_tokens or 0, model.max_output_tokens or 0
    if max_output > context and is_set((*path, "max_output_tokens")):
        yield f"{dotted((*path, 'max_output_tokens'))}: context_tokens is {context}, which already limits the output."
    if DIFFUSION not in model.engines and model.files:
        yield f"{dotted((*path, 'files'))}: only the engine 'diffusion' reads it, and `engines` does not name it."
    if OF_ONE_FILE.isdisjoint(model.engines) and is_set((*path, "file")):
        yield f"{dotted((*path, 'file'))}: only built-in engines read it, and `engines` names none."
    slot_context = settings.embedded.context_tokens
    is_embedded_text = model.type is ModelType.TEXT and EMBEDDED in model.engines
    if is_embedded_text and context > slot_context and is_set((*path, "context_tokens")):
        yield (
            f"{dotted((*path, 'context_tokens'))}: the engine 'embedded' gives each call "
            f"embedded.context_tokens, which is {slot_context}."
        )


def _unused(settings: Settings) -> Iterator[str]:
    search, node = settings.search, settings.chain.node
    for engine, value in (("searxng", search.searxng_url), ("brave", search.brave_key)):
        if value and engine not in search.engines:
            yield f"search.engines lacks {engine!r}, so its settings have no effect."
    if node.token and not node.url:
        yield "chain.node.url is missing, so chain.node.token has no effect."


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
