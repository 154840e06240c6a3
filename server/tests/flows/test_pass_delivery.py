"""A pass that its issuer never sees: a link by mail, for one person, one organisation, one sign-in."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from keystead_core.wire import b64url_encode
from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion
from keystead_server.domain.sign_in import Method
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Role, User
from keystead_server.flows.pass_links import seal_link
from keystead_server.flows.sign_in_with_pass import Outcome, SignedInWithPass
from keystead_server.policy.methods.model import FIRST_METHODS, PassSettings
from keystead_server.policy.people import user
from keystead_server.storage.opening import open_store
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of

from server.tests.flows.test_letters import MAIL
from server.tests.flows.test_pass_policy import passes


@pytest.fixture
def posting() -> Office:
    office = Office(**MAIL)
    office.ada = office.with_mail(office.ada)
    return office


def deliver(office: Office, user: User | None = None, by: Actor = OPERATOR, **how: timedelta) -> TemporaryAccessPass:
    office.advance(seconds=1)
    return run(office.services.issue_pass.deliver(user or office.ada, by=by, **how)).access_pass


def link_of(office: Office) -> str:
    """What stands in the last letter."""
    return office.letters[-1][1]["link"]


def follow(office: Office, link: str, tenant: Tenant | None = None) -> Outcome:
    office.advance(seconds=1)
    return run(office.services.sign_in_with_pass.by_link(tenant or office.tenant, office.visitor(), link))


def test_the_link_signs_its_reader_in_once(posting: Office) -> None:
    access_pass = deliver(posting)
    link = link_of(posting)

    outcome = follow(posting, link)

    assert isinstance(outcome, SignedInWithPass)
    assert (outcome.user, outcome.session.methods) == (posting.ada, (Method.TEMPORARY_ACCESS_PASS,))
    assert outcome.session.expires_at == access_pass.expires_at
    assert reason_of(follow(posting, link)) == "pass_already_used"
    assert posting.log == ["granted", "pass_already_used"]


def test_the_letter_goes_to_the_address_of_the_pass_and_is_over_with_it(posting: Office) -> None:
    access_pass = deliver(posting, lifetime=timedelta(minutes=30))

    ((letter, _),) = posting.letters
    assert (letter.occasion, letter.address) == (Occasion.PASS_DELIVERED, "ada@contoso.example")
    assert access_pass.delivered_to == "ada@contoso.example"
    assert letter.expires_at == access_pass.expires_at


def test_whoever_issues_it_gets_nothing_to_sign_in_with(posting: Office) -> None:
    by = Actor(posting.add_person("helpdesk@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR))

    access_pass = deliver(posting, by=by)

    event = run(posting.store.logs.audit(posting.tenant.id, limit=1))[0]
    assert (event.name, event.detail["delivered_to"]) == ("pass.issued", "ada@contoso.example")
    assert link_of(posting) not in f"{access_pass} {event}"
    # No code exists that could be typed: not even the digest's hexadecimal or the id.
    for guess in (access_pass.digest.hex(), access_pass.id, link_of(posting)):
        assert reason_of(posting.sign_in_with_pass(guess)) == "pass_wrong"


def test_without_mail_nothing_is_made(office: Office) -> None:
    ada = office.with_mail(office.ada)

    with pytest.raises(Invalid) as refused:
        deliver(office, ada)

    assert refused.value.code == "mail_not_configured"
    assert run(office.store.passes.of_user(office.tenant.id, ada.id)) is not None  # the fixture's own, still there
    assert run(office.store.passes.of_user(office.tenant.id, ada.id)).delivered_to is None  # type: ignore[union-attr]


def test_for_somebody_without_an_address_nothing_is_made(posting: Office) -> None:
    grace = posting.add_person("grace@contoso.example")

    with pytest.raises(Invalid) as refused:
        deliver(posting, grace)

    assert refused.value.code == "user_without_mail"
    assert run(posting.store.passes.of_user(posting.tenant.id, grace.id)) is None


def test_the_rules_of_issuing_hold_here_too(posting: Office) -> None:
    helpdesk = posting.with_mail(posting.add_person("helpdesk@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR))
    root = posting.with_mail(posting.administrator)
    refused = set()
    for by, person, lifetime in [
        (Actor(helpdesk), helpdesk, timedelta(hours=1)),
        (Actor(helpdesk), root, timedelta(hours=1)),
        (OPERATOR, posting.ada, timedelta(minutes=9)),
        (OPERATOR, posting.ada, timedelta(days=31)),
    ]:
        with pytest.raises(Invalid) as found:
            deliver(posting, person, by, lifetime=lifetime)
        refused.add(found.value.code)

    assert refused == {"pass_for_oneself", "pass_for_administrator", "lifetime_out_of_range"}
    assert posting.letters == []


# -- what a link is not good for ---------------------------------------------------------------------


def spoilt(office: Office, link: str) -> str:
    return link[:-2] + ("AA" if link[-2:] != "AA" else "BA")


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (spoilt, "pass_link_not_ours"),
        (lambda *_: "", "pass_link_not_ours"),
        (lambda *_: "x" * 5000, "pass_link_not_ours"),
        (lambda *_: "not+base64url/", "pass_link_not_ours"),
        (lambda office, _: b64url_encode(office.sealer.seal("challenge", bytes(32))), "pass_link_not_ours"),
    ],
    ids=["altered", "empty", "long", "not ours at all", "sealed for something else"],
)
def test_what_we_did_not_make_signs_nobody_in(posting: Office, lie: Callable[[Office, str], str], reason: str) -> None:
    deliver(posting)

    assert reason_of(follow(posting, lie(posting, link_of(posting)))) == reason


def test_a_link_of_another_organisation_is_none_here(posting: Office) -> None:
    fabrikam, _ = posting.found("fabrikam")
    deliver(posting)

    assert reason_of(follow(posting, link_of(posting), fabrikam)) == "pass_link_not_ours"


def test_a_link_ends_with_its_pass(posting: Office) -> None:
    deliver(posting, lifetime=timedelta(minutes=10))
    link = link_of(posting)

    posting.advance(minutes=10)

    assert reason_of(follow(posting, link)) == "pass_expired"


def test_a_link_is_not_good_before_its_pass(posting: Office) -> None:
    starts_at = posting.clock.now() + timedelta(hours=1)
    run(posting.services.issue_pass.deliver(posting.ada, by=OPERATOR, starts_at=starts_at))

    assert reason_of(follow(posting, link_of(posting))) == "pass_not_yet_valid"


def test_a_newer_pass_ends_the_link_of_the_one_before(posting: Office) -> None:
    deliver(posting)
    link = link_of(posting)
    posting.issue_pass()

    assert reason_of(follow(posting, link)) == "no_pass"


def test_a_link_does_not_open_an_account_that_is_switched_off_or_gone(posting: Office) -> None:
    """Attack class 18, and 17: the link is no side door."""
    deliver(posting)
    link = link_of(posting)
    off = run(posting.services.manage_user.disable(posting.ada, by=OPERATOR))
    assert reason_of(follow(posting, link)) == "user_disabled"

    run(posting.services.manage_user.remove(off, by=OPERATOR))
    assert reason_of(follow(posting, link)) == "no_pass"


def test_a_link_is_for_one_person(posting: Office) -> None:
    access_pass = deliver(posting)
    grace = posting.add_person("grace@contoso.example")

    forged = seal_link(posting.sealer, replace(access_pass, user_id=grace.id))

    assert reason_of(follow(posting, forged)) == "no_pass"


def test_a_link_is_not_sent_to_whom_the_policy_lets_use_no_pass(posting: Office) -> None:
    deliver(posting)
    link = link_of(posting)
    posting.save_methods(passes(exclude=frozenset({user(posting.ada.id)})))

    with pytest.raises(Invalid) as refused:
        deliver(posting)

    assert refused.value.code == "method_excluded"
    assert len(posting.letters) == 1
    assert reason_of(follow(posting, link)) == "method_excluded"


def test_how_long_a_delivered_pass_lives_is_the_policys(posting: Office) -> None:
    two_hours = PassSettings(default_lifetime=timedelta(hours=2), maximum_lifetime=timedelta(hours=4))
    posting.save_methods(replace(FIRST_METHODS, passes=two_hours))

    access_pass = deliver(posting)

    assert access_pass.expires_at - access_pass.starts_at == timedelta(hours=2)
    with pytest.raises(Invalid):
        deliver(posting, lifetime=timedelta(hours=5))


def test_what_it_opens_never_counts_as_step_up(posting: Office) -> None:
    """Attack class 4: as any pass, it may add a passkey and not remove one."""
    deliver(posting)
    outcome = follow(posting, link_of(posting))
    assert isinstance(outcome, SignedInWithPass)
    owner = posting.owner(outcome.session)
    (passkey,) = run(posting.store.passkeys.of_user(posting.tenant.id, posting.ada.id))

    removed = run(posting.services.manage_passkey.remove_own(owner, passkey.id, even_the_last=True))

    assert getattr(removed, "code", None) == "stronger_method_needed"
    assert reason_of(posting.register(owner=owner)) == "granted"


def test_of_those_who_follow_it_at_once_one_is_let_in(tmp_path: Path) -> None:
    store = run(open_store(f"sqlite:///{tmp_path / 'keystead.db'}", entropy=SeededEntropy(), migrate=True))
    posting = Office(store=store, **MAIL)
    posting.ada = posting.with_mail(posting.ada)
    deliver(posting)
    link, flow = link_of(posting), posting.services.sign_in_with_pass

    async def together() -> list[Outcome]:
        return await asyncio.gather(*[flow.by_link(posting.tenant, posting.visitor(), link) for _ in range(5)])

    reasons = sorted(map(reason_of, run(together())))
    run(store.close())

    assert reasons == ["granted", *["pass_already_used"] * 4]
