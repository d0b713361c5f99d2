"""The exceptions of this package, as one tree.

VeniceError
|-- APIError                     the API refused or failed; also errors without a class below
|   |-- InvalidRequestError      400, 413, 415, 422, or refused before it was sent
|   |-- AuthenticationError      401: the key is missing, unknown, revoked or expired
|   |-- PaymentRequiredError     402: the balance or the key's limit does not cover the call
|   |-- PermissionDeniedError    403
|   |-- NotFoundError            404
|   |-- ConflictError            409: see `charge_id`
|   |-- ModelGoneError           410: the model was retired
|   |-- RateLimitError           429: see `retry_after_seconds`
|   |-- ServiceUnavailableError  503: see `retry_after_seconds`
|   |-- InvalidResponseError     the reply breaks the API's contract
|   |-- TeeAttestationError      an enclave's report or receipt fails verification
|   |-- TeeDecryptionError       a reply was not encrypted to its call, was altered or cut off
|   `-- APIConnectionError       no reply, or not all of it
|       `-- APITimeoutError      not in time; also 408 and 504
`-- MaxIterationsExceededError   the model would not stop calling tools
"""

from collections.abc import Mapping, Sequence

from venice_ai._field_errors import faults_of, with_faults
from venice_ai._json_values import is_array, is_object

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AuthenticationError",
    "ConflictError",
    "InvalidRequestError",
    "InvalidResponseError",
    "MaxIterationsExceededError",
    "ModelGoneError",
    "NotFoundError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServiceUnavailableError",
    "TeeAttestationError",
    "TeeDecryptionError",
    "VeniceError",
]


class VeniceError(Exception):
    """The base class of this package's exceptions."""


class APIError(VeniceError):
    """An error response of the API.

    Attributes:
        message: The API's message: the problem and its fix.
        status: Of the HTTP reply; None where there was none. An error within a stream has the
            status of the stream, 200.
        code: The API's code for programs, such as `MODEL_NOT_FOUND`.
        details: Faults of single fields, in the shape of the request.
        body: The reply, parsed if it is JSON.
        headers: Of the reply, their names in lower case.
        charge_id: The charge of the call, where the server names one: the call ran, although its
            reply did not arrive.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        details: object = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        charge_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.details = details
        self.body = body
        self.headers: Mapping[str, str] = headers or {}
        self.charge_id = charge_id

    @property
    def faults(self) -> Mapping[str, Sequence[str]]:
        """Faults by field, as far as the reply names them: `messages.0.role` -> reason."""
        return faults_of(self.details, self.body)

    @property
    def request_id(self) -> str | None:
        """The id under which the server's log knows the request: its header CF-RAY."""
        return self.headers.get("cf-ray")

    @property
    def retry_after_seconds(self) -> float | None:
        """Seconds to wait before a retry, from `Retry-After`; None: not given."""
        return retry_after(self.headers)

    def __str__(self) -> str:
        facts = [str(self.status)] if self.status else []
        facts += [self.code] if self.code else []
        facts += [f"request {self.request_id}"] if self.request_id else []
        message = with_faults(self.message, self.faults)
        return f"{message} ({', '.join(facts)})" if facts else message


class InvalidRequestError(APIError):
    """The request is invalid; `faults` lists the fields."""


class AuthenticationError(APIError):
    """The key is missing, unknown, revoked or expired."""


class PaymentRequiredError(APIError):
    """The balance or the key's limit does not cover the most that the call can cost."""


class PermissionDeniedError(APIError):
    """The key lacks the permission for this operation."""


class NotFoundError(APIError):
    """The model or resource does not exist; the message names similar ones."""


class ConflictError(APIError):
    """The request conflicts with an earlier one of the same idempotency key; `charge_id` is its charge."""


class ModelGoneError(APIError):
    """The model was retired; the message names another one."""


class RateLimitError(APIError):
    """A rate limit of the account's tier is exceeded."""


