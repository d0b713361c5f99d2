"""What few callers ask of the embedded engine: biases, stop texts, predictions, extras."""

from contextlib import aclosing

import pytest

from fondaco.domain.chat.events import EventBatch, Finish, Text, UsageReported
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatOptions, ChatRequest, EngineParameters, Sampling
from fondaco.domain.errors import ContextTooLongError, FieldNotTakenError, InvalidRequestError
from fondaco.domain.money.usage import Report
from fondaco.engines.llamacpp.engine import LlamaCpp

HELLO = 19556
QUESTION = (Message(Role.USER, "Say hello."),)


async def answer(engine: LlamaCpp, request: ChatRequest) -> EventBatch:
    prompt = await engine.measure(request)
    async with aclosing(engine.chat(request, prompt)) as batches:
        return tuple([event async for batch in batches for event in batch])


def asked(
    *biases: tuple[int, float], options: ChatOptions | None = None, stop: str = ""
) -> ChatRequest:
    sampling = Sampling(temperature=0, logit_bias=biases, stop=(stop,) if stop else ())
    return ChatRequest("smollm2-135m", QUESTION, 8, sampling, options=options or ChatOptions())


def text_of(events: EventBatch) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def usage_of(events: EventBatch) -> Report:
    return [event.report for event in events if isinstance(event, UsageReported)][-1]


async def test_a_bias_of_a_hundred_leaves_no_other_token(engine: LlamaCpp) -> None:
    assert text_of(await answer(engine, asked((HELLO, 100)))) == "Hello" * 8


async def test_a_bias_of_minus_a_hundred_bans_a_token(engine: LlamaCpp) -> None:
    assert "Hello" in text_of(await answer(engine, asked()))
    assert "Hello" not in text_of(await answer(engine, asked((HELLO, -100))))


async def test_a_bias_for_no_token_of_the_model_is_refused_by_its_id(engine: LlamaCpp) -> None:
    with pytest.raises(InvalidRequestError, match="from 0 to 49151") as refusal:
        await answer(engine, asked((49152, 1)))
    assert set(refusal.value.faults) == {"logit_bias.49152"}


async def test_the_stop_text_is_shown_on_request(engine: LlamaCpp) -> None:
    whole = text_of(await answer(engine, asked()))
    stop = whole[6:10]
    hidden = text_of(await answer(engine, asked(stop=stop)))
    events = await answer(engine, asked(stop=stop, options=ChatOptions(stop_shown=True)))
    assert hidden == whole[: whole.index(stop)]
    assert text_of(events) == hidden + stop
    assert [event.reason for event in events if isinstance(event, Finish)] == ["stop"]


async def test_an_answer_that_no_stop_text_ends_is_as_it_is(engine: LlamaCpp) -> None:
    options = ChatOptions(stop_shown=True)
    assert text_of(await answer(engine, asked(stop="~~~", options=options))) == text_of(
        await answer(engine, asked())
    )


async def test_a_prediction_is_counted_and_all_rejected(engine: LlamaCpp) -> None:
    request = asked(options=ChatOptions(prediction="Hello Hello"))
    events = await answer(engine, request)
    assert usage_of(events).rejected_prediction_tokens == 2
    assert engine.ignores(request) == ("prediction",)
    assert text_of(events) == text_of(await answer(engine, asked()))


@pytest.mark.parametrize(
    ("engine_parameters", "field"),
    [
        (EngineParameters(params={"mirostat": 2}), "inference_extra_params"),
        (EngineParameters(headers={"x-trace": "1"}), "inference_extra_headers"),
    ],
)
async def test_extras_are_refused_with_the_engines_name(
    engine: LlamaCpp, engine_parameters: EngineParameters, field: str
) -> None:
    with pytest.raises(FieldNotTakenError, match="'embedded'") as refusal:
        await engine.measure(asked(options=ChatOptions(engine_parameters=engine_parameters)))
    assert set(refusal.value.faults) == {field}


@pytest.mark.parametrize("messages", [QUESTION * 4_096, (Message(Role.USER, "a" * 2**20),)])
async def test_what_cannot_fit_is_refused_before_it_is_counted(
    engine: LlamaCpp, messages: tuple[Message, ...]
) -> None:
    """A hundred thousand short messages would take the engine minutes."""
    with pytest.raises(ContextTooLongError) as refused:
        await engine.measure(ChatRequest("smollm2-135m", messages, 8))
    assert refused.value.input_tokens is None


async def test_a_long_conversation_is_counted_exactly(engine: LlamaCpp) -> None:
    single = (await engine.measure(ChatRequest("smollm2-135m", QUESTION, 8))).input_tokens
    double = (await engine.measure(ChatRequest("smollm2-135m", QUESTION * 2, 8))).input_tokens
    long = await engine.measure(ChatRequest("smollm2-135m", QUESTION * 1_000, 8))
    assert long.input_tokens == single + 999 * (double - single)
