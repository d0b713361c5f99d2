"""The embedded engine as a `ChatEngine`."""

import importlib.util
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus

import anyio
import anyio.abc
import orjson

from fondaco.clients.client import HttpClient, IncompleteResponseError
from fondaco.clients.connect import connect
from fondaco.clients.sse import EventParser
from fondaco.domain.chat.events import EventBatch, PromptEcho, TokenLogprob, UsageReported
from fondaco.domain.chat.message import PREFIX, Message, Role
from fondaco.domain.chat.raw_prompts import RawPrompt, RawPrompts
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import (
    ContextTooLongError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    FieldNotTakenError,
    ModelNotInstalledError,
)
from fondaco.domain.extras import how_to_install
from fondaco.domain.money.usage import Report
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.dialects import EffortField
from fondaco.engines.common.raw_prompts import one_by_one
from fondaco.engines.common.reasoning import ignored_reasoning
from fondaco.engines.llamacpp import native, prompt_scores
from fondaco.engines.llamacpp.asking import ask, refusal
from fondaco.engines.llamacpp.conversation import continued, conversation
from fondaco.engines.llamacpp.extra_sampling import expect_known_tokens, expect_supported
from fondaco.engines.llamacpp.prefill import PIECE_TOKENS
from fondaco.engines.llamacpp.slot_table import SlotAssignment
from fondaco.engines.llamacpp.supervisor import Launch, Running, Supervisor
from fondaco.engines.llamacpp.templates import (
    ModelTemplate,
    expect_rendered,
    own_template,
    rendered,
)
from fondaco.engines.llamacpp.tool_answers import ToolCallParser
from fondaco.engines.llamacpp.vocabulary import ModelVocabulary, text_of
from fondaco.ports import EngineProcess, EngineState, Prompt, Templates
from fondaco.workers.supervisor import Crashed, Starting

_LONGEST_TOKEN = 256
"""Characters; those of known vocabularies have 128 at most."""
_QUICKLY_COUNTED_BYTES = 16 * 2**10
"""A conversation of this size is rendered and counted within 0.2 s, even if all messages are short."""
_ALIVE_S = 5.0
"""A token generated this recently proves that the engine can answer."""


