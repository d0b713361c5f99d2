"""Files of media in requests: fetched, or decoded from data URLs."""

from base64 import b64decode
from collections.abc import Collection
from dataclasses import dataclass

from anyio import to_thread

from fondaco.domain.errors import InvalidFileSizeError, InvalidRequestError
from fondaco.domain.media.video import MediaSource
from fondaco.domain.web import MediaTypeError, PageError, TooLargeError
from fondaco.ports import Files
from fondaco.serving.inputs.fetching import too_large
from fondaco.serving.inputs.images import base64_of, is_data_url


@dataclass(frozen=True, slots=True)
class MediaFiles:
    """Rules for one kind of medium."""

    kinds: str
    """Its formats, for errors."""
    media_types: Collection[str]
    """Media types that servers may name."""
    begins: str
    """Prefix of its data URLs, for errors."""
    most_bytes: int

    async def read(self, source: MediaSource, files: Files | None) -> bytes:
        """Return the unchecked file of a medium.

        Args:
            source: what the caller sent.
            files: fetches addresses; without it, only data URLs are accepted.

        Raises:
            InvalidRequestError: it cannot be decoded or fetched.
            InvalidFileSizeError: it is too large.
        """
        enclosed = is_data_url(source.url)
        file = await (self._enclosed(source) if enclosed else self._fetched(source, files))
        if len(file) > self.most_bytes:
            raise InvalidFileSizeError(
                f"{source.field_path}: the file has {len(file):,} bytes; at most {self.most_bytes:,} are accepted."
            )
        return file

    async def _enclosed(self, source: MediaSource) -> bytes:
        head, comma, content = source.url.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise refused(source.field_path, f"It must start with: {self.begins}")
        raw = base64_of(content)
        if raw is None:
            raise refused(source.field_path, "Its content is not base64: no spaces, padded.")
        return await to_thread.run_sync(b64decode, raw)

    async def _fetched(self, source: MediaSource, files: Files | None) -> bytes:
        if not source.url[:8].lower().startswith(("http://", "https://")):
            raise refused(source.field_path, "It is neither a URL nor a data URL.")
        if files is None:
            what = "Fetching URLs is disabled on this server. Send a data URL."
            raise refused(source.field_path, what)
        try:
            return await files.fetch(source.url, self.media_types)
        except MediaTypeError as error:
            what = f"Its server does not declare it as {self.kinds}."
            raise refused(source.field_path, what) from error
        except TooLargeError as error:
            raise too_large(error, source.field_path) from error
        except PageError as error:
            raise refused(source.field_path, f"{error.code}: {error}") from error


def refused(field_path: str, what: str) -> InvalidRequestError:
    """Return the error of a medium that is not taken."""
    return InvalidRequestError(f"{field_path} cannot be used. {what}", faults={field_path: (what,)})
