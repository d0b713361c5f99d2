"""The tool loop: calls the model and its tools in turn until it answers."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeGuard

from venice_ai._portal import in_callers_thread
from venice_ai.exceptions import MaxIterationsExceededError
from venice_ai.resources.chat._concurrency import together
from venice_ai.tools import runnables, tell_model, text_of, tool_from_function
from venice_ai.types.api.chat import (
    AssistantMessage,
    ChatCompletionResponse,
    Tool,
    ToolCall,
    ToolLoopResult,
    ToolMessage,
)

Ask = Callable[[Mapping[str, Any]], Awaitable[ChatCompletionResponse]]


class ToolLoop:
    """Tools and the execution of their calls."""

    def __init__(
        self,
        tools: Sequence[Callable[..., Any] | Tool],
        on_tool_call: Callable[[ToolCall, Any], Any] | None,
        on_tool_error: Callable[[ToolCall, Exception], str] | None,
        *,
        parallel: bool,
    ) -> None:
        self.tools: list[Tool] = [
            tool if isinstance(tool, Tool) or _reads_as_tool(tool) else tool_from_function(tool)
            for tool in tools
        ]
        """Their definitions, sent to the model."""
        self._runnables = runnables(tools)
        self._offered = {tool["function"]["name"] for tool in self.tools}
        self._on_tool_call = on_tool_call
        self._on_tool_error = on_tool_error or tell_model
        self._parallel = parallel

    async def run(
        self, ask: Ask, fields: Mapping[str, Any], messages: list[Any], max_iterations: int
    ) -> ToolLoopResult:
        """Ask until an answer calls no tools; `messages` grows.

        Raises:
            MaxIterationsExceededError: the last answer still called tools.
            ValueError: `max_iterations` is less than 1.
        """
        if max_iterations < 1:
            raise ValueError(f"max_iterations={max_iterations!r} asks nothing. Give 1 or more.")
        for iteration in range(1, max_iterations + 1):
            response = await ask({**fields, "messages": messages})
            message = _answer(response)
            messages.append(message)
            if not message.tool_calls:
                return ToolLoopResult(response, messages, iteration)
            messages.extend(await self._results(message.tool_calls))
        raise MaxIterationsExceededError(max_iterations)

    async def _results(self, calls: Sequence[ToolCall]) -> list[ToolMessage]:
        for call in calls:  # before any of them runs, as tools may have side effects
            self._see_that_it_runs(call)
        if self._parallel:
            return await together(self._result(call) for call in calls)
        return [await self._result(call) for call in calls]

    def _see_that_it_runs(self, call: ToolCall) -> None:
        name = call.function.name
        if name in self._runnables or (self._on_tool_call is not None and name in self._offered):
            return
        raise ValueError(
            f"The model calls {name!r}, which nothing runs. Pass the function itself in `tools`, or "
            "an `on_tool_call` that runs it."
        )

    async def _result(self, call: ToolCall) -> ToolMessage:
        try:
            result = text_of(await self._ran(call))
        except Exception as error:  # noqa: BLE001 - whatever a tool raises is reported to the model
            result = await in_callers_thread(partial(self._on_tool_error, call, error))
        return ToolMessage(content=result, tool_call_id=call.id)

    async def _ran(self, call: ToolCall) -> Any:
        runnable = self._runnables.get(call.function.name)
        result = None if runnable is None else await runnable.run(call)
        if self._on_tool_call is None:
            return result
        replacement = await in_callers_thread(partial(self._on_tool_call, call, result))
        replacement = await replacement if inspect.isawaitable(replacement) else replacement
        return replacement if runnable is None else result


def _reads_as_tool(tool: object) -> TypeGuard[Tool]:
    """Return whether a tool is a dictionary, whose items are those of a `Tool`."""
    return isinstance(tool, dict)


def _answer(response: ChatCompletionResponse) -> AssistantMessage:
    if not response.choices:
        raise ValueError("The reply has no choices, so the conversation cannot go on.")
    return response.choices[0].message
