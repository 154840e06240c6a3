"""The Authentication methods policy's pages: what is shown is in force, and whom a change touches is said before."""

from dataclasses import replace
from typing import Any

import pytest
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import Role
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration
from keystead_server.policy.people import group, role, user

from .policy_forms import changed, draft, shown

PAGE = "/example/admin/methods-policy"
PASS = "TemporaryAccessPass"


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def save(browser: Any, fields: list[tuple[str, str]]) -> Any:
    return browser.submit(PAGE, PAGE, [*fields, ("action", "save")])


def confirm(browser: Any, preview: Any) -> Any:
    token = preview.text.partition('name="form_token" value="')[2].partition('"')[0]
    return browser.post_form(f"{PAGE}/confirm", {"draft": draft(preview)}, token=token)


def test_saving_what_is_shown_changes_nothing(office: Any, ada: Any) -> None:
    staff = office.add_group("Staff")
    totp = MethodConfiguration(
        Method.SOFTWARE_OATH,
        self_service=False,
        include=frozenset({group(staff.id), user(office.ada.id), role(Role.GLOBAL_READER)}),
        exclude=frozenset({role(Role.GLOBAL_ADMINISTRATOR)}),
    )
    office.change_methods(configurations=FIRST_METHODS.having(totp).configurations)
    before = office.methods()

    answer = save(ada, shown(ada.get(PAGE)))

    assert answer.status_code == 303, answer.text
    assert office.methods() == before


def test_everything_can_be_changed(office: Any, ada: Any) -> None:
    fields = changed(
        shown(ada.get(PAGE)), retire_weaker="yes", pass_default="120", pass_minimum="30", pass_maximum="480",
        pass_length="16", pass_once="yes", campaign_enabled="yes", campaign_snooze="7", campaign_snoozes="2",
        campaign_more=None, preferred="enabled", RecoveryCode_more=None, SoftwareOath_include_users="ada@example.org",
    )  # fmt: skip

    answer = save(ada, fields)

    assert answer.status_code == 303, answer.text
    now = office.methods()
    assert now.retire_weaker_on_passkey
    assert (now.passes.length, now.passes.one_time, now.passes.maximum_lifetime.total_seconds()) == (16, True, 28800)
    assert (now.campaign.enabled, now.campaign.snooze.days, now.campaign.allowed_snoozes) == (True, 7, 2)
    assert not now.campaign.enforced
    assert now.preferred.state == "enabled"
    assert not now.of(Method.RECOVERY_CODE).self_service
    assert user(office.ada.id) in now.of(Method.SOFTWARE_OATH).include


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pass_length": "7"}, "whole number from 8 to 48"),
        ({"pass_length": "many"}, "whole number from 8 to 48"),
        ({"pass_minimum": "90"}, "lies between"),
        ({"campaign_snooze": "15"}, "from 0 to 14"),
        ({"campaign_exclude_users": "nobody"}, "There is nobody with the username “nobody”"),
        ({"passwords_forbidden": "yes", "Password_enabled": "yes"}, "forbidden and switched on at once"),
        ({"campaign_include_groups": "gone"}, "no group with the id"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    office: Any, ada: Any, change: dict[str, str], says: str
) -> None:
    answer = save(ada, changed(shown(ada.get(PAGE)), **change, SoftwareOath_include_users="ada@example.org"))

    assert answer.status_code == 422
    assert says in answer.text.replace("&#39;", "'")
    assert "\nada@example.org</textarea>" in answer.text
    assert office.methods() == FIRST_METHODS


def test_a_change_that_takes_a_method_away_is_shown_by_name_and_number_before_it_is_saved(
    office: Any, ada: Any
) -> None:
    office.issue_pass(office.person("grace@example.org"))
    office.person("without-a-pass@example.org")
    both = "grace@example.org without-a-pass@example.org"

    preview = save(ada, changed(shown(ada.get(PAGE)), **{f"{PASS}_exclude_users": both}))

    assert preview.status_code == 200
    assert "grace@example.org</a>" in preview.text
    # Who has none loses none.
    assert "without-a-pass@example.org</a>" not in preview.text
    assert "Loses: Temporary Access Pass" in preview.text
    assert office.methods() == FIRST_METHODS
    assert confirm(ada, preview).status_code == 303
    assert office.methods() != FIRST_METHODS


def test_a_method_that_nobody_has_is_switched_off_without_a_word(office: Any, ada: Any) -> None:
    office.person("grace@example.org")

    answer = save(ada, changed(shown(ada.get(PAGE)), SoftwareOath_enabled=None))

    assert answer.status_code == 303


