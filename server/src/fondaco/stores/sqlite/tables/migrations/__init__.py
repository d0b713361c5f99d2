"""Alembic migrations, run by `fondaco.stores.sqlite.tables.migrate`."""
