"""Setup of an installation: its first configuration, its service, the completion of its commands."""
