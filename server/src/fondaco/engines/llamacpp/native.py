"""llama-server's `/completion` API: requests to it, and its responses as chat events.

What its parameters do was tried out: its defaults (top_k 40, min_p 0.05, temperature last) would
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
"""At temperature 0 only the likeliest token is left: sorting the rest would cost a tenth of a token."""
_UNREPEATING: Mapping[str, object] = {
    "dry_multiplier": 0.8,
    "dry_allowed_length": 2,
    "dry_penalty_last_n": 2048,
}
"""Small models repeat themselves within a text until their limit, and nobody can read half an output format."""
CACHED = "timings/cache_n"
"""Where a reply says how many tokens of its prompt came from the slot's cache."""
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
        request: what is asked.
        prompt: its token ids.
        seat: where it runs.
        first: the number of the first choice, for the seed.
        choices: how many are asked for at once.
        context_tokens: of a slot.
    """
    asked = request.sampling
    samplers = _GREEDY if asked.temperature == 0 else _SAMPLERS
    body: dict[str, object] = {
        "prompt": prompt,
        "stream": True,
        "id_slot": seat.slot,
        "cache_prompt": seat.warm,
        "n_predict": request.max_output_tokens,
        "response_fields": _FIELDS,
        "temperature": 1.0 if asked.temperature is None else asked.temperature,
        "top_p": 1.0 if asked.top_p is None else asked.top_p,
        "top_k": max(0, asked.top_k or 0),
        "min_p": asked.min_p or 0.0,
        "frequency_penalty": asked.frequency_penalty or 0.0,
        "presence_penalty": asked.presence_penalty or 0.0,
        "repeat_penalty": asked.repetition_penalty or 1.0,
        "repeat_last_n": context_tokens if asked.repetition_penalty else _DEFAULT_PENALTY_WINDOW,
    }
    if (span := asked.temperature_range) is not None:
        body |= dynamic_temperature(span)
        samplers = _SAMPLERS if span[1] else _GREEDY
    body["samplers"] = samplers
    if request.options is not NO_OPTIONS:
        body |= _formed(request, samplers)
    body |= extra_sampling(request, _FIELDS)
    if choices > 1:
        body["n"] = choices
    if asked.seed is not None:
        body["seed"] = (asked.seed + first) % _SEEDS
    if asked.stop:
        body["stop"] = asked.stop
    if asked.stop_token_ids:
        body["return_tokens"] = True
        body["timings_per_token"] = True  # the last chunk, which has them else, is not waited for
    if request.top_logprobs is not None:
        body["n_probs"] = max(1, request.top_logprobs)
    return orjson.dumps(body)


def reading(prompt: Sequence[int], seat: SlotAssignment) -> bytes:
    """Return the body for `/completion` that has the engine read a prompt and say nothing of use."""
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


def _formed(request: ChatRequest, samplers: Sequence[str]) -> dict[str, object]:
    """Return the fields by which an answer keeps to an output format."""
    grammar = grammar_of(request)
    if grammar is None:
        return {}
    if request.options.output_format is None:
        return {"grammar": grammar}
    return {"grammar": grammar, **_UNREPEATING, "samplers": ("dry", *samplers)}


def chunks(payloads: Iterable[bytes]) -> list[Chunk]:
    """Return the chunks of the payloads of events.

    Raises:
        EngineError: the engine reports a failure, or what came is no JSON.
    """
    try:
        found: list[Chunk] = [orjson.loads(payload) for payload in payloads]
    except orjson.JSONDecodeError as error:
        raise EngineError("The model's engine sent an unreadable reply.") from error
    if any("error" in chunk for chunk in found):
        raise EngineError("The model's engine failed while it answered.")
    return found


@dataclass(slots=True)
class _Choice:
    number: int
    produced: int = 0
    """Tokens that the engine made so far."""
    told: int = 0
    """Tokens that the pieces given out so far stand for."""
    held_back: bool = False
    """Whether the engine holds back text, as it may turn out to be a stop string."""
    untold: list[TokenLogprob] = field(default_factory=list)
    """Of tokens whose text is held back."""
    spelled: str = ""
    """All text so far, where a stop token may come while text is held back."""
    told_chars: int = 0
    done: bool = False


class Answer:
    """What one `/completion` says, accumulated into events."""

    def __init__(self, request: ChatRequest, *, first: int, choices: int) -> None:
        """Expect an answer to `request` with `choices` choices, numbered from `first` on."""
        self._choices = [_Choice(first + number) for number in range(choices)]
        self._stop_ids = frozenset(request.sampling.stop_token_ids)
        self._top_logprobs = request.top_logprobs
        self._holds_back = bool(request.sampling.stop)
        self._spells = self._holds_back and bool(self._stop_ids)
        self._stop_shown = request.options.stop_shown
        self.first = first
        self.choices = choices
        self.cached_tokens = 0
        """Prompt tokens that came from the cache."""
        self.cut = False
        """Whether a stop token ended a choice: the engine goes on and has to be stopped."""

    @property
    def finished(self) -> bool:
        """Whether every choice is at its end."""
        return all(choice.done for choice in self._choices)

    @property
    def begun(self) -> bool:
        """Whether the engine works, or worked, at every choice."""
        return all(choice.produced for choice in self._choices)

    @property
    def output_tokens(self) -> int:
        """Tokens of all choices so far."""
        return sum(choice.produced for choice in self._choices)

    def unknown(self, heard: Iterable[Chunk]) -> set[int]:
        """Return the ids of tokens whose own text `hear` needs and the chunks don't tell."""
        if not self._holds_back:
            return set()
        ids: set[int] = set()
        for chunk in heard:
            if self._spells:
                ids.update(chunk["tokens"])
            for token in chunk.get("completion_probabilities", ()):
                if all(top["id"] != token["id"] for top in token["top_logprobs"]):
                    ids.add(token["id"])
        return ids

    def hear(self, heard: Iterable[Chunk], pieces: Mapping[int, str]) -> EventBatch:
        """Return the events of chunks; `pieces` has the text of every `unknown` token.

        Raises:
            EngineError: a chunk is of no choice that was asked for, or cannot be read.
        """
        events: list[ChatEvent] = []
        for chunk in heard:
            index = whole(chunk.get("index"), len(self._choices) - 1)
            if index is None:
                raise EngineError("The model's engine sent a choice that nobody asked for.")
            choice = self._choices[index]
            try:
                if not choice.done:
                    self._hear(choice, chunk, pieces, events)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise EngineError("The model's engine sent an unreadable reply.") from error
        return tuple(events)

    def _hear(
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
            text = choice.spelled[choice.told_chars :]
        else:
            if self._spells:
                choice.spelled += "".join(pieces[token] for token in chunk["tokens"])
            if self._top_logprobs is not None:
                self._weigh(choice, chunk, pieces)
        if text:
            logprobs = None if self._top_logprobs is None else tuple(choice.untold)
            events.append(Text(choice.number, text, choice.produced - choice.told, logprobs))
            choice.told = choice.produced
            choice.told_chars += len(text)
            choice.untold.clear()
        choice.held_back = not text
        if stopped or chunk["stop"]:
            choice.done = True
            limit = not stopped and chunk["stop_type"] == "limit"
            reason: FinishReason = "length" if limit else "stop"
            events.append(Finish(choice.number, reason))

    def _weigh(self, choice: _Choice, chunk: Chunk, pieces: Mapping[int, str]) -> None:
        """Note the log probabilities of a chunk's token."""
        for token in chunk.get("completion_probabilities", ()):
            top = tuple(_logprob(likely) for likely in token["top_logprobs"])
            said = chunk["content"]
            if choice.held_back or not said:
                said = _own_text(token, pieces)
            choice.untold.append(
                TokenLogprob(
                    token=said,
                    logprob=logprob_of(token.get("logprob")),
                    bytes=tuple(said.encode()),
                    top=top[: self._top_logprobs],
                )
            )


def _cached_tokens(chunk: Chunk, otherwise: int) -> int:
    if chunk["stop"]:
        told = whole(chunk.get(CACHED))
    else:  # while it speaks, only where it was asked to
        timings = chunk.get("timings")
        told = None if timings is None else whole(timings.get("cache_n"))
    return otherwise if told is None else told


def _own_text(token: Mapping[str, Any], pieces: Mapping[int, str]) -> str:
    for likely in token["top_logprobs"]:
        if likely["id"] == token["id"]:
            return str(likely["token"])
    return pieces.get(token["id"], "")


def _logprob(likely: Mapping[str, Any]) -> TokenLogprob:
    return TokenLogprob(likely["token"], logprob_of(likely.get("logprob")), tuple(likely["bytes"]))
