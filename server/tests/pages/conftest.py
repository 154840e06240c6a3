"""An organisation for each test, or one for a file on a port of its own; and, for those that ask, a real Chromium."""

from collections.abc import Callable, Iterator

import pytest
from keystead_testkit.browser import Chromium
from playwright.sync_api import Page

from .page_office import Office, found_office, office_on_a_port


@pytest.fixture(scope="module")
def open_office() -> Iterator[Office]:
    with office_on_a_port() as office:
        yield office


@pytest.fixture
def office() -> Office:
    return found_office()


@pytest.fixture(scope="module")
def found() -> Callable[..., Office]:
    return found_office


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with Chromium(size=(1280, 800)) as browser:
        yield browser


@pytest.fixture
def page(chromium: Chromium, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a browser without cookies; whatever it complains about fails the test.

    The browser itself notes each answer that is no success: a file names the statuses it provokes as REFUSED_WITH.
    """
    chromium.context.clear_cookies()
    chromium.problems.clear()
    page = chromium.new_page()
    yield page
    page.close()
    refused_with = getattr(request.module, "REFUSED_WITH", ())
    assert [told for told in chromium.problems if not any(status in told for status in refused_with)] == []
