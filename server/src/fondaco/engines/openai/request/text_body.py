"""Raw prompts as bodies of OpenAI's older API for completions of text.

Source: POST /completions of OpenAI's API; the references of vLLM, llama-server and Ollama.
"""

import orjson

from fondaco.domain.chat.raw_prompts import RawPrompts
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import FieldNotTakenError
from fondaco.engines.common.dialects import Dialect
from fondaco.engines.openai.request.body import isolated, sampled, streaming


def text_body(
    request: ChatRequest,
    raw: RawPrompts,
    model: str,
    dialect: Dialect,
    *,
    engine: str,
    stream: bool,
) -> bytes:
    """Return the JSON of POST /completions.

    Args:
        request: the requested completion.
        raw: its prompts.
        model: the engine's name for the model.
        dialect: the engine's profile.
        engine: its name, for the message of an error.
        stream: whether events are wanted.

    Raises:
        FieldNotTakenError: the request needs what the engine does not take.
    """
    expect_raw_taken(request, raw, dialect, engine)
    several = len(raw.prompts) > 1
    body: dict[str, object] = {
        "model": model,
        "prompt": raw.prompts if several else raw.prompts[0],
        "max_tokens": request.max_output_tokens,
    }
    body |= sampled(request, dialect, engine)
    if (each := request.choices // len(raw.prompts)) > 1:
        body["n"] = each
    if raw.suffix is not None:
        body["suffix"] = raw.suffix
    if request.top_logprobs is not None:
        body["logprobs"] = request.top_logprobs
        if raw.echo:
            body["echo"] = True
    if request.cache_scope:
        body |= isolated(request.cache_scope, dialect.isolation)
    if stream:
        body |= streaming(request, dialect)
    return orjson.dumps(body)


def expect_raw_taken(request: ChatRequest, raw: RawPrompts, dialect: Dialect, engine: str) -> None:
    """Return if the engine supports all options of a raw prompt request.

    Raises:
        FieldNotTakenError: it does not.
    """
    if not dialect.completions:
        raise no_completions(request.model, engine)
    ids = any(not isinstance(prompt, str) for prompt in raw.prompts)
    if ids and not dialect.token_prompts:
        raise _refused(request, engine, "prompt", "accepts no token ids: send texts")
    if raw.suffix is not None and not dialect.suffix:
        raise _refused(request, engine, "suffix", "does not fill in text before a suffix")
    if raw.echo and request.top_logprobs is not None and not dialect.scores_prompts:
        raise _refused(request, engine, "echo", "gives no log probabilities of a prompt's tokens")
    if raw.echo and ids and request.top_logprobs is None:
        raise _refused(request, engine, "echo", "does not return the text of token ids")
    if request.choices > len(raw.prompts) and not dialect.many_choices:
        raise _refused(request, engine, "n", "returns one choice at a time")


def no_completions(model: str, engine: str) -> FieldNotTakenError:
    """Return the error for an engine that only chats."""
    return FieldNotTakenError(
        f"The model {model!r} does not complete raw prompts: its engine {engine!r} only chats. Use "
        "/chat/completions, or choose another model.",
        faults={"prompt": (f"The engine {engine!r} has no /completions for it.",)},
    )


def _refused(request: ChatRequest, engine: str, field: str, why: str) -> FieldNotTakenError:
    return FieldNotTakenError(
        f"The model {request.model!r} does not support `{field}` here: its engine {engine!r} {why}. "
        "Leave the field out or choose another model.",
        faults={field: (f"Not supported by the engine {engine!r}: it {why}.",)},
    )
