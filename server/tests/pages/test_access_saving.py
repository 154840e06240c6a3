"""Saving a Conditional Access policy: seen before, refused when it locks out, on trial until confirmed, taken back."""

from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_server.http.pages.admin import access_preview
from keystead_testkit.access_policies import policy_body, under_policies
from keystead_testkit.loop import run

from .access_desk import BASE, NEW, confirm, everybody, press, written
from .policy_forms import changed, draft, shown

BLOCK = {"effect": "block", "name": None, "state": None}
MFA = {"name": None, "state": None}


@pytest.fixture
def ada(office: Any) -> Any:
    office.change_methods(security_defaults=False)
    return office.signed_in(office.ada)


def policies(office: Any) -> list[tuple[str, str]]:
    now = run(office.services.access_policies.now(office.tenant.id, office.clock.now()))
    return [(one.name, one.state.value) for one in now.rules.set.policies]


def test_whom_a_policy_would_keep_out_is_said_by_name_before_it_is_saved(office: Any, ada: Any) -> None:
    bob = office.person("bob@example.org")
    office.signed_in(bob)
    fields = [("name", "No Bob"), ("state", "enabled"), ("include-users", "bob@example.org"), ("apps", "All")]

    preview = written(ada, *fields, **BLOCK, include_users=None)

    assert f'/admin/users/{bob.id}">bob@example.org</a>' in preview.text
    assert "Kept out" in preview.text
    assert "Save it all the same" in preview.text
    assert policies(office) == []


def test_a_report_only_policy_is_foreseen_as_if_it_were_on(office: Any, ada: Any) -> None:
    office.signed_in(office.person("bob@example.org"))

    preview = written(ada, *everybody(state="enabledForReportingButNotEnforced"), **BLOCK)

    assert "as if the policy were on" in preview.text
    assert "bob@example.org</a>" in preview.text


def test_a_policy_that_locks_its_author_out_is_refused_and_goes_through_on_trial(office: Any, ada: Any) -> None:
    preview = written(ada, *everybody("No way"), **BLOCK)
    assert preview.status_code == 422
    assert "Under this policy you could not administer any more." in preview.text
    assert 'value="save"' not in preview.text
    assert confirm(ada, preview).status_code == 422

    assert confirm(ada, preview, how="trial", minutes="5").status_code == 303
    assert policies(office) == [("No way", "enabled")]
    office.advance(minutes=6)

    assert policies(office) == []


def test_a_trial_is_kept_only_from_a_sign_in_that_is_newer(office: Any, ada: Any) -> None:
    preview = written(ada, *everybody("Strong"), ("controls", "mfa"), **MFA)
    assert confirm(ada, preview, how="trial", minutes="10").status_code == 303

    mine = ada.get(f"{BASE}/trial")
    assert "Sign in again" in mine.text
    assert "Keep it" not in mine.text
    refused = press(ada, f"{BASE}/trial", "trial/confirm")
    assert refused.status_code == 422
    assert "Sign in anew" in refused.text
    again = office.signed_in(office.ada)
    assert press(again, f"{BASE}/trial", "trial/confirm").status_code == 303
    office.advance(minutes=11)

    assert policies(office) == [("Strong", "enabled")]


def test_a_trial_can_be_taken_back_at_once(office: Any, ada: Any) -> None:
    confirm(ada, written(ada, *everybody("Strong"), ("controls", "mfa"), **MFA), how="trial", minutes="10")
    assert "on trial until" in ada.get(BASE).text

    assert press(ada, f"{BASE}/trial", "trial/take-back").status_code == 303

    assert policies(office) == []


@pytest.mark.parametrize("minutes", ["0", "1441", "soon", "99999999999999"])
def test_a_trial_has_an_end(office: Any, ada: Any, minutes: str) -> None:
    preview = written(ada, *everybody("Strong"), ("controls", "mfa"), **MFA)

    answer = confirm(ada, preview, how="trial", minutes=minutes)

    assert answer.status_code == 422
    assert "A trial takes 1 to 1440 minutes." in answer.text
    assert policies(office) == []


