"""What is wrong with the policies as a whole, on a page: grouped by gravity, each with a sign-in that shows it."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_server.http.pages.admin import foresee_search
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies

from .policy_forms import words

PAGE = "/example/admin/access/analyse"
MFA = "00000000-0000-0000-0000-000000000002"


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def under(office: Any, *policies: dict[str, Any]) -> None:
    under_policies(office, *policies, break_glass=frozenset({office.ada.id}))


def analyse(browser: Any, **fields: str) -> Any:
    begun = browser.submit(PAGE, PAGE, {"floor": MFA, "rules": "", **fields})
    assert begun.status_code == 303, words(begun)
    for _ in range(50):
        page = browser.get(begun.headers["location"])
        if "<progress" not in page.text:
            return page
    raise AssertionError("it never ends")


def test_a_gap_is_shown_by_a_sign_in_that_what_if_lets_in(office: Any, ada: Any) -> None:
    bob = office.person("bob@example.org")
    under(office, policy_body("Almost everybody", "mfa", users={"includeUsers": ["All"], "excludeUsers": [bob.id]}))

    page = analyse(ada)

    told = words(page)
    assert "To be mended" in told
    assert "A way past the policies" in told
    assert (
        "For instance: bob@example.org, in Keystead security info, with a browser, from anywhere, gets in with only password."
        in told
    )
    link = unescape(re.search(r'href="([^"]*what-if\?user=bob[^"]*)"', page.text)[1])
    assert "They get in." in words(ada.get(link)).partition("Suppose")[0]


def test_nothing_wrong_is_said_too(office: Any, ada: Any) -> None:
    office.person("bob@example.org")
    under(office, policy_body("Everybody", "mfa"))

    assert "Nothing was found." in words(analyse(ada))


def test_a_higher_floor_finds_who_comes_with_a_code(office: Any, ada: Any) -> None:
    office.person("bob@example.org")
    under(office, policy_body("Everybody", "mfa"))

    told = words(analyse(ada, floor=PHISHING_RESISTANT))

    assert "Nobody should reach an app with less than “Phishing-resistant MFA”." in told
    assert "gets in with only password and authenticator app (code)" in told


def test_gravest_first_and_report_only_policies_as_if_they_were_on(office: Any, ada: Any) -> None:
    office.person("bob@example.org")
    watched = policy_body("Newcomers", "mfa", state="enabledForReportingButNotEnforced")
    under(office, policy_body("Everybody", "mfa"), watched)

    now, enforced = words(analyse(ada)), words(analyse(ada, rules="enforced"))

    assert "Nothing was found." in now
    assert "the report-only ones as if they were on" in enforced
    assert "Untidy: it could be left out Newcomers, Everybody It changes nothing" in enforced


def test_an_analysis_is_of_the_session_that_began_it(office: Any, ada: Any) -> None:
    address = ada.submit(PAGE, PAGE, {"floor": MFA}).headers["location"]
    eve = office.signed_in(office.person("eve@example.org", roles=frozenset({Role.GLOBAL_READER})))

    assert "That analysis is not here any more" in words(eve.get(address))


def test_a_search_that_nobody_waits_for_ends_between_two_findings(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresee_search, "LEFT_AFTER", timedelta(0))
    services = office.services
    from keystead_server.policy.access.compiled import PolicySet
    from keystead_server.policy.strengths.model import MULTIFACTOR

    search = foresee_search.Search(services.analyse_access, services.clock, office.tenant.id, PolicySet(), MULTIFACTOR)

    assert list(search._while_waited_for(iter(["found"]))) == []
