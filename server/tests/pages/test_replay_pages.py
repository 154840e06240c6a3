"""A change against the sign-ins of the last days, on pages: asked for, worked at in slices, told by name."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_server.http import runs
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies

from .policy_forms import words

PAGE = "/example/admin/access/replay"
WATCHED = policy_body("Watched", "block", state="enabledForReportingButNotEnforced")


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def under(office: Any, *policies: dict[str, Any]) -> None:
    under_policies(office, *policies, break_glass=frozenset({office.ada.id}))


def begin(browser: Any, **fields: str) -> Any:
    return browser.submit(PAGE, PAGE, {"change": "enforce", "days": "7", **fields})


def replay(browser: Any, **fields: str) -> Any:
    """Begin, and go to the page that shows it."""
    begun = begin(browser, **fields)
    assert begun.status_code == 303, words(begun)
    return browser.get(begun.headers["location"])


def test_report_only_policies_are_thought_on_and_people_are_named(office: Any, ada: Any) -> None:
    office.signed_in(office.person("bob@example.org"))
    under(office, WATCHED)

    told = words(replay(ada))

    assert "All report-only policies are turned on:" in told
    assert "Newly kept out: sign-ins of 1 person 2" in told
    assert re.search(r"bob@example\.org 2 sign-ins, the latest .*, because of Watched\.", told)
    assert "Policy “Watched” was only reported and is enforced." in told
    assert "ada@example.org" not in told


def test_one_policy_is_turned_on_or_taken_away(office: Any, ada: Any) -> None:
    office.signed_in(office.person("bob@example.org"))
    under(office, WATCHED, policy_body("Off", "mfa", state="disabled"), policy_body("On", "mfa"))

    assert "“Watched” is turned on:" in words(replay(ada, change="on", policy="policy-0"))
    assert "Newly kept out: sign-ins of 0 people 0" in words(replay(ada, change="on", policy="policy-1"))
    assert "Policy “On” is removed." in words(replay(ada, change="without", policy="policy-2"))


def test_a_draft_is_added_to_what_is_in_force_or_stands_for_the_whole(office: Any, ada: Any) -> None:
    office.signed_in(office.person("bob@example.org"))
    under(office, policy_body("Kept", "mfa"))
    draft = json.dumps(policy_body("New", strength=PHISHING_RESISTANT, state="enabledForReportingButNotEnforced"))

    added = words(replay(ada, change="draft", draft=draft, enforced="yes"))
    whole = words(replay(ada, change="draft", draft=draft, whole="yes"))

    # Bob came with a pass before he had a passkey.
    assert "Newly asked for more: sign-ins of 1 person 1" in added
    assert "“Kept” is removed" not in added
    assert "“Kept” is removed" in whole
    assert "Newly asked for more: sign-ins of 0 people 0" in whole


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({}, "change", "No policy is report-only, so there is nothing to turn on."),
        ({"change": "on"}, "policy", "Choose the policy."),
        ({"change": "on", "policy": "policy-0"}, "policy", "“On” is on already."),
        ({"change": "draft"}, "draft", "Paste a policy, or several, in Graph's JSON."),
        ({"change": "draft", "draft": "{"}, "draft", "This is not JSON:"),
        ({"change": "draft", "draft": "[" * 9000}, "draft", "This is not JSON:"),
        ({"change": "draft", "draft": '{"displayName": "x"}'}, "draft", "it is no policy"),
        (
            {"change": "draft", "draft": json.dumps(policy_body("X", "mfa", users={"includeUsers": ["gone"]}))},
            "draft", "X: there is no user with the id 'gone' (conditions.users.includeUsers)",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_is_said_beside_its_field_and_nothing_typed_is_lost(
    office: Any, ada: Any, fields: dict[str, str], field: str, why: str
) -> None:
    under(office, policy_body("On", "mfa"))

    answer = begin(ada, **fields)

    assert answer.status_code == 422
    assert why in words(answer)
    assert f'id="{field}-error"' in answer.text
    if len(fields.get("draft", "")) in range(1, 100):
        assert fields["draft"].replace('"', "&#34;") in answer.text


def test_a_long_log_is_worked_at_in_slices_whenever_the_page_is_asked_for(
    office: Any, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "SLICES_A_REQUEST", 1)
    monkeypatch.setattr(runs, "ROWS_A_SLICE", 1)
    office.signed_in(office.person("bob@example.org"))
    under(office, WATCHED)
    address = begin(ada).headers["location"]

    pages = [ada.get(address) for _ in range(20)]

    working = [page for page in pages if "<progress" in page.text]
    assert len(working) > 5
    assert all('http-equiv="refresh"' in page.text for page in working)
    assert "<progress" not in pages[-1].text
    assert "Newly kept out: sign-ins of 1 person 2" in words(pages[-1])


def test_a_replay_is_of_the_session_that_began_it(office: Any, ada: Any) -> None:
    under(office, WATCHED)
    address = begin(ada).headers["location"]
    eve = office.signed_in(office.person("eve@example.org", roles=frozenset({Role.GLOBAL_READER})))

    assert "That replay is not here any more" in words(eve.get(address))
    assert "decided again" in words(ada.get(address))


def test_what_was_stopped_or_left_is_gone(office: Any, ada: Any) -> None:
    under(office, WATCHED)
    first = begin(ada).headers["location"]
    second = begin(ada).headers["location"]

    assert "not here any more" in words(ada.get(first))
    ada.submit(PAGE, f"{PAGE}/stop", {})
    assert "not here any more" in words(ada.get(second))


def test_there_are_never_more_at_once_than_memory_has_room_for(
    office: Any, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Class 12: what is costly is bounded for everybody together, not for each."""
    monkeypatch.setattr(runs, "MOST_RUNS", 1)
    under(office, WATCHED)
    other = office.signed_in(office.person("other@example.org", roles=frozenset({Role.GLOBAL_READER})))
    begin(other)

    assert "try again soon" in words(begin(ada))
    office.clock.advance(timedelta(seconds=31))
    # The other one has left the page.
    assert begin(ada).status_code == 303


def test_an_answer_that_somebody_looks_at_takes_no_place_of_one_who_asks(
    office: Any, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MOST_RUNS", 1)
    under(office, WATCHED)
    other = office.signed_in(office.person("other@example.org", roles=frozenset({Role.GLOBAL_READER})))
    address = begin(other).headers["location"]
    other.get(address)

    assert begin(ada).status_code == 303
    assert "decided again" in words(other.get(address))


def test_old_answers_are_forgotten_and_of_many_the_oldest(
    office: Any, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    under(office, WATCHED)
    first = begin(ada).headers["location"]
    ada.get(first)
    monkeypatch.setattr(runs, "MOST_ANSWERS", 0)
    begin(office.signed_in(office.person("other@example.org", roles=frozenset({Role.GLOBAL_READER}))))

    assert "not here any more" in words(ada.get(first))
