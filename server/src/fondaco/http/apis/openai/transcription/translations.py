"""POST /api/v1/audio/translations."""

from fondaco.domain.errors import AudioTooLongError, CorruptedAudioError, InvalidAudioFormatError
from fondaco.http.apis.openai.transcription.delivery import whole
from fondaco.http.apis.openai.transcription.response_schemas import Transcript
from fondaco.http.apis.openai.transcription.schemas import CreateTranslationRequest
from fondaco.http.apis.openai.transcription.transcriptions import HEADERS, SUBTITLES
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.forms import JsonOrForm
from fondaco.http.endpoint.responses import Response


async def run(context: RequestContext[CreateTranslationRequest, None]) -> Response:
    """Write down a recording in English."""
    body = context.body
    return await whole(
        context.exchange,
        context.platform.transcriber,
        context.call(),
        body.to_domain(),
        shown_as=body.shown_as,
        granularities=body.granularities,
    )


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/audio/translations",
    run=run,
    summary="Write down a recording in English",
    tag="Transcription",
    body=JsonOrForm(schema=CreateTranslationRequest),
    paid=True,
    responses={
        200: Content(
            "The translation", Transcript, text_type="text/plain", files=SUBTITLES, headers=HEADERS
        )
    },
    errors=(InvalidAudioFormatError, CorruptedAudioError, AudioTooLongError),
)
