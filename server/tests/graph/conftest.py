"""The office, and an app that uses its API."""

import pytest
from keystead_testkit.api_caller import ApiCaller, app_alone
from keystead_testkit.office import Office


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def app(office: Office) -> ApiCaller:
    """An app by itself that may do all that apps by themselves may."""
    return app_alone(
        office, "User.ReadWrite.All", "Group.ReadWrite.All", "Organization.Read.All", "AuditLog.Read.All",
        "UserAuthenticationMethod.ReadWrite.All", "Policy.ReadWrite.AuthenticationMethod",
    )  # fmt: skip
