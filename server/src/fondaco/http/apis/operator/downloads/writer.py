"""Writer of downloads."""

from fondaco.ports import Download


def download_entry(download: Download) -> dict[str, object]:
    """Return a download as a `DownloadEntry`."""
    return {
        "model": download.model,
        "state": download.state,
        "bytes": download.bytes,
        "totalBytes": download.total_bytes,
        "error": download.error,
    }
