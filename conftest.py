"""For every test: what the testkit asserts is shown as fully as what a test asserts, and no test is a race."""

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("keystead_testkit")

# How long an example took says how busy the machine was, and nothing of the code.
settings.register_profile("keystead", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("keystead")
