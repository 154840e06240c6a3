"""What the person is shown, which account they choose, and what comes of a no or a wrong PIN."""

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from keystead_agent.authenticator import errors
from keystead_agent.authenticator.allow_list import Caller
from keystead_agent.authenticator.approval import Approval
from keystead_agent.authenticator.authenticator import Authenticator
from keystead_agent.container.container import Container
from keystead_agent.container.errors import PinAlreadySet, PinNotSet
from keystead_agent.container.records import Provider
from keystead_agent.gesture.interface import Cancelled, Purpose
from keystead_agent.gesture.scripted import ScriptedGesture
from keystead_agent.keystore.errors import GestureRefused, PinLocked
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_testkit.clock import FixedClock
from keystead_testkit.container_desk import (
    ORIGIN,
    PAGE,
    PIN,
    RP_ID,
    Desk,
    at_once,
    creation,
    run,
    user,
)

T = TypeVar("T")


def approval(desk: Desk, *answers: str | Cancelled) -> Approval:
    desk.person = ScriptedGesture(list(answers))
    return Approval(desk.container, desk.person, at_once)


def test_the_person_sees_site_account_and_asker(desk: Desk) -> None:
    desk.create()
    desk.get()

    for prompt, purpose in zip(desk.person.prompts, [Purpose.CREATE, Purpose.SIGN_IN], strict=True):
        assert prompt.purpose is purpose
        assert (prompt.site, prompt.account, prompt.requester) == (RP_ID, "alice@contoso", "chromium (7)")
        assert prompt.tries_left == 5


def test_a_framed_page_is_named_with_what_is_around_it(desk: Desk) -> None:
    framed = Caller(ORIGIN, top_origin="https://blog.example")

    created = desk.create(caller=framed)

    client_data = json.loads(b64url_decode(created["response"]["clientDataJSON"]))
    assert (client_data["crossOrigin"], client_data["topOrigin"]) == (True, "https://blog.example")
    assert desk.person.prompts[0].site == "id.example.org (in a page of https://blog.example)"


def test_a_wrong_pin_is_asked_for_again_with_the_tries_left(desk: Desk) -> None:
    desk.create()

    assert desk.get("000001", "000002", PIN)

    assert [prompt.tries_left for prompt in desk.person.prompts[1:]] == [5, 4, 3]
    assert desk.person.prompts[-1].error == "That PIN is not right. 3 tries are left."


def test_three_wrong_pins_end_the_ceremony(desk: Desk) -> None:
    desk.create()

    with pytest.raises(GestureRefused) as refused:
        desk.get("000001", "000002", "000003", PIN)

    assert refused.value.tries_left == 2


def test_a_paused_container_asks_nobody(desk: Desk) -> None:
    desk.create()
    with pytest.raises(GestureRefused):
        desk.get("000001", "000002", "000003")
    with pytest.raises(GestureRefused):
        desk.get("000004", "A1B2C3", "000005")
    asked = len(desk.person.prompts)

    with pytest.raises(PinLocked) as paused:
        desk.get(PIN)

    assert paused.value.code == "pin_paused"
    assert len(desk.person.prompts) == asked


@pytest.mark.parametrize(
    ("cancelled", "refusal"),
    [(Cancelled(), errors.NotApproved), (Cancelled(timed_out=True), errors.NobodyAnswered)],
)
def test_no_is_no(desk: Desk, cancelled: Cancelled, refusal: type[errors.AuthenticatorError]) -> None:
    with pytest.raises(refusal) as refused:
        desk.create(cancelled)

    assert refused.value.name == "NotAllowedError"
    assert desk.container.passkeys == ()


def test_without_a_pin_nobody_is_asked_for_it(tmp_path: Path, software: SoftwareKeystore, clock: FixedClock) -> None:
    desk = Desk.__new__(Desk)
    desk.container = Container(tmp_path / "state", software, clock.now, os.urandom)
    issuer, enrolled = f"{ORIGIN}/v2.0", datetime(2026, 1, 1, tzinfo=UTC)
    desk.container.enrolments.enrol(Provider(RP_ID, (ORIGIN,), issuer, "Contoso", "t", "Contoso", ORIGIN, enrolled))
    desk.person = ScriptedGesture([])

    with pytest.raises(PinNotSet):
        desk.create()

    assert desk.person.prompts == []


