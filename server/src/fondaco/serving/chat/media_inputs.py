"""Media inputs of a chat call: held for, then fetched, or written down."""

from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.models.model import Model
from fondaco.ports import Prompt
from fondaco.serving.billing.paid_call import PaidCall
from fondaco.serving.chat.hearing import ChatHearing
from fondaco.serving.chat.output_hold import hold_shortest
from fondaco.serving.inputs.media import Media, with_last_image

CHARACTERS_A_TOKEN = 4
"""An estimate for prompts that no engine has counted yet."""


async def fetch_media(
    media: Media,
    hearing: ChatHearing | None,
    model: Model,
    request: ChatRequest,
    paid: PaidCall,
) -> ChatRequest:
    """Return the request with its media as engines take them; the estimated cost is held before a fetch.

    Args:
        media: prepares them.
        hearing: writes recordings down for models that take none; None: nothing does.
        model: the requested model.
        request: of a chat.
        paid: its call.

    Raises:
        InsufficientBalanceError: the funds do not cover the estimate; nothing was fetched.
        InvalidRequestError: the model does not take one of the media, or it cannot be had.
    """
    if hearing is not None:
        request = await hearing.heard(model, request, paid)
    if not model.capabilities.many_images:
        request = with_last_image(request)
    if media.needs_fetching(request):
        estimate = request.characters // CHARACTERS_A_TOKEN + media.most_tokens(model, request)
        await hold_shortest(request, Prompt(estimate), paid)
    return await media.prepared(model, request)