class LlamaCpp:
    """One model file in one child process.

    `run` must run while calls are made; the child starts at the first of them.
    """

    def __init__(
        self,
        name: str,
        launch: Launch,
        *,
        model: str | None = None,
        first_byte_timeout_s: float = 120.0,
        total_timeout_s: float = 1800.0,
        probe_timeout_s: float = 20.0,
        templates: Templates | None = None,
    ) -> None:
        """Prepare the engine; nothing is started yet.

        Args:
            name: in the configuration.
            launch: model file and sizes.
            model: its id, for probes; else the engine's name.
            first_byte_timeout_s: from a request to the first token.
            total_timeout_s: for a whole answer.
            probe_timeout_s: for a probe, the start of the child apart.
            templates: renders callers' templates; None: they are rejected.
        """
        self.file_downloading = False
        """Whether the model's file is being downloaded."""
        self._name = name
        self._launch = launch
        self._model = model or name
        self._first_byte_timeout_s = first_byte_timeout_s
        self._total_timeout_s = total_timeout_s
        self._probe_timeout_s = probe_timeout_s
        self._supervisor = Supervisor(launch, self._connect, name, self._model)
        self._last_output_from: Running | None = None
        self._last_output_at = 0.0
        self._templates = templates
        self._template: ModelTemplate | None = None
        self._vocabulary = ModelVocabulary()

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """The most tokens of a prompt and its answer together."""
        return self._launch.context_tokens

    @property
    def child_pid(self) -> int | None:
        """The process id of the child, where one runs."""
        state = self._supervisor.state
        return state.pid if isinstance(state, Running) else None

    @property
    def process(self) -> EngineProcess:
        """State of the child."""
        state = self._supervisor.state
        if isinstance(state, Running):
            slots = state.slots
            return EngineProcess(
                self._model,
                EngineState.LOADED,
                pid=state.pid,
                slots=slots.total,
                running=slots.running,
                waiting=slots.waiting,
            )
        return EngineProcess(
            self._model,
            EngineState.LOADING if isinstance(state, Starting) else EngineState.STOPPED,
            state.why if isinstance(state, Crashed) else None,
            slots=self._launch.slots,
        )

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep the engine available until cancelled; end the child then."""
        await self._supervisor.run(task_status=task_status)

    async def measure(self, request: ChatRequest) -> Prompt:
        """Render the prompt by the model's template, or the caller's, and count its tokens.

        Raises:
            InvalidRequestError: the template rejects the messages.
            FieldNotTakenError: the messages contain media.
            ContextTooLongError: they exceed the context by their length alone.
        """
        if request.options.media:
            raise _text_only_error(request.model)
        expect_supported(request, self._name)
        expect_rendered(request, self._templates, self._name)
        running = await self._running(request.model)
        upstream = running.upstream
        if request.sampling.logit_bias:
            expect_known_tokens(request.sampling, await self._vocabulary.size(upstream))
        if request.options.raw is not None:
            return await self._measure_raw(running, request, request.options.raw)
        template = await self._model_template(upstream)
        text = await rendered(request, template, self._templates)
        if text is not None:  # the caller's template adds the special tokens itself
            size, count = len(text), partial(_tokenize, upstream, text, add_special=False)
        else:
            self._expect_within_reach(request)
            body = conversation(request, tools=template.tools)
            continuation = continued(request)
            size, count = len(body), partial(_render_and_count, upstream, body, continuation)
        if size > _QUICKLY_COUNTED_BYTES:
            return await running.counting.work(request.cache_scope, count)
        return await count()

    async def _measure_raw(self, running: Running, request: ChatRequest, raw: RawPrompts) -> Prompt:
        """Return the tokens of each raw prompt.

        Raises:
            InvalidRequestError: a token id is none of the model's, or more is to be scored than can be.
            FieldNotTakenError: the model has no tokens for a suffix.
        """
        upstream, parts = running.upstream, list[Prompt]()
        for prompt in raw.prompts:
            if (
                len(prompt) // (_LONGEST_TOKEN if isinstance(prompt, str) else 1)
                >= self.context_tokens
            ):
                raise ContextTooLongError(None, request.max_output_tokens, self.context_tokens)
            tokenized = partial(
                self._vocabulary.prompt_tokens, upstream, prompt, raw.suffix, request.model
            )
            if len(prompt) > _QUICKLY_COUNTED_BYTES:
                token_ids = await running.counting.work(request.cache_scope, tokenized)
            else:
                token_ids = await tokenized()
            if raw.echo and request.top_logprobs is not None:
                prompt_scores.expect_scorable(len(token_ids))
            parts.append(Prompt(len(token_ids), token_ids=token_ids))
        return Prompt.together(parts)

    def _expect_within_reach(self, request: ChatRequest) -> None:
        """Reject a prompt that cannot fit, since counting it would take minutes."""
        least = max(len(request.messages), request.characters // _LONGEST_TOKEN)
        if least >= self.context_tokens:
            raise ContextTooLongError(None, request.max_output_tokens, self.context_tokens)

    async def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        """Answer the request; choices beyond the number of slots are generated in waves.

        Raises:
            ContextTooLongError: the prompt alone exceeds the context.
            EngineUnavailableError: the engine is down, starting or full.
        """
        if (raw := request.options.raw) is not None and len(raw.prompts) > 1:
            async with aclosing(one_by_one(request, prompt, self.chat)) as batches:
                async for batch in batches:
                    yield batch
            return
        running = await self._running(request.model)
        if prompt is None or prompt.token_ids is None:
            prompt = await self.measure(request)
        token_ids = prompt.token_ids or ()
        if len(token_ids) >= self.context_tokens:
            raise ContextTooLongError(
                len(token_ids), request.max_output_tokens, self.context_tokens
            )
        slots, scope = running.slots, request.cache_scope
        seat = await slots.take(scope, min(slots.share(scope), request.choices), token_ids)
        call = _Call(running, request, token_ids, seat)
        try:
            async with aclosing(self._generate(call)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            slots.give_back(call.seat, started=call.started, prompt=token_ids)
        usage = call.usage
        if request.options.prediction:
            tokens = await _count(running.upstream, request.options.prediction)
            usage = replace(usage, rejected_prediction_tokens=tokens)
        yield (UsageReported(usage),)

    def read_on_s(self, request: ChatRequest) -> float:
        """Return 0: the embedded server always streams."""
        del request
        return 0.0

    def ignores(self, request: ChatRequest) -> tuple[str, ...]:
        """Return the ignored options: all hints but a prefix, and a reasoning summary."""
        hints = [one for one in request.options.hints if one != PREFIX or not continued(request)]
        response = (*hints, *ignored_reasoning(request, EffortField.TEMPLATE))
        return response if request.options.prediction is None else (*response, "prediction")

    async def probe(self) -> None:
        """Generate one token, unless one was generated recently.

        Raises:
            EngineError: it cannot.
        """
        running = await self._running(self._model)
        if (
            self._last_output_from is running
            and anyio.current_time() - self._last_output_at < _ALIVE_S
        ):
            return
        request = ChatRequest(self._model, (Message(Role.USER, "Hi"),), max_output_tokens=1)
        with anyio.move_on_after(self._probe_timeout_s) as scope:
            async with aclosing(self.chat(request, None)) as batches:
                async for _ in batches:
                    pass
        if scope.cancelled_caught:
            raise EngineTimeoutError("The model generated no token before the time-out.")

    async def _generate(self, call: "_Call") -> AsyncGenerator[EventBatch]:
        """Yield the output, wave by wave."""
        request, tool_options = call.request, call.request.options.tool_options
        calls = (
            ToolCallParser(request) if tool_options is not None and tool_options.callable else None
        )
        if (raw := request.options.raw) is not None and raw.echo:
            yield await self._echoed(call, raw.prompts[0])
        await _prefill(call)
        width = call.seat.slots
        for first in range(0, request.choices, width):
            if first:  # from the second wave on, the prompt is in the request's own slot
                remaining = min(width, request.choices - first)
                call.seat = call.running.slots.next_wave(call.seat, remaining)
            async with aclosing(self._wave(call, first)) as batches:
                async for batch in batches:
                    if output := batch if calls is None else calls.read(batch):
                        yield output

    async def _echoed(self, call: "_Call", prompt: RawPrompt) -> EventBatch:
        """Return the prompt's echo for each choice, scored where the call asks for log probabilities."""
        upstream, request = call.running.upstream, call.request
        text = prompt if isinstance(prompt, str) else await text_of(upstream, prompt)
        unscored: tuple[str, ...] = ()
        scores: tuple[TokenLogprob, ...] | None = None
        if (top := request.top_logprobs) is not None:
            opening = await self._vocabulary.opening(upstream) if isinstance(prompt, str) else ()
            first = len(opening) if tuple(call.prompt[: len(opening)]) == opening else 0
            for token in set(call.prompt[first:]):
                await self._vocabulary.learn(upstream, token)
            texts = self._vocabulary.texts
            if not first:
                unscored, first = tuple(texts[token] for token in call.prompt[:1]), 1
            scores = tuple(
                [await _score(call, at, texts, top) for at in range(first, len(call.prompt))]
            )
        return tuple(
            PromptEcho(choice, text, unscored, scores) for choice in range(request.choices)
        )

    async def _wave(self, call: "_Call", first: int) -> AsyncGenerator[EventBatch]:
        """Generate as many choices as the call has slots, from number `first` on."""
        running, request, seat = call.running, call.request, call.seat
        answer = native.Answer(request, first=first, choices=seat.slots)
        call.waves.append(answer)
        async with (
            running.prefill.request(seat.scope) as prefill,
            running.upstream.send("POST", "/completion", self._body(call, answer, first)) as reply,
        ):
            if reply.status != HTTPStatus.OK:
                raise await refusal(reply, request)
            events = EventParser()
            while piece := await reply.piece():
                prefill.end()
                chunks = native.chunks(events.feed(piece))
                for token in answer.unknown(chunks):
                    await self._vocabulary.learn(running.upstream, token)
                if batch := answer.read(chunks, self._vocabulary.texts):
                    self._last_output_from, self._last_output_at = running, anyio.current_time()
                    yield batch
                if answer.finished and answer.cut:
                    return
        if not answer.finished:
            raise IncompleteResponseError("The model's engine ended its response early.")

    def _body(self, call: "_Call", answer: native.Answer, first: int) -> bytes:
        """Return the request for a wave; the prompt cache is used only if it is still the account's own."""
        return native.completion(
            call.request,
            call.prompt,
            call.running.slots.current(call.seat),
            first=first,
            choices=answer.choices,
            context_tokens=self.context_tokens,
        )

    def _connect(self, address: str, key: str) -> HttpClient:
        return connect(
            address,
            key=key,
            first_byte_timeout_s=self._first_byte_timeout_s,
            total_timeout_s=self._total_timeout_s,
        )

    async def _running(self, model: str) -> Running:
        """Return the running child.

        Raises:
            ModelNotInstalledError: the model's file is missing.
        """
        state = self._supervisor.state
        if isinstance(state, Running):
            return state
        if importlib.util.find_spec("xllamacpp") is None:
            raise EngineUnavailableError(
                f"The embedded engine is not installed. {how_to_install('embedded')}"
            )
        if not await anyio.Path(self._launch.model_file).is_file():
            raise ModelNotInstalledError(
                model, self._launch.source, downloading=self.file_downloading
            )
        return await self._supervisor.running()

    async def _model_template(self, upstream: HttpClient) -> ModelTemplate:
        """Return the capabilities of the model's own template."""
        if self._template is None:
            self._template = own_template(await ask(upstream, "GET", "/props"))
        return self._template


