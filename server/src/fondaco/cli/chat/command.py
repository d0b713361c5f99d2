"""`fondaco chat`: talk to a model."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli import completing
from fondaco.cli.connecting.target import KeyOfUrl, NoServer, ServerTarget, Url, chosen_target
from fondaco.cli.exits import FailedError
from fondaco.cli.help.groups import OUTPUT
from fondaco.cli.options import AsJson, Config, Home

if TYPE_CHECKING:
    from fondaco.cli.chat.answer import Answer
    from fondaco.cli.chat.arguments import Asked
    from fondaco.cli.chat.conversation import Dialogue
    from fondaco.cli.chat.screen import Screen
    from fondaco.cli.connecting.api import Api

_DEFAULT = "default"
_GENERATION = "Generation options"


class Web(StrEnum):
    """Whether the web is searched for an answer."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Effort(StrEnum):
    """The effort that a model spends on reasoning; as in the API."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


def chat(
    first: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="Id, trait or alias of a model; default: default. A text with spaces is taken as the "
            "prompt.",
            show_default=False,
            autocompletion=completing.text_models,
        ),
    ] = None,
    second: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT",
            help="Prompt; default: standard input, else a conversation.",
            show_default=False,
        ),
    ] = None,
    *,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="Id, trait or alias of a model; the argument is then the prompt.",
            autocompletion=completing.text_models,
        ),
    ] = None,
    system: Annotated[
        str, typer.Option("--system", "-s", metavar="TEXT", help="System prompt.")
    ] = "",
    json_schema: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="JSON schema that the answer must match.",
            rich_help_panel=_GENERATION,
        ),
    ] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Image to send with the prompt; may be repeated."),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=2,
            metavar="NUMBER",
            help="Sampling temperature; default: the model's.",
            rich_help_panel=_GENERATION,
        ),
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="NUMBER",
            help="Nucleus sampling: probability mass to sample from; default: the model's.",
            rich_help_panel=_GENERATION,
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Maximum tokens of the answer, including reasoning.",
            rich_help_panel=_GENERATION,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Seed; makes sampling reproducible.",
            rich_help_panel=_GENERATION,
        ),
    ] = None,
    reasoning: Annotated[
        Effort | None,
        typer.Option(
            metavar="|".join(Effort),
            help="Reasoning effort; default: the model's.",
            rich_help_panel=_GENERATION,
        ),
    ] = None,
    web: Annotated[
        Web | None, typer.Option(metavar="|".join(Web), help="Web search; default: off.")
    ] = None,
    character: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Character that answers.")
    ] = None,
    url: Url = None,
    key: KeyOfUrl = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Hide the line with tokens, speed and cost.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Chat with a model in the terminal.

    With a prompt or piped input, print one answer and exit; otherwise start a conversation. If no server runs
    on the home folder, the command loads the model itself.
    """
    from fondaco.cli.chat.arguments import asked_by
    from fondaco.cli.chat.conversation import AnswerOptions, Dialogue
    from fondaco.cli.chat.files import image_url, json_schema as read_schema
    from fondaco.cli.piped import piped_text

    piped = piped_text()
    words = [word for word in (first, second) if word is not None]
    asked = asked_by(words, model, piped)
    if not asked.prompt:
        _expect_terminal(as_json=as_json)
    options = AnswerOptions(
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        seed=seed,
        reasoning=reasoning and reasoning.value,
        web=web and web.value,
        character=character,
        schema=None if json_schema is None else read_schema(json_schema),
    )
    images = [image_url(one) for one in image or ()]
    conversation = Dialogue(asked.model or _DEFAULT, options, system, images=images)
    with chosen_target(url, key, home, config) as target:
        _run(target, asked, piped, conversation, quiet=quiet, as_json=as_json)


def _run(
    target: ServerTarget | NoServer,
    asked: "Asked",
    piped: str,
    conversation: "Dialogue",
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    from fondaco.cli.chat.screen import Screen, keys_unseen
    from fondaco.cli.connecting.api import use_api

    screen = Screen(quiet=quiet)
    from fondaco.cli.connecting.own_models import NO_SERVER_RUNS

    if isinstance(target, NoServer):
        asked = _expect_own_model(target, asked, piped)
        conversation.model = asked.model or _DEFAULT
        screen.note(NO_SERVER_RUNS)

    async def use(api: "Api") -> None:
        from fondaco.cli.connecting.models import expect_model, knows_model, model_id

        nonlocal asked
        if asked.is_guess and not await knows_model(api, asked.model or ""):
            asked = asked.as_prompt(piped)
            conversation.model = _DEFAULT
        if asked.prompt:
            await _answer_once(api, screen, conversation, asked.prompt, as_json=as_json)
            return
        from fondaco.cli.chat.repl import Repl

        if asked.model is not None:
            await expect_model(api, asked.model)
        named = await model_id(api, conversation.model)
        where = f" at {api.place}" if api.charges else ""
        screen.note(f"Chat with {named}{where}. Type /help for commands, Ctrl-D to exit.")
        await Repl(api, screen, conversation).run()

    with keys_unseen():
        use_api(target, use, warm_up=conversation.model == _DEFAULT)


async def _answer_once(
    api: "Api", screen: "Screen", conversation: "Dialogue", prompt: str, *, as_json: bool
) -> None:
    from fondaco.cli.chat.answering import Asker
    from fondaco.cli.connecting.models import unknown_model
    from fondaco.cli.connecting.refusals import RefusalError
    from fondaco.cli.exits import Exit
    from fondaco.cli.output import print_json

    conversation.ask(prompt)
    try:
        answer = await Asker(api, screen, conversation).ask(show=not as_json)
    except RefusalError as error:
        if error.exit_code is Exit.UNKNOWN and "?" not in str(error):
            raise await unknown_model(api, conversation.model) from error
        raise
    if as_json:
        print_json(_as_row(answer))


def _as_row(answer: "Answer") -> dict[str, object]:
    tokens = answer.tokens
    return {
        "model": answer.model,
        "content": answer.text,
        "reasoning": answer.reasoning or None,
        "finishReason": answer.finish_reason,
        "promptTokens": None if tokens is None else tokens.prompt,
        "outputTokens": None if tokens is None else tokens.output,
        "sources": answer.sources,
    }


def _expect_own_model(target: NoServer, asked: "Asked", piped: str) -> "Asked":
    """Return what is asked for, by a model whose files are here."""
    from fondaco.cli.connecting.own_models import has_own_model, own_model
    from fondaco.domain.models.model import ModelType

    if asked.is_guess and not has_own_model(target.settings, asked.model or "", ModelType.TEXT):
        asked = asked.as_prompt(piped)
    own_model(target.settings, asked.model or _DEFAULT, ModelType.TEXT)
    return asked


def _expect_terminal(*, as_json: bool) -> None:
    """Refuse to chat where nobody could type.

    Raises:
        FailedError: standard input or output is no terminal.
        typer.BadParameter: JSON is wanted of a chat.
    """
    if as_json:
        raise typer.BadParameter("--json needs a prompt: a conversation has no JSON output.")
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()):
        raise FailedError(
            "A conversation needs a terminal. Give a prompt as an argument or on standard input."
        )
