"""Errors of the stores: each message is one line for the operator.

```
StoreError
├── HomeUnusableError      ├── NewerDatabaseError     ├── NameTakenError
├── HomeInUseError         ├── DatabaseUnusableError  ├── UnknownNameError
├── PepperLostError        ├── CharactersUnusableError├── StillUnwritableError
├── BalanceTooLargeError   ├── GrantDiffersError
└── BackupError ── DamagedBackupError
```
"""


class StoreError(Exception):
    """A problem with the stored state that the operator must solve."""


class HomeUnusableError(StoreError):
    """The home folder cannot be created, read or written."""


class HomeInUseError(StoreError):
    """Another server runs on the home folder."""


class NewerDatabaseError(StoreError):
    """The database was written by a newer version."""


class DatabaseUnusableError(StoreError):
    """The database cannot be opened, or is no database."""


class PepperLostError(StoreError):
    """The database has keys, but the secret that they were hashed with is gone."""


class StillUnwritableError(StoreError):
    """A write in the quarantine still cannot be made."""


class CharactersUnusableError(StoreError):
    """The folder of characters cannot be written."""


class NameTakenError(StoreError):
    """An account or character of this name already exists."""


class BalanceTooLargeError(StoreError):
    """The ledger cannot hold so large a balance."""


class GrantDiffersError(StoreError):
    """The ledger has another grant of the same id."""


class UnknownNameError(StoreError):
    """The account, key or character does not exist."""


class BackupError(StoreError):
    """A backup cannot be written, or cannot be restored here."""


class DamagedBackupError(BackupError):
    """A file is no backup, or was damaged."""