@dataclass(slots=True)
class _Call:
    """A call that holds slots."""

    running: Running
    request: ChatRequest
    prompt: Sequence[int]
    seat: SlotAssignment
    waves: list[native.Answer] = field(default_factory=list)
    cached_tokens: int | None = None
    """Tokens of the prompt in the account's cache, if the prompt was prefilled in pieces."""

    @property
    def started(self) -> bool:
        """Whether every choice of the last wave has started."""
        return bool(self.waves) and self.waves[-1].started

    @property
    def usage(self) -> Report:
        """The usage: the prompt once, and how much of it was cached."""
        cached = self.waves[0].cached_tokens if self.cached_tokens is None else self.cached_tokens
        return Report(
            input_tokens=len(self.prompt),
            cached_input_tokens=min(cached, len(self.prompt)),
            output_tokens=sum(answer.output_tokens for answer in self.waves),
        )


async def _prefill(call: _Call) -> None:
    """Process a long prompt up to its last piece, in turns with other accounts' prompts.

    The slot is warm afterwards, unless another call's choices may have used it between two pieces.
    """
    running, seat = call.running, call.seat
    if not seat.scope:
        return  # without a scope, nothing may be cached
    for end in range(seat.cached + PIECE_TOKENS, len(call.prompt), PIECE_TOKENS):
        async with running.prefill.request(seat.scope):
            body = native.prefill_body(call.prompt[:end], running.slots.current(call.seat))
            response = await ask(running.upstream, "POST", "/completion", body)
        if call.cached_tokens is None:
            call.cached_tokens = whole(response.get(native.CACHED)) or 0
        call.seat = replace(seat, warm=running.slots.is_exclusive(seat))
        if not call.seat.warm:
            return


