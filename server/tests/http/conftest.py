"""The office behind its web faces."""

import pytest
from keystead_testkit.office import Office


@pytest.fixture
def office() -> Office:
    return Office()
