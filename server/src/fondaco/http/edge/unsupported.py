"""Unsupported endpoints: those of OpenAI's, Venice's and Ollama's APIs that this server does not have.

Source: the index of OpenAI's API reference; Venice's OpenAPI document, `paths`; Ollama's `docs/api.md`.
"""

_KEPT = "Nothing is stored here: send what a request needs along with it"
_IMAGES = "POST /api/v1/image/generate makes images, and POST /api/v1/image/edit changes them"
_SPEECH = (
    "POST /api/v1/audio/speech reads a text aloud; GET /api/v1/models?type=tts lists the voices"
)
_VIDEOS = "POST /api/v1/video/queue makes videos"
_TRAINING = "Train elsewhere, and serve the file with: fondaco models add"

_INSTEAD: tuple[tuple[tuple[str, ...], str], ...] = (
    (("image", "images"), _IMAGES),
    (("audio/speech", "audio/voices"), _SPEECH),
    (("audio", "realtime"), "POST /api/v1/audio/transcriptions writes down recordings"),
    (("video", "videos"), _VIDEOS),
    (("moderations",), "Ask a chat model to classify the text, with `response_format`"),
    (("edits", "engines", "answers", "classifications", "search"), "OpenAI has retired it as well"),
    (("assistants", "threads", "conversations", "chatkit", "containers", "skills"), _KEPT),
    (("chat/completions", "responses"), _KEPT),
    (("files", "uploads", "vector_stores"), _KEPT),
    (("batches",), "Send its requests one by one; POST /api/v1/embeddings takes lists"),
    (("fine_tuning", "fine-tunes", "evals", "graders"), _TRAINING),
    (("organization", "projects"), "GET /api/v1/api_keys and GET /api/v1/billing/usage"),
    (
        ("billing", "x402"),
        "GET /api/v1/billing/usage, and the headers x-venice-balance-usd and -diem",
    ),
    (("augment",), "Chat with `venice_parameters.enable_web_search`"),
    (("crypto", "support-bot"), "It has nothing like it"),
)
"""First steps of a path below the base URL -> what to do instead; the first row that fits counts."""

_BASES = ("/api/v1/", "/v1/")

_OLLAMA = "It belongs to Ollama's own API; set the client to OpenAI's, at /v1:"
_COMMANDS = f"{_OLLAMA} the operator manages models with: fondaco models"
_OLLAMAS = {
    "/api/chat": f"{_OLLAMA} POST /v1/chat/completions",
    "/api/generate": f"{_OLLAMA} POST /v1/completions",
    "/api/embed": f"{_OLLAMA} POST /v1/embeddings",
    "/api/tags": f"{_OLLAMA} GET /v1/models",
    "/api/ps": f"{_OLLAMA} GET /v1/models; the operator runs: fondaco ps",
    "/api/version": f"{_OLLAMA} GET /v1/models",
    **dict.fromkeys(
        (f"/api/{do}" for do in ("show", "pull", "push", "create", "copy", "delete")), _COMMANDS
    ),
}
"""Path of Ollama's API -> what to do instead; `/api/embeddings` is rather a base URL without its `/v1`."""


def instead_of(path: str) -> str | None:
    """Return the alternative to a known endpoint that is not implemented; None: the path is not known.

    >>> instead_of("/v1/files/file-123")
    'Nothing is stored here: send what a request needs along with it'
    >>> instead_of("/api/tags")
    "It belongs to Ollama's own API; set the client to OpenAI's, at /v1: GET /v1/models"
    >>> instead_of("/api/v1/filesystem") is instead_of("/files") is None
    True
    """
    for base in _BASES:
        if path.startswith(base):
            below = f"{path[len(base) :]}/"
            return next(
                (
                    instead
                    for families, instead in _INSTEAD
                    if below.startswith(tuple(f"{family}/" for family in families))
                ),
                None,
            )
    return _OLLAMAS.get(path)