async def _score(call: _Call, at: int, texts: Mapping[int, str], top: int) -> TokenLogprob:
    """Return the log probability of the prompt's token at a place.

    Raises:
        EngineError: the engine does not tell.
    """
    running, token = call.running, call.prompt[at]
    for likeliest, forced in (
        (top, True),
        (prompt_scores.WIDER, False),
        (prompt_scores.ALL, False),
    ):
        seat = running.slots.current(call.seat)
        body = prompt_scores.scoring(call.prompt, at, seat, top=likeliest, forced=forced)
        response = await ask(running.upstream, "POST", "/completion", body)
        if call.cached_tokens is None:
            call.cached_tokens = whole(response.get(native.CACHED)) or 0
        call.seat = replace(call.seat, warm=bool(seat.scope) and running.slots.is_exclusive(seat))
        if (score := prompt_scores.scored(response, token, texts[token], top)) is not None:
            return score
    raise EngineError("The model's engine does not report a token's probability.")


def _text_only_error(model: str) -> FieldNotTakenError:
    return FieldNotTakenError(
        f"The embedded engine runs {model!r} with text only. Leave out images, audio and video, "
        "or choose a model of another engine.",
        faults={"messages": ("The embedded engine accepts text only.",)},
    )


async def _render_and_count(upstream: HttpClient, conversation: bytes, continuation: str) -> Prompt:
    """Render the prompt by the model's own template, and count it with what the output continues."""
    text = (await ask(upstream, "POST", "/apply-template", conversation))["prompt"]
    return await _tokenize(upstream, text + continuation, add_special=True)


async def _tokenize(upstream: HttpClient, text: str, *, add_special: bool) -> Prompt:
    body = {"content": text, "add_special": add_special, "parse_special": True}
    tokens = await ask(upstream, "POST", "/tokenize", orjson.dumps(body))
    token_ids = tuple(tokens["tokens"])
    return Prompt(input_tokens=len(token_ids), token_ids=token_ids)


async def _count(upstream: HttpClient, text: str) -> int:
    """Return the number of tokens in a text."""
    tokens = await ask(upstream, "POST", "/tokenize", orjson.dumps({"content": text}))
    return len(tokens["tokens"])
