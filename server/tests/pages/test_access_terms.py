"""The pages where terms of use are written, and where one sees how many accepted them."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_server.policy.access.terms import Terms
from keystead_testkit.access_policies import policy_body, under_policies, with_terms
from keystead_testkit.loop import run

PAGE = "/example/admin/access/terms"
FIELDS = {"displayName": "House rules", "text": "Be kind.\r\nSecond line.", "goodForDays": ""}
RULES = Terms("t1", "House rules", "Be kind.\nSecond line.")


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def kept(office: Any) -> tuple[Terms, ...]:
    now = office.services.clock.now()
    return run(office.services.access_policies.now(office.tenant.id, now)).rules.terms


def save(browser: Any, terms: Terms, **changes: str) -> Any:
    page = f"{PAGE}/{terms.id}"
    return browser.submit(page, page, FIELDS | {"read": terms.digest} | changes)


def test_an_administrator_writes_terms_and_sees_them(office: Any, ada: Any) -> None:
    answer = ada.submit(PAGE, PAGE, FIELDS | {"goodForDays": "365"})

    (written,) = kept(office)
    assert (written.name, written.text, written.version) == ("House rules", "Be kind.\nSecond line.", 1)
    assert written.good_for == timedelta(days=365)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}/{written.id}?done=written")
    assert "Nobody is asked to accept them until a policy names them." in ada.get(answer.headers["location"]).text
    assert "Version 1, accepted by 0 people, each time for 365 days; asked for by no policy" in ada.get(PAGE).text
    assert office.audit()[0].detail["about"] == "terms House rules"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"displayName": ""}, "A name is one line of at most 100 characters."),
        ({"text": ""}, "A text has at most 50000 characters"),
        ({"text": "x" * 50_001}, "A text has at most 50000 characters."),
        ({"text": "a\x07b"}, "A text has no control characters."),
        ({"goodForDays": "0"}, "An acceptance is good for 1 to 3650 days."),
        ({"goodForDays": "soon"}, "This must be a number of days, or empty."),
        ({"goodForDays": "9" * 30}, "This must be a number of days, or empty."),
        ({"displayName": "Taken"}, "Other terms are called so already."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_what_was_typed_stays(
    office: Any, ada: Any, changes: dict[str, str], says: str
) -> None:
    with_terms(office, Terms("t2", "Taken", "Else."))

    answer = ada.submit(PAGE, PAGE, FIELDS | {"goodForDays": "77"} | changes)

    assert answer.status_code == 422
    assert says in answer.text
    assert 'value="77"' in answer.text or "goodForDays" in changes
    assert [one.id for one in kept(office)] == ["t2"]


def test_another_text_is_the_next_version_and_other_ends_of_lines_are_none(office: Any, ada: Any) -> None:
    with_terms(office, RULES)

    same = save(ada, RULES, displayName="Rules of the house")
    assert (same.status_code, kept(office)[0].name, kept(office)[0].version) == (303, "Rules of the house", 1)
    assert kept(office)[0].digest == RULES.digest

    save(ada, RULES, text="Be kinder.")
    assert (kept(office)[0].text, kept(office)[0].version) == ("Be kinder.", 2)


def test_01_a_form_of_an_older_text_overwrites_none(office: Any, ada: Any) -> None:
    with_terms(office, RULES.saved("Be kinder.", None))

    answer = save(ada, RULES, text="Be kind, always.")

    assert answer.status_code == 422
    assert "Somebody else changed the text; open the page again." in answer.text
    assert "Be kind, always." in answer.text
    assert kept(office)[0].text == "Be kinder."


def test_those_who_accepted_the_present_text_are_counted(office: Any, ada: Any) -> None:
    with_terms(office, RULES)
    people = [office.person(f"{name}@example.org") for name in ("bob", "grace")]
    bob, grace = map(office.signed_in, people)
    under_policies(office, policy_body("Terms", terms=["t1"], users={"includeUsers": [one.id for one in people]}))

    for browser, verdict in ((bob, "accept"), (grace, "decline")):
        decision = {"verdict": verdict, "read": f"t1:{RULES.digest}"}
        browser.submit("/example/terms", "/example/terms", decision)

    assert "Version 1, accepted by 1 person; asked for by 1 policy" in ada.get(PAGE).text
    with_terms(office, RULES.saved("Be kinder.", None))
    assert "Version 2, accepted by 0 people; asked for by 1 policy" in ada.get(PAGE).text


def test_terms_are_removed_unless_a_policy_names_them(office: Any) -> None:
    with_terms(office, RULES)
    bob = office.person("bob@example.org")
    under_policies(office, policy_body("For Bob", terms=["t1"], users={"includeUsers": [bob.id]}))
    ada = office.signed_in(office.ada)
    page = f"{PAGE}/t1"

    assert "Remove the terms" not in ada.get(page).text
    refused = ada.submit(page, f"{page}/remove", {})
    assert (refused.status_code, len(kept(office))) == (422, 1)
    assert "names it; change that first." in refused.text

    under_policies(office)
    removed = ada.submit(page, f"{page}/remove", {})
    assert (removed.headers["location"], kept(office)) == (f"{PAGE}?done=removed", ())


def test_a_text_is_shown_as_text(office: Any, ada: Any) -> None:
    with_terms(office, Terms("t1", "<i>Rules</i>", "</textarea><script>alert(1)</script>"))

    page = ada.get(f"{PAGE}/t1").text

    assert "&lt;/textarea&gt;&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "<i>Rules" not in ada.get(PAGE).text


def test_who_may_not_write_policies_reads_terms(office: Any) -> None:
    with_terms(office, RULES)
    reader = office.signed_in(office.person("reader@example.org", roles=frozenset({Role.GLOBAL_READER})))

    assert "Write terms" not in reader.get(PAGE).text
    page = reader.get(f"{PAGE}/t1").text
    assert "Be kind.<br>Second line." in page
    assert "<textarea" not in page


def test_terms_that_are_not_there_are_not_found(ada: Any) -> None:
    assert ada.get(f"{PAGE}/none").status_code == 404
