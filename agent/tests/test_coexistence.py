"""A Hello key and a passkey for one account on one computer: the passkey is refused, and the person reads why."""

import os
from pathlib import Path
from typing import Any

import pytest
from fido2.ctap import CtapError
from fido2.ctap2 import Ctap2
from keystead_agent.authenticator.ctap.statuses import status_of
from keystead_agent.authenticator.errors import NoPasskey, NotApproved
from keystead_agent.container.container import Container
from keystead_agent.container.errors import HelloKeyExists, PasskeyUnknown
from keystead_agent.container.records import Account, Kind, Passkey, Traits
from keystead_agent.daemon.refusals import refusal
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_core.ctap.status import Status
from keystead_core.wire.base64url import b64url_decode
from keystead_testkit.clock import FixedClock
from keystead_testkit.container_desk import PIN, RP_ID, Desk, creation
from keystead_testkit.ctap_agent import PIN as CTAP_PIN
from keystead_testkit.ctap_agent import RP_ID as CTAP_RP
from keystead_testkit.ctap_agent import CtapAgent

HELLO = Traits(kind=Kind.HELLO)


@pytest.fixture
def desk(tmp_path: Path, software: SoftwareKeystore, clock: FixedClock) -> Desk:
    return Desk(tmp_path / "state", software, clock)


def account_of(options: dict[str, Any]) -> Account:
    return Account(b64url_decode(options["user"]["id"]), "ada", "Ada")


def keep_hello(desk: Desk, account: Account | None = None) -> Passkey:
    key, _ = desk.container.create(RP_ID, account or account_of(creation()), PIN, None, HELLO)
    return key


def test_no_passkey_beside_a_hello_key_and_the_person_reads_why(desk: Desk) -> None:
    keep_hello(desk)

    with pytest.raises(HelloKeyExists) as refused:
        desk.create(True)

    assert "has a Windows Hello key of your account at" in str(refused.value)
    assert refusal("1", refused.value).name == "InvalidStateError"
    assert refusal("1", refused.value).code == "hello_key_exists"
    assert status_of(refused.value, None) is Status.CREDENTIAL_EXCLUDED
    assert desk.container.passkeys == ()


def test_without_the_persons_consent_the_site_learns_nothing_of_it(desk: Desk) -> None:
    keep_hello(desk)

    with pytest.raises(NotApproved):
        desk.create(False)


def test_after_the_hello_key_is_gone_a_passkey_is_made(desk: Desk) -> None:
    hello = keep_hello(desk)
    desk.container.hello.remove(hello.credential_id)

    desk.create()

    assert [key.kind for key in desk.container.passkeys] == [Kind.PASSKEY]


def test_another_account_at_the_same_provider_may_have_a_passkey(desk: Desk) -> None:
    keep_hello(desk, Account(b"somebody else", "bob", "Bob"))

    desk.create()

    assert len(desk.container.passkeys) == 1


def test_a_hello_key_comes_beside_a_passkey_that_was_there_first(desk: Desk) -> None:
    desk.create()
    keep_hello(desk)

    assert (len(desk.container.passkeys), len(desk.container.hello.kept)) == (1, 1)


def test_no_site_finds_a_hello_key(desk: Desk) -> None:
    hello = keep_hello(desk)

    with pytest.raises(NoPasskey):
        desk.get()
    for verb in (
        lambda: desk.container.sign(hello.credential_id, PIN, lambda count: bytes(32)),
        lambda: desk.container.remove(hello.credential_id),
        lambda: desk.container.rename(hello.credential_id, "a", "b"),
    ):
        with pytest.raises(PasskeyUnknown):
            verb()
    with pytest.raises(PasskeyUnknown):
        desk.container.hello.remove(b"no such key")


def test_a_hello_key_is_one_after_a_restart(
    desk: Desk, tmp_path: Path, software: SoftwareKeystore, clock: FixedClock
) -> None:
    hello = keep_hello(desk)

    again = Container(tmp_path / "state", software, clock.now, os.urandom)

    assert again.hello.kept == (hello,)
    assert again.passkeys == ()


def test_the_container_itself_refuses_whatever_front_forgets_to_ask(desk: Desk) -> None:
    keep_hello(desk)

    with pytest.raises(HelloKeyExists):
        desk.container.create(RP_ID, account_of(creation()), PIN, None)


def test_a_security_keys_clients_are_refused_too(tmp_path: Path) -> None:
    with CtapAgent(tmp_path) as agent:
        agent.container.create(CTAP_RP, Account(b"ada", "ada", "Ada"), CTAP_PIN, None, HELLO)
        client = Ctap2(agent.plug_in().open())

        with pytest.raises(CtapError) as refused:
            client.make_credential(
                bytes(32), {"id": CTAP_RP, "name": "x"}, {"id": b"ada", "name": "ada"},
                [{"type": "public-key", "alg": -7}], options={"rk": True, "uv": True},
            )  # fmt: skip

    assert refused.value.code == CtapError.ERR.CREDENTIAL_EXCLUDED
