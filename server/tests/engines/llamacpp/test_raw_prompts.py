"""Raw prompts on the embedded engine: continued, filled in, echoed and scored by real models."""

import math
from contextlib import aclosing

import pytest

from fondaco.domain.chat.events import Finish, PromptEcho, Text, UsageReported
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.raw_prompts import RawPrompt, RawPrompts
from fondaco.domain.chat.request import ChatOptions, ChatRequest, Sampling
from fondaco.domain.errors import ContextTooLongError, FieldNotTakenError, InvalidRequestError
from fondaco.engines.llamacpp.engine import LlamaCpp

GREEDY = Sampling(temperature=0.0, top_p=1.0)
CODER = "qwen2.5-coder-0.5b"


def raw(
    *prompts: RawPrompt,
    suffix: str | None = None,
    echo: bool = False,
    tokens: int = 6,
    each: int = 1,
    top: int | None = None,
    model: str = "smollm2-135m",
) -> ChatRequest:
    return ChatRequest(
        model,
        (),
        tokens,
        GREEDY,
        choices=len(prompts) * each,
        top_logprobs=top,
        cache_scope="a",
        options=ChatOptions(raw=RawPrompts(prompts, suffix, echo)),
    )


class Heard:
    """What an engine said, by choice."""

    def __init__(self, choices: int) -> None:
        self.texts = [""] * choices
        self.echoes: list[PromptEcho | None] = [None] * choices
        self.scores: list[list[float]] = [[] for _ in range(choices)]
        self.ends: list[str] = [""] * choices
        self.usage = (0, 0)
        self.inputs: list[int | None] = []


async def complete(engine: LlamaCpp, request: ChatRequest) -> Heard:
    heard = Heard(request.choices)
    async with aclosing(engine.chat(request, await engine.measure(request))) as batches:
        async for batch in batches:
            for event in batch:
                match event:
                    case Text():
                        heard.texts[event.choice] += event.text
                        heard.scores[event.choice] += [t.logprob for t in event.logprobs or ()]
                    case PromptEcho():
                        assert not heard.texts[event.choice], "an echo comes first"
                        heard.echoes[event.choice] = event
                    case Finish():
                        heard.ends[event.choice] = event.reason
                    case UsageReported(report):
                        heard.usage = report.input_tokens or 0, report.output_tokens or 0
                        heard.inputs.append(report.input_tokens)
                    case _:
                        raise AssertionError(event)
    return heard


async def test_a_prompt_is_continued_and_not_answered(engine: LlamaCpp) -> None:
    text = "The capital of France is"
    heard = await complete(engine, raw(text))
    assert heard.texts[0].startswith(" Paris")
    assert heard.ends == ["length"]
    assert heard.usage == (5, 6)
    chat = ChatRequest("smollm2-135m", (Message(Role.USER, text),), 6, GREEDY)
    said = ""
    async with aclosing(engine.chat(chat, None)) as batches:
        async for batch in batches:
            said += "".join(event.text for event in batch if isinstance(event, Text))
    assert said
    assert said != heard.texts[0]


async def test_token_ids_are_continued_like_the_text_that_they_spell(engine: LlamaCpp) -> None:
    request = raw("The capital of France is")
    prompt = await engine.measure(request)
    assert prompt.token_ids is not None
    by_ids = await complete(engine, raw(prompt.token_ids, echo=True))
    assert by_ids.texts == (await complete(engine, request)).texts
    echo = by_ids.echoes[0]
    assert echo is not None
    assert echo.text == "The capital of France is"


async def test_a_template_applied_by_the_caller_is_the_chat(engine: LlamaCpp) -> None:
    spelled = (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nSay hello.<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    messages = (Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Say hello."))
    chat = ChatRequest("smollm2-135m", messages, 6, GREEDY)
    by_chat, by_hand = await engine.measure(chat), await engine.measure(raw(spelled))
    assert by_hand.token_ids == by_chat.token_ids


async def test_several_prompts_have_their_choices_in_order_and_their_usage_summed(
    engine: LlamaCpp,
) -> None:
    capital, days = "The capital of France is", "Monday, Tuesday, Wednesday,"
    both = await complete(engine, raw(capital, days, each=2))
    alone = [await complete(engine, raw(text)) for text in (capital, days)]
    first, second = (one.texts[0] for one in alone)
    assert both.texts == [first, first, second, second]
    assert both.ends == ["length"] * 4
    assert both.usage == (sum(one.usage[0] for one in alone), 4 * 6)
    assert both.inputs[0] == alone[0].usage[0], "the second prompt counts once it is read"


async def test_the_middle_is_filled_in_by_a_model_that_learned_it(qwen: LlamaCpp) -> None:
    request = raw(
        "def add(a, b):\n    return ", suffix="\n\nprint(add(1, 2))\n", tokens=8, model=CODER
    )
    assert (await complete(qwen, request)).texts[0].strip().startswith("a + b")


async def test_a_suffix_is_refused_by_a_model_that_did_not_learn_it(engine: LlamaCpp) -> None:
    with pytest.raises(FieldNotTakenError, match="cannot fill in text before a suffix"):
        await engine.measure(raw("def f():", suffix="\n"))


@pytest.mark.parametrize("text", ["The capital of France is Paris.", "日本 ok 😀!", "a<|im_end|>b"])
async def test_an_echo_scores_every_token_but_the_first(engine: LlamaCpp, text: str) -> None:
    request = raw(text, echo=True, top=2, tokens=1)
    prompt = await engine.measure(request)
    echo = (await complete(engine, request)).echoes[0]
    assert echo is not None
    assert echo.text == text
    assert echo.logprobs is not None
    assert len(echo.unscored) + len(echo.logprobs) == prompt.input_tokens
    assert all(-60 < one.logprob <= 0 for one in echo.logprobs)
    assert all(len(one.top) == 2 for one in echo.logprobs)


async def test_the_scores_of_a_prompt_are_those_of_its_generation(engine: LlamaCpp) -> None:
    text = "The capital of France is"
    generated = await complete(engine, raw(text, top=0, tokens=5))
    whole = text + generated.texts[0]
    echo = (await complete(engine, raw(whole, echo=True, top=0, tokens=0))).echoes[0]
    assert echo is not None
    assert echo.logprobs is not None
    again = [one.logprob for one in echo.logprobs[-5:]]
    for one, other in zip(generated.scores[0], again, strict=True):
        assert math.isclose(one, other, abs_tol=0.05)


async def test_each_choice_has_the_echo(engine: LlamaCpp) -> None:
    heard = await complete(engine, raw("One, two", echo=True, each=2))
    assert [echo and echo.text for echo in heard.echoes] == ["One, two"] * 2


async def test_a_prompt_beyond_the_context_is_refused_before_it_is_counted(
    engine: LlamaCpp,
) -> None:
    with pytest.raises(ContextTooLongError):
        await engine.measure(raw(tuple([1] * 2000)))
    with pytest.raises(ContextTooLongError):
        await engine.measure(raw("x" * 1_000_000))


async def test_a_token_beyond_the_vocabulary_is_refused(engine: LlamaCpp) -> None:
    with pytest.raises(InvalidRequestError, match="not a token of this model"):
        await engine.measure(raw((1, 999_999)))
