"""What each policy made of the sign-ins that were, and report-only ones would have: counted, and by name."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_server.http import runs
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies

from .policy_forms import words

PAGE = "/example/admin/access/impact"
WATCHED = policy_body("Watched", "block", state="enabledForReportingButNotEnforced")


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


@pytest.fixture
def bob(office: Any) -> Any:
    person = office.person("bob@example.org")
    office.signed_in(person)
    return person


def under(office: Any, *policies: dict[str, Any]) -> None:
    under_policies(office, *policies, break_glass=frozenset({office.ada.id}))


def test_what_was_and_what_would_have_been_are_counted_for_each_policy(office: Any, ada: Any, bob: Any) -> None:
    under(
        office,
        policy_body("Resistant", strength=PHISHING_RESISTANT),
        WATCHED,
        policy_body("Off", "mfa", state="disabled"),
    )
    office.sign_in("bob@example.org")
    office.sign_in("bob@example.org")

    told = words(ada.get(PAGE))

    # Before the policies held there were four sign-ins: of each a pass and a passkey.
    assert "6 sign-ins from" in told
    assert "Resistant On 0 0 2 4" in told
    assert "Watched Report-only 2 0 0 4" in told
    assert "Off" not in told.partition("Not applied")[2]


def test_a_policy_is_looked_at_closely_with_the_people_it_met(office: Any, ada: Any, bob: Any) -> None:
    under(office, WATCHED)
    office.sign_in("bob@example.org")

    told = words(ada.get(f"{PAGE}?hours=168&policy=policy-0"))

    assert "Impact: Watched" in told
    assert "Would keep out 1 Would ask for more 0 Would be met 0 Not applied 4" in told
    assert "Would keep out bob@example.org 1 sign-in" in told
    assert "Replay it as if it were on" in told


def test_what_somebody_was_asked_for_is_not_counted_as_kept_out(office: Any, ada: Any, bob: Any) -> None:
    under(office, policy_body("Resistant", strength=PHISHING_RESISTANT))
    page = "/example/sign-in/pass"
    browser = office.browser()
    browser.submit(page, page, {"user": bob.username, "pass": office.issue_pass(bob)})

    assert "Resistant On 0 1 0" in words(ada.get(PAGE))


def test_a_span_ends_where_it_ends_and_a_policy_that_is_gone_is_named_as_it_was(
    office: Any, ada: Any, bob: Any
) -> None:
    under(office, policy_body("Short-lived", "mfa"))
    office.sign_in("bob@example.org")
    under(office)
    office.clock.advance(timedelta(days=3))
    ada = office.signed_in(office.ada)

    assert "Short-lived" not in words(ada.get(f"{PAGE}?hours=24"))
    assert "Short-lived Gone 0 0 1" in words(ada.get(f"{PAGE}?hours=168"))
    assert "Short-lived Gone 0 0 1" in words(ada.get(f"{PAGE}?hours=720"))


def test_a_long_log_is_counted_in_slices_behind_a_bar(
    office: Any, ada: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "SLICES_A_REQUEST", 1)
    monkeypatch.setattr(runs, "ROWS_A_SLICE", 1)
    under(office, WATCHED)
    office.sign_in("bob@example.org")

    address = ada.get(PAGE).headers["location"]
    pages = [ada.get(address) for _ in range(12)]

    assert "<progress" in pages[0].text
    assert "Watched Report-only 1 0 0" in words(pages[-1])


def test_what_nobody_could_mean_by_an_address_is_answered_all_the_same(office: Any, ada: Any) -> None:
    assert "No policy is on or report-only" in words(ada.get(f"{PAGE}?hours=-1"))
    assert "There is no such policy" in words(ada.get(f"{PAGE}?policy=none%00"))