def test_whom_security_defaults_would_strand_is_said_by_name_and_number(office: Any, ada: Any) -> None:
    grace = office.person("grace@example.org")
    office.change_methods(security_defaults=False)
    office.change_policy(exclude=frozenset({user(grace.id)}))

    preview = save(ada, changed(shown(ada.get(PAGE)), security_defaults="yes"))

    assert "lets these people add none: 1 (grace@example.org)" in preview.text
    office.change_policy(exclude=frozenset())
    assert "lets these people add none" not in save(ada, changed(shown(ada.get(PAGE)), security_defaults="yes")).text


def test_switching_security_defaults_on_says_who_must_register(office: Any, ada: Any) -> None:
    office.person("grace@example.org")
    office.change_methods(security_defaults=False)

    preview = save(ada, changed(shown(ada.get(PAGE)), security_defaults="yes"))

    assert "Must register a passkey first" in preview.text
    assert "grace@example.org" in preview.text
    assert "ada@example.org</a>" not in preview.text


def test_a_change_that_would_lock_every_administrator_out_is_refused(office: Any) -> None:
    office.issue_pass(office.ada)
    root = office.person("root@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    browser = office.signed_in(root)
    office.forget_passkeys(root)
    fields = changed(shown(browser.get(PAGE)), **{f"{PASS}_enabled": None})

    answer = save(browser, fields)

    assert answer.status_code == 422
    assert "no administrator could sign in" in answer.text
    assert office.methods() == FIRST_METHODS


def test_of_two_who_edit_at_once_the_second_is_told(office: Any, ada: Any) -> None:
    fields = shown(ada.get(PAGE))
    office.change_methods(security_defaults=False)

    answer = save(ada, fields)

    assert answer.status_code == 422
    assert "Somebody else changed the policy" in answer.text


def test_a_draft_is_its_own_policy_s_and_session_s_alone(office: Any, ada: Any) -> None:
    office.issue_pass(office.person("grace@example.org"))
    preview = save(ada, changed(shown(ada.get(PAGE)), **{f"{PASS}_enabled": None}))
    other = office.signed_in(office.person("root@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR})))
    token = office.form_token(other.get(PAGE))

    assert other.post_form(f"{PAGE}/confirm", {"draft": draft(preview)}, token=token).status_code == 403
    mine = office.form_token(ada.get(PAGE))
    swapped = ada.post_form("/example/admin/passkey-policy/confirm", {"draft": draft(preview)}, token=mine)
    assert swapped.status_code == 403
    assert office.methods() == FIRST_METHODS


def test_every_version_is_kept_and_one_can_go_back(office: Any, ada: Any) -> None:
    office.change_methods(security_defaults=False)

    history = ada.get(f"{PAGE}/history")
    assert "Security defaults are switched off." in history.text
    token = office.form_token(history)
    preview = ada.post_form(f"{PAGE}/history/0/restore", {}, token=token)
    assert "Security defaults are switched on." in preview.text
    assert confirm(ada, preview).status_code == 303

    assert office.methods() == FIRST_METHODS
    assert "Version 2" in ada.get(f"{PAGE}/history").text


def test_traps_are_said_on_the_preview(office: Any, ada: Any) -> None:
    office.person("grace@example.org")

    preview = save(ada, changed(shown(ada.get(PAGE)), **{f"{PASS}_enabled": None}))

    assert "nobody can get a first passkey" in preview.text


def test_the_page_for_a_pass_offers_what_the_policy_allows(office: Any, ada: Any) -> None:
    grace = office.person("grace@example.org")
    passes = replace(FIRST_METHODS.passes, maximum_lifetime=FIRST_METHODS.passes.default_lifetime * 2, one_time=True)
    excluded = replace(FIRST_METHODS.of(Method.TEMPORARY_ACCESS_PASS), exclude=frozenset({user(grace.id)}))  # type: ignore[type-var]
    office.change_methods(passes=passes, configurations=FIRST_METHODS.having(excluded).configurations)  # type: ignore[arg-type]
    address = f"/example/admin/users/{grace.id}"

    page = ada.get(address)
    issued = ada.submit(address, f"{address}/pass", {"lifetime": "120"})

    assert "2 hours" in page.text
    assert "8 hours" not in page.text
    assert "It works once" in page.text
    assert "It is of no use now" in issued.text
    assert ada.submit(address, f"{address}/pass", {"lifetime": "480"}).status_code == 422
