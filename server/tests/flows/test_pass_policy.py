"""Temporary Access Passes under the Authentication methods policy: who may use one, and what it may be."""

from dataclasses import replace
from datetime import timedelta

import pytest
from keystead_server.domain.access_pass import DEFAULT_LENGTH
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method
from keystead_server.flows.register_passkey import NotOffered, Registered
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration, MethodsPolicy, PassSettings
from keystead_server.policy.people import group, user
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of


def passes(**settings: object) -> MethodsPolicy:
    configuration = MethodConfiguration(Method.TEMPORARY_ACCESS_PASS, **settings)  # type: ignore[arg-type]
    return FIRST_METHODS.having(configuration)


def test_a_pass_is_of_no_use_to_whom_the_policy_does_not_include_and_its_issuer_is_told(office: Office) -> None:
    office.save_methods(passes(include=frozenset({user(office.administrator.id)})))

    issued = office.issue_pass()

    assert issued.unusable is not None
    assert issued.unusable.code == "method_not_meant"
    assert reason_of(office.sign_in_with_pass(issued.code)) == "method_not_meant"
    assert office.issue_pass(office.administrator).unusable is None


def test_the_policy_is_asked_at_every_sign_in(office: Office) -> None:
    issued = office.issue_pass()
    assert issued.unusable is None

    office.save_methods(passes(enabled=False))
    assert reason_of(office.sign_in_with_pass(issued.code)) == "method_disabled"
    office.save_methods(passes(exclude=frozenset({user(office.ada.id)})))
    assert reason_of(office.sign_in_with_pass(issued.code)) == "method_excluded"
    office.save_methods(FIRST_METHODS)
    assert reason_of(office.sign_in_with_pass(issued.code)) == "granted"


def test_a_group_that_is_excluded_excludes_its_members(office: Office) -> None:
    from keystead_server.domain.actor import OPERATOR

    staff = run(office.services.manage_group.create(office.tenant.id, name="Staff", by=OPERATOR))
    office.save_methods(passes(exclude=frozenset({group(staff.id)})))
    code = office.issue_pass().code

    assert reason_of(office.sign_in_with_pass(code)) == "granted"
    run(office.services.manage_group.add_member(staff, office.ada, by=OPERATOR))
    assert reason_of(office.sign_in_with_pass(code)) == "method_excluded"


def test_what_the_policy_says_is_kept_from_who_does_not_hold_the_pass(office: Office) -> None:
    office.save_methods(passes(enabled=False))
    office.issue_pass()

    assert reason_of(office.sign_in_with_pass("BBBBBBBBBBBB")) == "pass_wrong"


def test_what_the_issuer_does_not_say_is_as_the_policy_has_it(office: Office) -> None:
    issued = office.issue_pass()
    assert issued.access_pass.expires_at - issued.access_pass.starts_at == timedelta(hours=1)
    assert len(issued.code) == DEFAULT_LENGTH

    settings = PassSettings(timedelta(hours=2), timedelta(hours=1), timedelta(hours=3), 20, one_time=True)
    office.save_methods(replace(FIRST_METHODS, passes=settings))
    issued = office.issue_pass()

    assert issued.access_pass.expires_at - issued.access_pass.starts_at == timedelta(hours=2)
    assert len(issued.code) == 20
    assert issued.access_pass.usable_once


@pytest.mark.parametrize("minutes", [59, 181])
def test_a_lifetime_outside_the_policy_s_is_refused(office: Office, minutes: int) -> None:
    settings = PassSettings(timedelta(hours=2), timedelta(hours=1), timedelta(hours=3))
    office.save_methods(replace(FIRST_METHODS, passes=settings))

    with pytest.raises(Invalid) as refused:
        office.issue_pass(lifetime=timedelta(minutes=minutes))

    assert refused.value.code == "lifetime_out_of_range"
    assert "60 to 180" in refused.value.message


def test_whoever_signed_in_with_a_pass_has_ten_minutes_to_register(office: Office) -> None:
    owner, passkey = office.session_by_pass(office.ada), office.new_passkey()
    office.advance(minutes=9)
    offer = office.begin_registration(owner)
    assert not isinstance(offer, NotOffered)

    office.advance(seconds=50)
    assert isinstance(office.finish_registration(passkey.register_with(offer.options), owner), Registered)

    office.advance(seconds=15)
    assert reason_of(office.begin_registration(owner)) == "sign_in_not_fresh"


def test_a_challenge_does_not_stretch_the_ten_minutes(office: Office) -> None:
    owner = office.session_by_pass(office.ada)
    office.advance(minutes=9)
    offer = office.begin_registration(owner)
    assert not isinstance(offer, NotOffered)

    office.advance(minutes=2)

    answer = office.new_passkey().register_with(offer.options)
    assert reason_of(office.finish_registration(answer, owner)) == "sign_in_not_fresh"
    assert office.log[-1] == "sign_in_not_fresh"


def test_a_first_passkey_retires_the_pass_where_the_policy_says_so(office: Office) -> None:
    office.save_methods(replace(FIRST_METHODS, retire_weaker_on_passkey=True))
    code = office.issue_pass().code
    granted = office.sign_in_with_pass(code)

    office.register(owner=office.owner(granted.session))  # type: ignore[union-attr]

    assert run(office.store.passes.of_user(office.tenant.id, office.ada.id)) is None
    assert "pass.retired" in office.audit
    assert reason_of(office.sign_in_with_pass(code)) == "no_pass"


def test_elsewhere_the_pass_stays(office: Office) -> None:
    office.register(owner=office.session_by_pass(office.ada))

    assert run(office.store.passes.of_user(office.tenant.id, office.ada.id)) is not None
