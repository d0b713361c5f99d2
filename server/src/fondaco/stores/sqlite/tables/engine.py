"""SQLAlchemy over our own connections: for migrations and administration, not for the hot path."""

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from fondaco.stores.sqlite.tables.connection import connect

READING = {"fondaco_reading": True}
"""Execution options of a connection whose transactions must not keep writers waiting."""


def engine_for(path: Path) -> Engine:
    """Return an engine whose transactions begin IMMEDIATE, so that none fails half-way as locked."""
    engine = create_engine("sqlite://", creator=lambda: connect(path), poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("fondaco_reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