def test_the_only_passkey_needs_no_choice(desk: Desk) -> None:
    desk.create()

    assert desk.get(PIN)


def test_among_several_accounts_the_person_chooses(desk: Desk) -> None:
    desk.create(user=user("alice"))
    desk.create(user=user("bob"))

    chosen = desk.get(1, PIN)

    assert desk.person.questions == ["bob@contoso", "alice@contoso"]
    assert b64url_decode(chosen["response"]["userHandle"]) == b"alice"
    assert desk.person.prompts[-1].account == "alice@contoso"


def test_choosing_none_is_a_refusal(desk: Desk) -> None:
    desk.create(user=user("alice"))
    desk.create(user=user("bob"))

    with pytest.raises(errors.NotApproved):
        desk.get(Cancelled())


def test_what_was_chosen_in_autofill_is_not_asked_again(desk: Desk) -> None:
    desk.create(user=user("alice"))
    bob = desk.create(user=user("bob"))["id"]

    assert desk.get(PIN, chosen=bob)["id"] == bob


@pytest.mark.parametrize("chosen", ["AAAA", "not base64url!", ""])
def test_a_choice_that_is_not_here_is_refused(desk: Desk, chosen: str) -> None:
    desk.create()

    with pytest.raises(errors.NoPasskey):
        desk.get(chosen=chosen)


def test_only_allowed_credentials_are_used(desk: Desk) -> None:
    alice = desk.create(user=user("alice"))["id"]
    desk.create(user=user("bob"))

    assert desk.get(PIN, allowCredentials=[{"type": "public-key", "id": alice}])["id"] == alice
    with pytest.raises(errors.NoPasskey) as refused:
        desk.get(allowCredentials=[{"type": "public-key", "id": "AAAA"}])
    assert (refused.value.code, refused.value.name) == ("no_passkey", "NotAllowedError")


def test_autofill_names_accounts_without_asking_anybody(desk: Desk) -> None:
    alice = desk.create(user=user("alice"))["id"]
    bob = desk.create(user=user("bob"))["id"]
    asked = len(desk.person.prompts)

    assert desk.authenticator.accounts(PAGE, RP_ID) == [
        {"credential": bob, "name": "bob@contoso", "display_name": "Bob"},
        {"credential": alice, "name": "alice@contoso", "display_name": "Alice"},
    ]
    assert len(desk.person.prompts) == asked


def test_a_ceremony_given_up_half_way_leaves_the_container_as_it_was(desk: Desk) -> None:
    older = desk.create()["id"]

    async def gone_after_the_key_was_made(work: Callable[[], T]) -> T:
        made = work()
        if isinstance(made, tuple):
            raise asyncio.CancelledError
        return made

    authenticator = Authenticator(desk.container, ScriptedGesture([PIN]), gone_after_the_key_was_made)
    with pytest.raises(asyncio.CancelledError):
        run(authenticator.make_credential(PAGE, creation()))

    assert [b64url_encode(passkey.credential_id) for passkey in desk.container.passkeys] == [older]


def test_changing_the_pin_asks_for_the_old_one_then_the_new_one(desk: Desk) -> None:
    desk.create()

    run(approval(desk, PIN, "864209").change_pin("cli"))

    assert [prompt.purpose for prompt in desk.person.prompts] == [Purpose.CHANGE_PIN, Purpose.SET_PIN]
    assert desk.get("864209")


def test_changing_the_pin_with_a_wrong_old_one_asks_for_it_again_and_keeps_the_new_one(desk: Desk) -> None:
    desk.create()

    run(approval(desk, "000001", "864209", PIN).change_pin("cli"))

    assert desk.person.prompts[-1].error == "That PIN is not right. 4 tries are left."
    assert desk.get("864209")


def test_an_unfit_new_pin_is_asked_for_again_with_the_reason(desk: Desk) -> None:
    run(approval(desk, PIN, "123456", "864209").change_pin("cli"))

    assert "straight sequence" in desk.person.prompts[-1].error


def test_a_pin_is_not_set_twice(desk: Desk) -> None:
    with pytest.raises(PinAlreadySet):
        run(approval(desk).set_pin("cli"))


def test_not_wanting_a_new_pin_keeps_the_old_one(desk: Desk) -> None:
    desk.create()

    with pytest.raises(errors.NotApproved):
        run(approval(desk, PIN, Cancelled()).change_pin("cli"))

    assert desk.get(PIN)
