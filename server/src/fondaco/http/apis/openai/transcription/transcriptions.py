"""POST /api/v1/audio/transcriptions."""

from fondaco.domain.errors import AudioTooLongError, CorruptedAudioError, InvalidAudioFormatError
from fondaco.http.apis.openai.transcription.delivery import streamed, whole
from fondaco.http.apis.openai.transcription.response_schemas import Transcript, TranscriptEvent
from fondaco.http.apis.openai.transcription.schemas import LISTS, CreateTranscriptionRequest
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.forms import JsonOrForm
from fondaco.http.endpoint.responses import Events, Response

HEADERS = {
    "x-venice-model-deprecation-warning": "Only where the requested model will be retired, or was.",
    "x-venice-model-deprecation-date": "The date of its retirement, in UTC.",
    "x-fondaco-ignored-params": "Fields that had no effect. Absent where all had.",
}
SUBTITLES = ("application/x-subrip", "text/vtt")


async def run(context: RequestContext[CreateTranscriptionRequest, None]) -> Response | Events:
    """Write down a recording."""
    body, exchange, call = context.body, context.exchange, context.call()
    request, transcriber = body.to_domain(), context.platform.transcriber
    if body.stream:
        return streamed(exchange, transcriber, call, request, ignored=body.ignored())
    return await whole(
        exchange,
        transcriber,
        call,
        request,
        shown_as=body.shown_as,
        granularities=body.granularities,
        ignored=body.ignored(),
    )


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/audio/transcriptions",
    run=run,
    summary="Write down a recording, whole or as a stream of events",
    tag="Transcription",
    body=JsonOrForm(schema=CreateTranscriptionRequest, lists=LISTS),
    paid=True,
    responses={
        200: Content(
            "The transcript; with `stream: true` as server-sent events that end with `data: [DONE]`",
            Transcript,
            stream=TranscriptEvent,
            text_type="text/plain",
            files=SUBTITLES,
            headers=HEADERS,
        )
    },
    errors=(InvalidAudioFormatError, CorruptedAudioError, AudioTooLongError),
)
