"""On pages a passkey of a model reported as compromised is marked, and models have their makers' names."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from keystead_server.policy.passkeys.model import EnforcementType, KeyRestrictions
from keystead_server.trust.metadata.shelf import MetadataShelf
from keystead_testkit.metadata_service import MetadataService, entry, report

KEY = UUID(int=0x11)
SERVICE = MetadataService.opened()
ACCOUNT = "/example/account"


@pytest.fixture
def office(tmp_path: Path, found: Callable[..., Any]) -> Any:
    (tmp_path / "root.pem").write_bytes(SERVICE.root.pem)
    return found(data=tmp_path, fido_metadata="/srv/blob.jwt", fido_metadata_root=str(tmp_path / "root.pem"))


def publish(office: Any, *reports: dict[str, Any]) -> None:
    assert isinstance(office.services.metadata, MetadataShelf)
    office.services.metadata.accept(
        SERVICE.blob(entry(KEY, *reports, name="Maker's key <2>")), datetime(2026, 3, 2, tzinfo=UTC)
    )


def test_the_account_and_the_persons_page_say_what_a_model_is_and_that_it_is_refused(office: Any) -> None:
    person = office.person("grace@example.org")
    grace = office.sign_in_with_pass(person)
    office.add_passkey(grace, person.username, aaguid=KEY)
    admin = office.signed_in(office.ada)
    assert f"Model {KEY}" in grace.get(ACCOUNT).text
    assert "Can sign in" in grace.get(ACCOUNT).text

    publish(office, report("REVOKED", "2026-03-01"))

    for page in (grace.get(ACCOUNT).text, admin.get(f"/example/admin/users/{person.id}").text):
        assert "Maker&#39;s key &lt;2&gt;" in page
        assert "its model is publicly reported as compromised or revoked" in page

    publish(office, report("UPDATE_AVAILABLE", "2026-03-02"))
    assert "Can sign in" in grace.get(ACCOUNT).text


def test_somebody_who_is_refused_is_told_why_and_the_log_has_the_report(office: Any) -> None:
    person = office.person("grace@example.org")
    office.add_passkey(office.sign_in_with_pass(person), person.username, aaguid=KEY)
    publish(office, report("USER_KEY_PHYSICAL_COMPROMISE"))

    answer = office.sign_in(person.username)

    assert answer.status_code == 401
    assert answer.json()["code"] == "authenticator_compromised"
    assert "its model is publicly reported as compromised or revoked" in answer.json()["message"]
    newest = office.attempts()[0]
    assert (newest.reason, "USER_KEY_PHYSICAL_COMPROMISE" in newest.detail) == ("authenticator_compromised", True)


def test_a_list_of_models_in_the_policy_has_their_makers_names(office: Any) -> None:
    publish(office)
    admin = office.signed_in(office.ada)
    (profile,) = office.policy().profiles
    office.change_policy(profiles=(_only(profile, KEY),))

    assert f"{KEY} Maker&#39;s key &lt;2&gt;" in admin.get("/example/admin/passkey-policy").text


def _only(profile: Any, model: UUID) -> Any:
    return replace(profile, key_restrictions=KeyRestrictions(True, EnforcementType.BLOCK, frozenset({model})))


def test_the_quarantine_and_the_explanation_know_of_the_report_too(office: Any) -> None:
    person = office.person("grace@example.org")
    office.add_passkey(office.sign_in_with_pass(person), person.username, aaguid=KEY)
    admin = office.signed_in(office.ada)
    policy = "/example/admin/passkey-policy"
    publish(office, report("REVOKED", "2026-03-01"))

    listed = admin.get(f"{policy}/quarantine").text
    real = admin.get(f"{policy}/try?user={person.username}&passkey={office.passkeys_of(person)[0].id}").text
    supposed = admin.get(f"{policy}/try?user={person.username}&aaguid={KEY}").text

    for page in (listed, real, supposed):
        assert "authenticator_compromised" in page
    for page in (real, supposed):
        assert "What would change it: Nothing in the policy: a later report on the model can lift it." in page
        assert ">Accepts<" in page
