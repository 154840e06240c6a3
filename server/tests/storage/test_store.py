"""The one suite, over memory, SQLite and PostgreSQL."""

from keystead_testkit.store_suite import StoreSuite


class TestStore(StoreSuite):
    pass