class ServiceUnavailableError(APIError):
    """The model is offline, loading or at capacity, or the server is shutting down."""


class InvalidResponseError(APIError):
    """The response does not match the API."""


class TeeAttestationError(APIError):
    """An enclave's attestation, identity or receipt does not hold. Without attestation, nothing was encrypted or sent."""


class TeeDecryptionError(APIError):
    """A confidential reply was not encrypted to its call, was altered, or lacks its end: discard it."""


class APIConnectionError(APIError):
    """No response, or an incomplete one."""


class APITimeoutError(APIConnectionError):
    """The request timed out."""


class MaxIterationsExceededError(VeniceError):
    """The model still called tools after `max_iterations` round trips."""

    def __init__(self, max_iterations: int) -> None:
        super().__init__(
            f"The model still calls tools after {max_iterations!r} round trips. "
            "Raise max_iterations, or give it tools that answer what it asks."
        )
        self.max_iterations = max_iterations

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.max_iterations,), vars(self)


_BY_STATUS: dict[int, type[APIError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: PaymentRequiredError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: APITimeoutError,
    409: ConflictError,
    410: ModelGoneError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
    503: ServiceUnavailableError,
    504: APITimeoutError,
}

_BY_CODE: dict[str, type[APIError]] = {
    "INVALID_REQUEST": InvalidRequestError,
    "context_length_exceeded": InvalidRequestError,
    "INSUFFICIENT_BALANCE": PaymentRequiredError,
    "RATE_LIMIT_EXCEEDED": RateLimitError,
    "MODEL_AT_CAPACITY": ServiceUnavailableError,
    "SHUTTING_DOWN": ServiceUnavailableError,
    "INFERENCE_TIMEOUT": APITimeoutError,
}
"""For errors within a stream, whose status says nothing."""


def error_of(
    status: int, body: object, headers: Mapping[str, str], *, advice: str = ""
) -> APIError:
    """Return the error of a reply, with the SDK's advice after its message.

    >>> error_of(404, {"error": "No model 'x'.", "code": "MODEL_NOT_FOUND"}, {})
    NotFoundError("No model 'x'.")
    >>> error_of(400, {"error": {"message": "Too long.", "code": "context_length_exceeded"}}, {})
    InvalidRequestError('Too long.')
    """
    reported: Mapping[str, object] = body if is_object(body) else {}
    error = reported.get("error")
    if is_object(error):  # OpenAI's format
        reported = {**reported, **error}
        error = error.get("message")
    code = reported.get("code")
    code = code if isinstance(code, str) else None
    charge_id = reported.get("chargeId")
    kind = _BY_STATUS.get(status) or _BY_CODE.get(code or "") or APIError
    message = _message(status, error or reported.get("message") or reported.get("detail"), body)
    return kind(
        f"{message.rstrip('.')}. {advice}" if advice else message,
        status=status,
        code=code,
        details=reported.get("details"),
        body=body,
        headers=headers,
        charge_id=charge_id if isinstance(charge_id, str) else None,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in the header Retry-After, which is a number or a date.

    >>> retry_after({"retry-after": "1.5"})
    1.5
    >>> retry_after({"retry-after": "Mon, 01 Jan 2024 00:00:30 GMT",
    ...              "date": "Mon, 01 Jan 2024 00:00:00 GMT"})
    30.0
    """
    reported = headers.get("retry-after", "")
    try:
        return max(0.0, float(reported))
    except ValueError:
        return _until(reported, headers.get("date", ""))


def _until(then: str, now: str) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to load and rare

    try:
        delay = parsedate_to_datetime(then) - parsedate_to_datetime(now)
    except (ValueError, TypeError):
        return None
    return max(0.0, delay.total_seconds())


def _message(status: int, reported: object, body: object) -> str:
    if isinstance(reported, str) and reported:
        return reported
    if is_array(reported):
        return "The request is not valid."
    if isinstance(body, str) and body.strip():
        return f"The server answered: {body.strip()[:500]}"
    return f"The server answered {status} and did not say why."
