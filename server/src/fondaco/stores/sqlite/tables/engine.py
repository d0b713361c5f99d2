"""SQLAlchemy over our own connections, for migrations."""

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from fondaco.stores.sqlite.tables.connection import connect


def engine_for(path: Path) -> Engine:
    """Return an engine whose transactions are IMMEDIATE, so that none fails half-way as locked."""
    engine = create_engine("sqlite://", creator=lambda: connect(path), poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
