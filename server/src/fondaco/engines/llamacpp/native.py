"""llama-server's `/completion` API: requests to it, and its responses as chat events.

Its parameters were tested: its defaults (top_k 40, min_p 0.05, temperature last) would
change what OpenAI's fields mean, so each is named; `token` in its probabilities is the text sent
with the token and not the token's own; characters of several tokens come with the last of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    FinishReason,
    Text,
    TokenLogprob,
)
from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
from fondaco.domain.errors import EngineError
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.dynamic_temperature import dynamic_temperature
from fondaco.engines.common.logprobs import logprob_of
from fondaco.engines.llamacpp.extra_sampling import extra_sampling, stop_text
from fondaco.engines.llamacpp.slot_table import SlotAssignment
from fondaco.engines.llamacpp.tools import grammar_of

Chunk: TypeAlias = dict[str, Any]
"""One frame of the engine's stream."""

_SAMPLERS = ("penalties", "temperature", "top_k", "top_p", "min_p")
_GREEDY = ("penalties", "temperature")
"""At temperature 0 only the likeliest token matters: sorting the rest would cost a tenth of a token's time."""
_DRY: Mapping[str, object] = {
    "dry_multiplier": 0.8,
    "dry_allowed_length": 2,
    "dry_penalty_last_n": 2048,
}
"""Small models tend to repeat themselves up to the output limit, which leaves constrained output incomplete."""
CACHED = "timings/cache_n"
"""The response field with the number of cached prompt tokens."""
_FIELDS = (
    "index",
    "content",
    "tokens",
    "stop",
    "stop_type",
    "tokens_predicted",
    CACHED,
)
_DEFAULT_PENALTY_WINDOW = 64
_SEEDS = 0xFFFF_FF00
"""The highest 32-bit seed means "any"; the engine adds a choice's number to the seed."""


def completion(
    request: ChatRequest,
    prompt: Sequence[int],
    seat: SlotAssignment,
    *,
    first: int,
    choices: int,
    context_tokens: int,
) -> bytes:
    """Return the body for `/completion`.

    Args:
        request: the chat request.
        prompt: its token ids.
        seat: where it runs.
        first: the number of the first choice, for the seed.
        choices: how many are requested at once.
        context_tokens: of a slot.
    """
    sampling = request.sampling
    samplers = _GREEDY if sampling.temperature == 0 else _SAMPLERS
    body: dict[str, object] = {
        "prompt": prompt,
        "stream": True,
        "id_slot": seat.slot,
        "cache_prompt": seat.warm,
        "n_predict": request.max_output_tokens,
        "response_fields": _FIELDS,
        "temperature": 1.0 if sampling.temperature is None else sampling.temperature,
        "top_p": 1.0 if sampling.top_p is None else sampling.top_p,
        "top_k": max(0, sampling.top_k or 0),
        "min_p": sampling.min_p or 0.0,
        "frequency_penalty": sampling.frequency_penalty or 0.0,
        "presence_penalty": sampling.presence_penalty or 0.0,
        "repeat_penalty": sampling.repetition_penalty or 1.0,
        "repeat_last_n": context_tokens if sampling.repetition_penalty else _DEFAULT_PENALTY_WINDOW,
    }
    if (span := sampling.temperature_range) is not None:
        body |= dynamic_temperature(span)
        samplers = _SAMPLERS if span[1] else _GREEDY
    body["samplers"] = samplers
    if request.options is not NO_OPTIONS:
        body |= _constrained(request, samplers)
    body |= extra_sampling(request, _FIELDS)
    if choices > 1:
        body["n"] = choices
    if sampling.seed is not None:
        body["seed"] = (sampling.seed + first) % _SEEDS
    if sampling.stop:
        body["stop"] = sampling.stop
    if sampling.stop_token_ids:
        body["return_tokens"] = True
        body["timings_per_token"] = (
            True  # otherwise only the last chunk has the timings, and it is not awaited
        )
    if request.top_logprobs is not None:
        body["n_probs"] = max(1, request.top_logprobs)
    return orjson.dumps(body)


def prefill_body(prompt: Sequence[int], seat: SlotAssignment) -> bytes:
    """Return the body for `/completion` that processes a prompt without generating output."""
    return orjson.dumps(
        {
            "prompt": prompt,
            "stream": False,
            "id_slot": seat.slot,
            "cache_prompt": seat.warm,
            "n_predict": 0,
            "response_fields": (CACHED,),
        }
    )


def _constrained(request: ChatRequest, samplers: Sequence[str]) -> dict[str, object]:
    """Return the fields that enforce an output format."""
    grammar = grammar_of(request)
    if grammar is None:
        return {}
    if request.options.output_format is None:
        return {"grammar": grammar}
    return {"grammar": grammar, **_DRY, "samplers": ("dry", *samplers)}


def chunks(payloads: Iterable[bytes]) -> list[Chunk]:
    """Return the chunks of the payloads of events.

    Raises:
        EngineError: the engine reports a failure, or sends invalid JSON.
    """
    try:
        parsed: list[Chunk] = [orjson.loads(payload) for payload in payloads]
    except orjson.JSONDecodeError as error:
        raise EngineError("The model's engine sent an unreadable reply.") from error
    if any("error" in chunk for chunk in parsed):
        raise EngineError("The model's engine failed while it answered.")
    return parsed


@dataclass(slots=True)
class _Choice:
    number: int
    produced: int = 0
    """Tokens generated so far."""
    emitted: int = 0
    """Tokens of the emitted text."""
    held_back: bool = False
    """Whether the engine holds back text that may be the start of a stop sequence."""
    pending_logprobs: list[TokenLogprob] = field(default_factory=list)
    """Log probabilities of tokens whose text is held back."""
    text: str = ""
    """All text so far, needed if a stop token may come while text is held back."""
    emitted_chars: int = 0
    done: bool = False


