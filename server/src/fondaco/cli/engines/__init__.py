"""`fondaco engines`: upstream engines, listed, added, tested and removed."""

from fondaco.cli.engines.commands import group

__all__ = ["group"]
