"""Alembic, run in code: no configuration file, no environment script."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from fondaco.stores.errors import DatabaseUnusableError
from fondaco.stores.sqlite.tables import schema
from fondaco.stores.sqlite.tables.engine import engine_for

_FOLDER = Path(__file__).parent / "migrations"


def scripts() -> ScriptDirectory:
    """Return the migrations below migrations/versions."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def run(path: Path) -> None:
    """Apply every pending migration, each in its own transaction.

    Raises:
        DatabaseUnusableError: a migration failed and was rolled back.
    """
    directory = scripts()
    engine = engine_for(path)

    def missing(version: str, _: MigrationContext) -> list[RevisionStep]:
        return directory._upgrade_revs("head", version)  # noqa: SLF001 - as alembic.command does

    try:
        with (
            engine.connect() as connection,
            EnvironmentContext(Config(), directory, fn=missing) as environment,
        ):
            environment.configure(
                connection=connection,
                target_metadata=schema.metadata,
                transaction_per_migration=True,
                transactional_ddl=True,
            )
            environment.run_migrations()
    except SQLAlchemyError as error:
        # SQLAlchemy's message contains the whole statement; SQLite's is one line.
        cause = error.orig if isinstance(error, DBAPIError) else type(error).__name__
        raise DatabaseUnusableError(
            f"The database {str(path)!r} could not be brought up to date: {cause}. Nothing was changed."
        ) from error
    finally:
        engine.dispose()
