"""The database's history: one file a change, run by `fondaco.stores.sqlite.migrate`."""
