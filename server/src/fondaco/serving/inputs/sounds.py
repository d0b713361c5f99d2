"""Recordings of requests, read into samples within a budget of memory."""

from base64 import b64decode

from anyio import to_thread

from fondaco.domain.errors import (
    AudioTooLongError,
    CorruptedAudioError,
    InvalidAudioFormatError,
    InvalidRequestError,
)
from fondaco.domain.media.sound import SAMPLE_BYTES, SAMPLE_RATE, Sound
from fondaco.ports import SoundReader
from fondaco.serving.admission.fair_turns import FairTurns
from fondaco.serving.admission.memory_budget import MemoryBudget, MemoryShare
from fondaco.serving.inputs.images import base64_of, is_data_url

_LARGE_CHARACTERS = 2**20
"""Longer base64 takes more than a millisecond to decode, on a thread."""
_USUAL_EXPANSION = 64
"""Bytes of samples for a byte of a file: of speech at 6 kbit/s, as few as any codec takes, they are 43."""


class Sounds:
    """Reads the recordings of requests."""

    def __init__(self, reader: SoundReader, memory: MemoryBudget) -> None:
        self._reader = reader
        self._memory = memory
        self._turns = FairTurns()

    def expect_readable(self) -> None:
        """Return if recordings can be read here.

        Raises:
            EngineUnavailableError: a package is missing.
        """
        self._reader.expect_installed()

    def memory(self, account_id: int) -> MemoryShare:
        """Return the memory that the sound of one call of an account holds, to be released at its end."""
        return self._memory.share(account_id)

    async def decoded(
        self, source: bytes | str, most_s: float, memory: MemoryShare, field_path: str = "file"
    ) -> Sound:
        """Return the sound of a caller's file.

        Files are read one at a time, in fair turns: one account's slow ones delay others by one each.

        Args:
            source: the file's bytes; as text base64, or a data URL.
            most_s: the longest sound that is taken, in seconds.
            memory: holds what its samples occupy, too.
            field_path: of the file in the request, for errors.

        Raises:
            InvalidAudioFormatError, CorruptedAudioError: it is not taken.
            AudioTooLongError: it is too long.
            EngineError: the process that reads files is unavailable.
            ConcurrencyLimitError, EngineBusyError: there is no memory for it.
        """
        file = await _file(source, field_path)
        if not file:
            raise _refused(CorruptedAudioError("It is empty."), field_path)
        most_bytes = int(most_s * SAMPLE_RATE) * SAMPLE_BYTES
        expected_bytes = min(_USUAL_EXPANSION * len(file), most_bytes)
        memory.hold_more(expected_bytes)
        try:
            async with self._turns.taken(memory.account_id):
                sound = await self._reader.decode(file, most_s)
        except (InvalidAudioFormatError, CorruptedAudioError, AudioTooLongError) as error:
            raise _refused(error, field_path) from error
        memory.hold_more(len(sound.samples) - expected_bytes)
        return sound


async def _file(source: bytes | str, field_path: str) -> bytes:
    """Return the file in base64 or in a data URL; line ends in it are skipped."""
    if isinstance(source, bytes):
        return source
    file: bytes | None = None
    text = source
    if is_data_url(text):
        head, comma, text = text.partition(",")
        text = text if comma and head.lower().endswith(";base64") else "?"
    if len(text) <= _LARGE_CHARACTERS:
        file = _file_in(text)
    else:
        file = await to_thread.run_sync(_file_in, text)
    if file is None:
        what = "It is neither a file nor base64 of one (padded, without spaces)."
        raise _refused(InvalidAudioFormatError(what), field_path)
    return file


def _file_in(text: str) -> bytes | None:
    raw = base64_of(text.replace("\r", "").replace("\n", ""))
    return None if raw is None else b64decode(raw)


def _refused(
    error: InvalidAudioFormatError | CorruptedAudioError | AudioTooLongError, field_path: str
) -> InvalidRequestError:
    """Return an error that names the field of the recording."""
    reason = str(error)
    return type(error)(
        f"{field_path}: {reason[:1].lower()}{reason[1:]}", faults={field_path: (reason,)}
    )
