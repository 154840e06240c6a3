"""Foreseeing, going back, asking, and the quarantine: the passkey policy's other pages."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from keystead_server.domain.passkey import PasskeyType
from keystead_server.domain.user import Role
from keystead_server.http.pages.admin import policy_history, policy_preview, quarantine

from .policy_forms import PAGE, changed, draft, save, shown, words

CONFIRM, TURN, EDIT = f"{PAGE}/confirm", f"{PAGE}/preview", f"{PAGE}/edit"


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def with_synced(office: Any, *usernames: str) -> None:
    for username in usernames:
        office.add_passkey(office.sign_in_with_pass(office.person(username)), username, backup_eligible=True)


def bound_only(ada: Any) -> Any:
    """What is answered to saving a policy of device-bound passkeys only."""
    return save(ada, changed(shown(ada.get(PAGE)), profile_0_types=["deviceBound"]))


# -- before it is saved ----------------------------------------------------------------------------


def test_a_change_that_refuses_somebody_is_shown_before_it_is_saved(office: Any, ada: Any) -> None:
    with_synced(office, "bob@example.org")
    before = office.policy()

    page = bound_only(ada)

    assert page.status_code == 200
    told = words(page)
    assert "Default passkey profile: types device-bound, before device-bound and synced." in told
    assert "bob@example.org" in told
    assert "Refused because synced passkeys are not allowed." in told
    assert "No passkey left" in told
    assert office.policy() == before


def test_what_is_confirmed_is_what_was_shown(office: Any, ada: Any) -> None:
    with_synced(office, "bob@example.org")
    page = bound_only(ada)

    answer = ada.post_form(CONFIRM, {"draft": draft(page)}, token=office.form_token(page))

    assert answer.headers["location"] == f"{PAGE}?done=saved"
    assert office.policy().profiles[0].passkey_types == {PasskeyType.DEVICE_BOUND}
    assert office.sign_in("bob@example.org").json()["code"] == "passkey_type_not_allowed"


def test_what_was_shown_is_not_saved_over_what_somebody_else_saved(office: Any, ada: Any) -> None:
    with_synced(office, "bob@example.org")
    page = bound_only(ada)
    office.change_policy(self_service=False)
    after = office.policy()

    answer = ada.post_form(CONFIRM, {"draft": draft(page)}, token=office.form_token(page))

    assert answer.status_code == 422
    assert "Somebody else changed the policy" in answer.text
    assert office.policy() == after


def test_a_draft_that_would_lock_the_administrators_out_by_now_is_not_saved(office: Any, ada: Any) -> None:
    with_synced(office, "bob@example.org")
    page = bound_only(ada)
    office.forget_passkeys(office.ada)
    office.add_passkey(office.sign_in_with_pass(office.ada), "ada@example.org", backup_eligible=True)

    answer = ada.post_form(CONFIRM, {"draft": draft(page)}, token=office.form_token(page))

    assert answer.status_code == 422
    assert "no administrator could sign in" in answer.text
    assert "Save, and refuse" not in answer.text


@pytest.mark.parametrize("address", [CONFIRM, TURN])
def test_a_draft_is_good_in_its_own_session_unchanged_and_for_half_an_hour(office: Any, ada: Any, address: str) -> None:
    with_synced(office, "bob@example.org")
    other = office.signed_in(office.person("other@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR})))
    page = bound_only(ada)
    sealed = draft(page)
    altered = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]

    refused = [
        other.post_form(address, {"draft": sealed}, token=office.form_token(other.get(PAGE))),
        ada.post_form(address, {"draft": altered}, token=office.form_token(page)),
        ada.post_form(address, {}, token=office.form_token(page)),
    ]
    office.clock.advance(timedelta(minutes=31))
    refused.append(ada.post_form(address, {"draft": sealed}, token=office.form_token(page)))

    assert ["This form is too old" in answer.text for answer in refused] == [True] * 4
    assert PasskeyType.SYNCED in office.policy().profiles[0].passkey_types


def test_the_editor_is_as_it_was_when_one_goes_back_to_it(office: Any, ada: Any) -> None:
    with_synced(office, "bob@example.org")
    fields = changed(shown(ada.get(PAGE)), profile_0_types=["deviceBound"], profile_0_users="bob@example.org")
    page = save(ada, fields)

    editor = ada.post_form(EDIT, {"draft": draft(page)}, token=office.form_token(page))

    assert "Not saved yet." in editor.text
    assert sorted(shown(editor)) == sorted(fields)
    stale = ada.post_form(EDIT, {"draft": "x"}, token=office.form_token(page))
    assert stale.headers["location"] == PAGE


def test_a_long_list_of_those_affected_is_turned_page_by_page(
    office: Any, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_preview, "PAGE_SIZE", 2)
    with_synced(office, *(f"p{n}@example.org" for n in range(5)))
    page = bound_only(ada)

    pages = [page] + [
        ada.post_form(TURN, {"draft": draft(page), "first": first}, token=office.form_token(page))
        for first in ("2", "4", "6", "-1", "²")
    ]

    found = [re.findall(r">(p\d)@example\.org</a>", each.text) for each in pages]
    assert found == [["p0", "p1"], ["p2", "p3"], ["p4"], ["p0", "p1"], ["p0", "p1"], ["p0", "p1"]]
    assert "1 to 2 of 5" in words(page)
    assert [">Next<" in each.text for each in pages[:3]] == [True, True, False]


def test_a_change_that_refuses_nobody_is_saved_at_once(office: Any, ada: Any) -> None:
    assert bound_only(ada).headers["location"] == f"{PAGE}?done=saved"


def test_a_reader_sees_the_editor_and_no_way_to_change_it(office: Any) -> None:
    reader = office.signed_in(office.person("reader@example.org", roles=frozenset({Role.GLOBAL_READER})))
    office.allow_only_device_bound()

    assert "Save the policy" not in reader.get(PAGE).text
    assert "Go back to this version" not in reader.get(f"{PAGE}/history").text


# -- history ---------------------------------------------------------------------------------------


def test_history_tells_what_each_version_changed_and_by_whom(office: Any, ada: Any) -> None:
    bound_only(ada)
    office.change_policy(self_service=False)

    told = words(ada.get(f"{PAGE}/history"))

    assert "Version 2 In force" in told
    assert "by the operator at the command line People may not add passkeys by themselves." in told
    assert "by ada@example.org Default passkey profile: types device-bound, before device-bound and synced." in told
    assert "Version 0 What every organisation begins with" in told


def test_going_back_shows_whom_it_touches_and_saves_a_new_version(office: Any, ada: Any) -> None:
    office.allow_only_device_bound()
    first = office.policy()
    office.change_policy(profiles=tuple(office.policy().profiles), self_service=False)
    back = f"{PAGE}/history/1/restore"

    page = ada.submit(f"{PAGE}/history", back, {})
    answer = ada.post_form(CONFIRM, {"draft": draft(page)}, token=office.form_token(page))

    assert "Before you go back to version 1" in page.text
    assert "People may add passkeys by themselves." in words(page)
    assert answer.status_code == 303
    assert office.policy() == first
    assert "Version 3 In force" in words(ada.get(f"{PAGE}/history"))
    assert "Restores" in ada.get("/example/admin/audit").text


def test_what_a_version_named_and_is_gone_is_said_to_be_left_out(office: Any, ada: Any) -> None:
    bob = office.person("bob@example.org")
    save(ada, changed(shown(ada.get(PAGE)), exclude_users="bob@example.org"))
    office.change_policy(self_service=False)
    ada.submit(f"/example/admin/users/{bob.id}", f"/example/admin/users/{bob.id}/remove", {})

    page = ada.submit(f"{PAGE}/history", f"{PAGE}/history/1/restore", {})

    assert "1 group or person that this version named" in words(page)


@pytest.mark.parametrize("version", ["9", "x", "-1", "²", "99999999999"])
def test_a_version_that_never_was_is_not_found(ada: Any, office: Any, version: str) -> None:
    token = office.form_token(ada.get(PAGE))

    assert ada.post_form(f"{PAGE}/history/{version}/restore", {}, token=token).status_code == 404


def test_history_is_paged(office: Any, ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_history, "SHOWN", 2)
    for number in range(3):
        office.change_policy(self_service=number % 2 == 1)

    newest, older = ada.get(f"{PAGE}/history"), ada.get(f"{PAGE}/history?before=2")

    assert re.findall(r"Version \d", words(newest)) == ["Version 3", "Version 2"]
    assert f'href="{PAGE}/history?before=2"' in newest.text
    assert re.findall(r"Version \d", words(older)) == ["Version 1", "Version 0"]
    assert "People may not add passkeys by themselves." in words(older)
    assert words(ada.get(f"{PAGE}/history?before=²")) == words(newest)


# -- asking ----------------------------------------------------------------------------------------


def test_a_supposed_passkey_is_judged_profile_by_profile(office: Any, ada: Any) -> None:
    office.allow_only_device_bound()

    refused = words(ada.get(f"{PAGE}/try?user=ADA@example.org&type=synced"))
    accepted = words(ada.get(f"{PAGE}/try?user=ada@example.org&type=deviceBound&operation=register"))

    assert "This person may not sign in with this passkey: synced passkeys are not allowed." in refused
    assert "Use a device-bound passkey." in refused
    assert "You: Allow synced passkeys in the profile." in refused
    assert "passkey_type_not_allowed" in refused
    assert "This person may add this passkey: Default passkey profile accepts it." in accepted


def test_a_passkey_that_is_there_is_asked_about_from_its_owners_page(office: Any, ada: Any) -> None:
    with_synced(office, "bob@example.org")
    bound_only_now = office.allow_only_device_bound
    bound_only_now()
    bob = next(p for p in office.store._tables.users.values() if p.username == "bob@example.org")
    account = ada.get(f"/example/admin/users/{bob.id}")

    link = re.search(r'href="([^"]*/passkey-policy/try\?[^"]*)"', account.text)
    assert link
    page = ada.get(unescape(link[1]))

    assert "None of their passkeys can sign in." in words(account)
    assert "synced passkeys are not allowed" in words(page)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("user=nobody", "There is nobody with this username."),
        ("user=ada@example.org&aaguid=x", "An AAGUID looks like"),
        ("user=ada@example.org&algorithm=7", "An AAGUID looks like"),
    ],
)
def test_what_cannot_be_asked_is_said(ada: Any, query: str, complaint: str) -> None:
    answer = ada.get(f"{PAGE}/try?{query}")

    assert answer.status_code == 422
    assert complaint in answer.text


@pytest.mark.parametrize("query", ["", "?user=", "?user=ada@example.org&type=x&proof=x&operation=x&passkey=x"])
def test_what_is_left_out_or_odd_is_answered_all_the_same(ada: Any, query: str) -> None:
    assert ada.get(f"{PAGE}/try{query}").status_code == 200


def test_where_no_profile_is_asked_the_page_says_what_would_change_it(office: Any, ada: Any) -> None:
    other = office.person("other@example.org")
    save(ada, changed(shown(ada.get(PAGE)), exclude_users=other.username))

    told = words(ada.get(f"{PAGE}/try?user={other.username}"))

    assert "the policy excludes other@example.org." in told
    assert "What would change it: Take the account out of what the policy excludes" in told
    assert "Not asked, because exclusion comes first." in told


# -- quarantine ------------------------------------------------------------------------------------


def test_quarantined_passkeys_are_listed_with_their_reason_until_the_policy_changes_back(office: Any, ada: Any) -> None:
    with_synced(office, "bob@example.org")
    before = words(ada.get(f"{PAGE}/quarantine"))
    policy = office.policy()

    office.allow_only_device_bound()
    during = words(ada.get(f"{PAGE}/quarantine"))
    office.change_policy(profiles=policy.profiles)

    assert "bob@example.org" not in before
    assert "bob@example.org Synced passkey Synced passkeys are not allowed." in during
    assert "No passkey left" in during
    assert "ada@example.org" not in during
    assert words(ada.get(f"{PAGE}/quarantine")) == before
    assert office.sign_in("bob@example.org").status_code == 200


def test_the_quarantine_is_turned_page_by_page(office: Any, ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "PAGE_SIZE", 2)
    with_synced(office, *(f"p{n}@example.org" for n in range(3)))
    office.allow_only_device_bound()

    first = ada.get(f"{PAGE}/quarantine")
    more = re.search(r'quarantine(\?after=[^"]+)"', first.text)
    assert more
    second = ada.get(f"{PAGE}/quarantine{more[1]}")

    assert [re.findall(r">(p\d)@", page.text) for page in (first, second)] == [["p0", "p1"], ["p2"]]
    assert "Next page" not in second.text
