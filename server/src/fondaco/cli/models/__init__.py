"""`fondaco models`: the catalogue, model files, models of one's own."""

from fondaco.cli.models.group import group

__all__ = ["group"]
