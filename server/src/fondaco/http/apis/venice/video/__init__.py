"""Videos: quoted, queued, retrieved and deleted."""
