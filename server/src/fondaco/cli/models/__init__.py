"""`fondaco models`: the catalogue, model files, models of one's own."""

from fondaco.cli.models.commands import group

__all__ = ["group"]
