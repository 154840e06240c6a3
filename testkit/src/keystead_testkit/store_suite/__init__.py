"""One suite for every store: what the port promises, said as tests.

    class TestStore(StoreSuite):
        pass

with a fixture `world`, once for each kind of store.
"""

from keystead_testkit.store_suite.activity import LogTests, SessionTests, SweepTests
from keystead_testkit.store_suite.chains import ChainTests
from keystead_testkit.store_suite.credentials import PasskeyTests, PassTests
from keystead_testkit.store_suite.devices import AuthorityTests, DeviceTests
from keystead_testkit.store_suite.directory import GroupTests, SnoozeTests, TenantTests, UserTests
from keystead_testkit.store_suite.isolation import IsolationTests
from keystead_testkit.store_suite.letters import LetterTests
from keystead_testkit.store_suite.log_queries import LogQueryTests
from keystead_testkit.store_suite.organisation import AppTests, PolicyTests, SigningKeyTests
from keystead_testkit.store_suite.secrets import GuessTests, SecretTests
from keystead_testkit.store_suite.units import ConcurrencyTests, UnitTests


class StoreSuite(
    TenantTests,
    UserTests,
    SnoozeTests,
    GroupTests,
    AppTests,
    PolicyTests,
    SigningKeyTests,
    PasskeyTests,
    PassTests,
    SecretTests,
    GuessTests,
    LetterTests,
    DeviceTests,
    AuthorityTests,
    SessionTests,
    LogTests,
    LogQueryTests,
    SweepTests,
    ChainTests,
    IsolationTests,
    UnitTests,
    ConcurrencyTests,
):
    """Everything that a Store promises."""