class Answer:
    """Accumulator of one `/completion` response into events."""

    def __init__(self, request: ChatRequest, *, first: int, choices: int) -> None:
        """Expect `choices` choices for `request`, numbered from `first` on."""
        self._choices = [_Choice(first + number) for number in range(choices)]
        self._stop_ids = frozenset(request.sampling.stop_token_ids)
        self._top_logprobs = request.top_logprobs
        self._holds_back = bool(request.sampling.stop)
        self._tracks_text = self._holds_back and bool(self._stop_ids)
        self._stop_shown = request.options.stop_shown
        self.first = first
        self.choices = choices
        self.cached_tokens = 0
        """Prompt tokens that came from the cache."""
        self.cut = False
        """Whether a stop token ended a choice: the engine continues and must be stopped."""

    @property
    def finished(self) -> bool:
        """Whether every choice is at its end."""
        return all(choice.done for choice in self._choices)

    @property
    def started(self) -> bool:
        """Whether every choice has output."""
        return all(choice.produced for choice in self._choices)

    @property
    def output_tokens(self) -> int:
        """Tokens of all choices so far."""
        return sum(choice.produced for choice in self._choices)

    def unknown(self, chunks: Iterable[Chunk]) -> set[int]:
        """Return the ids of tokens whose text `read` needs and the chunks lack."""
        if not self._holds_back:
            return set()
        ids: set[int] = set()
        for chunk in chunks:
            if self._tracks_text:
                ids.update(chunk["tokens"])
            for token in chunk.get("completion_probabilities", ()):
                if all(top["id"] != token["id"] for top in token["top_logprobs"]):
                    ids.add(token["id"])
        return ids

    def read(self, chunks: Iterable[Chunk], pieces: Mapping[int, str]) -> EventBatch:
        """Return the events of chunks; `pieces` has the text of every `unknown` token.

        Raises:
            EngineError: a chunk is malformed, or of a choice that was not requested.
        """
        events: list[ChatEvent] = []
        for chunk in chunks:
            index = whole(chunk.get("index"), len(self._choices) - 1)
            if index is None:
                raise EngineError("The model's engine sent a choice that was not requested.")
            choice = self._choices[index]
            try:
                if not choice.done:
                    self._read(choice, chunk, pieces, events)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise EngineError("The model's engine sent an unreadable reply.") from error
        return tuple(events)

    def _read(
        self, choice: _Choice, chunk: Chunk, pieces: Mapping[int, str], events: list[ChatEvent]
    ) -> None:
        produced = whole(chunk.get("tokens_predicted"))
        if produced is None or produced < choice.produced:
            produced = choice.produced + 1
        choice.produced = produced
        if choice is self._choices[0]:
            self.cached_tokens = _cached_tokens(chunk, self.cached_tokens)
        text: str = chunk["content"] + (stop_text(chunk) if self._stop_shown else "")
        stopped = self._stop_ids and not self._stop_ids.isdisjoint(chunk.get("tokens", ()))
        if stopped:
            self.cut = True
            text = choice.text[choice.emitted_chars :]
        else:
            if self._tracks_text:
                choice.text += "".join(pieces[token] for token in chunk["tokens"])
            if self._top_logprobs is not None:
                self._add_logprobs(choice, chunk, pieces)
        if text:
            logprobs = None if self._top_logprobs is None else tuple(choice.pending_logprobs)
            events.append(Text(choice.number, text, choice.produced - choice.emitted, logprobs))
            choice.emitted = choice.produced
            choice.emitted_chars += len(text)
            choice.pending_logprobs.clear()
        choice.held_back = not text
        if stopped or chunk["stop"]:
            choice.done = True
            limit = not stopped and chunk["stop_type"] == "limit"
            reason: FinishReason = "length" if limit else "stop"
            matched = stop_text(chunk) if self._holds_back and not stopped else ""
            events.append(Finish(choice.number, reason, matched or None))

    def _add_logprobs(self, choice: _Choice, chunk: Chunk, pieces: Mapping[int, str]) -> None:
        """Record the log probabilities of a chunk's tokens."""
        for token in chunk.get("completion_probabilities", ()):
            top = tuple(_logprob(candidate) for candidate in token["top_logprobs"])
            token_text = chunk["content"]
            if choice.held_back or not token_text:
                token_text = _own_text(token, pieces)
            choice.pending_logprobs.append(
                TokenLogprob(
                    token=token_text,
                    logprob=logprob_of(token.get("logprob")),
                    bytes=tuple(token_text.encode()),
                    top=top[: self._top_logprobs],
                )
            )


def _cached_tokens(chunk: Chunk, otherwise: int) -> int:
    if chunk["stop"]:
        cached = whole(chunk.get(CACHED))
    else:  # earlier chunks have it only with `timings_per_token`
        timings = chunk.get("timings")
        cached = None if timings is None else whole(timings.get("cache_n"))
    return otherwise if cached is None else cached


def _own_text(token: Mapping[str, Any], pieces: Mapping[int, str]) -> str:
    for candidate in token["top_logprobs"]:
        if candidate["id"] == token["id"]:
            return str(candidate["token"])
    return pieces.get(token["id"], "")


def _logprob(candidate: Mapping[str, Any]) -> TokenLogprob:
    return TokenLogprob(
        candidate["token"], logprob_of(candidate.get("logprob")), tuple(candidate["bytes"])
    )
