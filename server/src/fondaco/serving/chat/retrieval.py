"""Retrieval of a chat call: decided on, held for, fetched from the web, and inserted into the request."""

from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.models.model import Model
from fondaco.domain.web import WebOptions
from fondaco.serving.billing.paid_call import PaidCall
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.serving.chat.failover import ChatFailover
from fondaco.serving.chat.output_hold import hold_shortest, output_limit
from fondaco.serving.chat.search_decision import decide_search, decision_request
from fondaco.serving.retrieval.context import with_context
from fondaco.serving.retrieval.web_retrieval import RetrievalRequest, WebRetrieval, last_user_text


class ChatRetrieval:
    """Retrieves web context for chat requests."""

    def __init__(self, web: WebRetrieval, negotiation: CapabilityNegotiation) -> None:
        self._web = web
        self._negotiation = negotiation

    def expect_able(self, model: Model, request: ChatRequest, options: WebOptions) -> None:
        """Return if the retrieval that `options` ask for is possible.

        Raises:
            InvalidModelError: the model does not take search results, and the caller insists on a search.
            InvalidRequestError: the operator has switched off what is requested.
            WebNotInstalledError: the libraries for it are missing.
        """
        self._requested(model, request, options)

    async def augment(
        self,
        model: Model,
        request: ChatRequest,
        options: WebOptions,
        failover: ChatFailover,
        paid: PaidCall,
    ) -> ChatRequest:
        """Return the request with its web context, if any; the cost is held before the decision and the fetch.

        Raises:
            InsufficientBalanceError: the funds do not cover it; nothing was fetched.
            ContextTooLongError: the request is too long even without context; nothing was fetched.
            EngineError, FieldNotTakenError: no engine can measure the request.
        """
        retrieval_request = await self._decide(model, request, options, failover, paid)
        if retrieval_request is None:
            return request
        requested_tokens = None if request.within_context else request.max_output_tokens or None
        bare = await failover.measure(request)
        output_limit(model, bare, requested_tokens)
        paid.meter.order(retrieval_request.most)
        await hold_shortest(request, bare, paid)
        retrieved = await self._web.retrieve(retrieval_request)
        paid.meter.retrieved(retrieved)
        request, paid.meter.web = await with_context(
            request,
            retrieved,
            failover.measure,
            bare,
            context_tokens=model.context_tokens,
            requested_tokens=requested_tokens,
        )
        return request

    async def _decide(
        self,
        model: Model,
        request: ChatRequest,
        options: WebOptions,
        failover: ChatFailover,
        paid: PaidCall,
    ) -> RetrievalRequest | None:
        """Return the retrieval plan; where the request leaves a search open, the model decides."""
        query = None
        if self._model_decides(model, request, options):
            decision = decision_request(request, last_user_text(request))
            restarted = failover.restart()
            query = await decide_search(model, decision, restarted, self._negotiation, paid=paid)
        if query is None:
            return self._requested(model, request, options)
        return RetrievalRequest(query=query, cite=options.cite) if query else None

    def _requested(
        self, model: Model, request: ChatRequest, options: WebOptions
    ) -> RetrievalRequest | None:
        searches = model.capabilities.web_search
        return self._web.retrieval_request(request, options, searches=searches)

    def _model_decides(self, model: Model, request: ChatRequest, options: WebOptions) -> bool:
        able = model.capabilities
        judges = model.judges_searches and able.response_schema and able.web_search
        return judges and self._web.may_search(request, options)
