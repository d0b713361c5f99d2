"""Capability negotiation: maps requested options to what the model supports."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
from fondaco.domain.errors import InvalidModelError, InvalidRequestError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import Model, ModelType
from fondaco.domain.output_format.output_format import Choices, Grammar, Regex
from fondaco.ports import OutputFormats
from fondaco.serving.chat.output.pipeline import OutputPipeline
from fondaco.serving.chat.output.reasoning import ReasoningFilter, think
from fondaco.serving.chat.output.tool_validation import (
    ToolCallValidation,
    expect_callable,
    without_tools,
)
from fondaco.serving.chat.output.validation import field_of, output_validation_of
from fondaco.serving.chat.privacy_filter import without_storage


class CapabilityNegotiation:
    """Maps requested options to what the model supports."""

    def __init__(
        self,
        catalogue: Catalogue,
        forms: OutputFormats,
        grammars: Mapping[str, Callable[[ChatRequest], str | None]] | None = None,
    ) -> None:
        """Prepare.

        Args:
            catalogue: the models there are.
            forms: judges schemas and constraints.
            grammars: name of each engine that compiles them on this machine -> the grammar that it makes
                of a request, if any. Other engines judge for themselves what they are sent.
        """
        self._catalogue = catalogue
        self._forms = forms
        self._grammars = grammars or {}

    def expect_able(self, model: Model, request: ChatRequest) -> None:
        """Return if the model keeps to output formats and calls functions, where the request asks for that.

        Raises:
            InvalidModelError: it does not; models that do are named.
            InvalidRequestError: an answer cannot be both that the request asks for.
        """
        able, options = model.capabilities, request.options
        if options.output_format is not None and not able.response_schema:
            names = [one.id for one in self._models() if one.capabilities.response_schema]
            raise _unable(model, field_of(options.output_format), names)
        if (
            (tool_options := options.tool_options)
            and tool_options.callable
            and not able.function_calling
        ):
            names = [one.id for one in self._models() if one.capabilities.function_calling]
            raise _unable(model, "tools", names)
        if (
            tool_options
            and tool_options.callable
            and isinstance(options.output_format, Regex | Choices | Grammar)
        ):
            raise InvalidRequestError(
                f"{options.output_format.field_path} constrains the whole response, so no "
                "function can be called. Leave out one of the two, or set tool_choice to 'none'.",
                faults={options.output_format.field_path: ("Not together with tools",)},
            )

    def _models(self) -> Iterable[Model]:
        return self._catalogue.models(ModelType.TEXT)

    async def fit(self, model: Model, request: ChatRequest) -> tuple[ChatRequest, OutputPipeline]:
        """Return the request as the model gets it, and how its answer reaches the caller.

        Raises:
            InvalidModelError: the model does not support the request.
            InvalidRequestError: no model supports the request.
            EngineBusyError: too many schemas are being judged.
        """
        request = without_tools(model, request)
        compiling = self._compiling(model, request)
        validation = await output_validation_of(request, self._forms, compiled=bool(compiling))
        calls = await self._calls(request, compiled=bool(compiling))
        thinking: ReasoningFilter | None = None
        ignored: tuple[str, ...] = ()
        request, kept_off = without_storage(model, request)
        if model.reasoning is not None or request.options.reasoning is not None:
            request, thinking, ignored = think(model, request)
        if calls is not None and compiling:
            await self._expect_followed(request, compiling)
        return request, OutputPipeline(
            (*kept_off, *ignored), thinking=thinking, validation=validation, calls=calls
        )

    def _compiling(
        self, model: Model, request: ChatRequest
    ) -> Sequence[Callable[[ChatRequest], str | None]]:
        """Return what makes grammars of the request, for each engine that may answer it and compiles."""
        if request.options is NO_OPTIONS:
            return ()
        names = (request.options.engine,) if request.options.engine else model.engines
        return [self._grammars[name] for name in names if name in self._grammars]

    async def _calls(self, request: ChatRequest, *, compiled: bool) -> ToolCallValidation | None:
        """Return what the answer's calls are held to; None where its caller may have cut them."""
        tool_options = request.options.tool_options
        if tool_options is None:
            return None
        await expect_callable(
            tool_options, self._forms, scope=request.cache_scope, compiled=compiled
        )
        if request.sampling.stop or request.sampling.stop_token_ids:
            return None
        return ToolCallValidation(self._forms, tool_options)

    async def _expect_followed(
        self, request: ChatRequest, compiling: Iterable[Callable[[ChatRequest], str | None]]
    ) -> None:
        """Return if engines can follow all functions and the output format together, each of which they can alone.

        Raises:
            InvalidRequestError: together they are too much.
            EngineBusyError: too many schemas are being judged.
        """
        for grammar_of in compiling:
            if (grammar := grammar_of(request)) is None:
                continue
            flaw = await self._forms.grammar_error(grammar, scope=request.cache_scope)
            if flaw is not None:
                raise InvalidRequestError(
                    f"The functions cannot be combined: their grammar {flaw}. Send fewer "
                    "functions, or simpler parameters.",
                    faults={"tools": (flaw,)},
                )


def _unable(model: Model, field: str, able: Sequence[str]) -> InvalidModelError:
    hint = f"Models that do: {', '.join(able)}." if able else "No model on this server does."
    return InvalidModelError(
        f"The model {model.id!r} does not support {field}. {hint}",
        faults={field: ("Not supported by this model",)},
    )