def test_the_list_switches_and_removes_with_the_same_look_before(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("Strong", "mfa"))

    assert confirm(ada, press(ada, BASE, "policies/policy-0/state", state="disabled")).status_code == 303
    assert policies(office) == [("Strong", "disabled")]
    assert confirm(ada, press(ada, BASE, "policies/policy-0/remove")).status_code == 303

    assert policies(office) == []


def test_of_two_who_edit_one_policy_the_second_is_told_and_loses_nothing(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("Strong", "mfa"))
    path = f"{BASE}/policies/policy-0"
    stale = changed(shown(ada.get(path)), description="Mine")
    confirm(ada, press(ada, BASE, "policies/policy-0/state", state="disabled"))

    answer = ada.submit(path, path, [*stale, ("action", "save")])

    assert answer.status_code == 422
    assert "Somebody else changed this policy while you edited" in answer.text
    token = office.form_token(answer)
    kept = ada.post_form(f"{BASE}/edit", {"draft": draft(answer), "over": "yes"}, token=token)
    assert ("description", "Mine") in [(name, value.strip()) for name, value in shown(kept)]


def test_every_version_is_kept_and_one_can_go_back(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("Strong", "mfa"))
    under_policies(office)

    history = ada.get(f"{BASE}/history")
    assert "Policy “Strong” is removed." in history.text
    preview = press(ada, f"{BASE}/history", "history/1/restore")
    assert "New policy “Strong”" in preview.text
    assert confirm(ada, preview).status_code == 303

    assert policies(office) == [("Strong", "enabled")]


def test_a_draft_is_of_its_own_session_alone(office: Any, ada: Any) -> None:
    preview = written(ada, *everybody("Strong"), ("controls", "mfa"), **MFA)
    other = office.signed_in(office.person("root@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR})))

    token = office.form_token(other.get(NEW))
    answer = other.post_form(f"{BASE}/confirm", {"draft": draft(preview), "how": "save"}, token=token)

    assert answer.status_code == 403
    assert policies(office) == []


def test_a_policy_cannot_be_on_beside_security_defaults(office: Any) -> None:
    ada = office.signed_in(office.ada)

    preview = written(ada, *everybody("Strong"), ("controls", "mfa"), **MFA)

    assert "Security defaults are on: switch them off before a policy is enabled" in preview.text
    assert 'name="how"' not in preview.text


def test_what_a_policy_did_in_the_last_day_stands_in_the_list(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("Strong", "mfa"))
    office.signed_in(office.person("bob@example.org"))

    assert "In the last day it let in" in ada.get(BASE).text


def test_security_defaults_do_not_come_on_beside_policies_that_are(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("Strong", "mfa"))
    page = "/example/admin/methods-policy"

    answer = ada.submit(page, page, [*changed(shown(ada.get(page)), security_defaults="yes"), ("action", "save")])

    assert answer.status_code == 422
    assert "Policies of Conditional Access are on: switch them off" in answer.text
    assert not office.methods().security_defaults


def test_security_defaults_wait_for_what_a_trial_would_bring_back(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("Strong", "mfa"))
    confirm(ada, press(ada, BASE, "policies/policy-0/state", state="disabled"), how="trial", minutes="5")
    page = "/example/admin/methods-policy"

    answer = ada.submit(page, page, [*changed(shown(ada.get(page)), security_defaults="yes"), ("action", "save")])

    assert answer.status_code == 422


def test_of_many_sign_ins_the_newest_are_looked_at_and_the_page_says_since_when(
    office: Any, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.signed_in(office.person("bob@example.org"))
    asked = [*everybody(state="enabledForReportingButNotEnforced"), ("controls", "mfa")]
    assert "of the last 7 days were decided again" in written(ada, *asked, **MFA).text

    monkeypatch.setattr(access_preview, "MAX_REPLAYED", 1)

    assert "The 1 sign-in since" in written(ada, *asked, **MFA).text
