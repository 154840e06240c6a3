"""Somebody who is not known gets an answer that cannot be told from a known one's."""

import pytest
from keystead_core.wire import b64url_decode
from keystead_testkit.office import Office, reason_of


@pytest.fixture
def names(office: Office) -> tuple[str, str, str]:
    """Somebody with a passkey, somebody without, and nobody."""
    office.add_person("grace@contoso.example")
    return "ada@contoso.example", "grace@contoso.example", "nobody@contoso.example"


def test_all_get_options_of_one_shape(office: Office, names: tuple[str, str, str]) -> None:
    shapes = []
    for name in names:
        options = office.begin(name)
        (credential,) = options["allowCredentials"]
        shapes.append((
            sorted(options), sorted(credential), len(b64url_decode(credential["id"])), len(options["challenge"]),
            options["rpId"], options["timeout"], options["userVerification"],
        ))  # fmt: skip

    assert shapes[0] == shapes[1] == shapes[2]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_asked_twice_all_name_the_same_passkey_again(office: Office, names: tuple[str, str, str], which: int) -> None:
    first, second = office.begin(names[which]), office.begin(names[which])

    assert first["allowCredentials"] == second["allowCredentials"]
    assert first["challenge"] != second["challenge"]


def test_a_made_up_passkey_stays_the_same_over_a_restart_and_in_other_spellings(office: Office) -> None:
    before = office.begin("nobody@contoso.example")["allowCredentials"]
    office.services = office.started()

    assert office.begin(" NoBody@Contoso.Example ")["allowCredentials"] == before


def test_a_made_up_passkey_is_another_one_in_another_tenant_and_for_another_name(office: Office) -> None:
    fabrikam, _ = office.found("fabrikam")

    made_up = [
        office.begin("nobody@contoso.example")["allowCredentials"][0]["id"],
        office.begin("nobody@contoso.example", tenant=fabrikam)["allowCredentials"][0]["id"],
        office.begin("nobody.else@contoso.example")["allowCredentials"][0]["id"],
    ]

    assert len(set(made_up)) == 3


def test_whoever_answers_for_nobody_is_told_what_a_stranger_is_told(office: Office) -> None:
    stranger = office.new_passkey(user_handle=b"x" * 32)

    for name in ("nobody@contoso.example", "ada@contoso.example", None):
        assert reason_of(office.sign_in(stranger, username=name)) == "passkey_unknown"


def test_asking_is_not_an_attempt_and_leaves_no_row(office: Office, names: tuple[str, str, str]) -> None:
    for name in names:
        office.begin(name)

    assert office.log == []
