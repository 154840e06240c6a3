"""For every test: what the testkit asserts is shown as fully as what a test asserts."""

import pytest

pytest.register_assert_rewrite("keystead_testkit")
