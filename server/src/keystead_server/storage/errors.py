"""What can be wrong with a database, by what an operator would do about it."""

from keystead_server.ports import store


class StorageError(Exception):
    """The database cannot be used."""

    code = "storage_error"


class StorageUnavailable(StorageError, store.StorageUnavailable):
    """It did not answer, or answered with an error: it is down, full, locked or read-only."""

    code = "storage_unavailable"


class StorageUrlInvalid(StorageError):
    """The setting names no database that we know how to open."""

    code = "storage_url_invalid"


class DatabaseNotMigrated(StorageError):
    """The tables are not those of this version: it has to be migrated first."""

    code = "database_not_migrated"

    def __init__(self, found: str | None) -> None:
        super().__init__(f"the database is {f'at revision {found}' if found else 'empty'}; migrate it first")
        self.found = found


class DatabaseTooNew(StorageError):
    """A newer version of this program has migrated the database; this one would damage it."""

    code = "database_too_new"

    def __init__(self, found: str) -> None:
        super().__init__(f"the database is at revision {found}, which this version does not know: install a newer one")
        self.found = found
