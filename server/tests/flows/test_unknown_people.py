"""Somebody who is not known gets an answer that cannot be told from a known one's."""

import pytest
from keystead_testkit.office import Office, reason_of


@pytest.fixture
def names(office: Office) -> tuple[str, str, str]:
    """Somebody with a passkey, somebody without, and nobody."""
    office.add_person("grace@contoso.example")
    return "ada@contoso.example", "grace@contoso.example", "nobody@contoso.example"


def test_all_get_the_same_options_but_for_the_challenge(office: Office, names: tuple[str, str, str]) -> None:
    office.with_passkey(office.ada)
    given = [office.begin(name) for name in names]

    assert len({len(options.pop("challenge")) for options in given}) == 1
    assert given[0] == given[1] == given[2]


def test_nobodys_passkeys_are_listed_not_even_of_somebody_who_was_named(office: Office) -> None:
    assert office.begin("ada@contoso.example")["allowCredentials"] == []


def test_whoever_answers_for_nobody_is_told_what_a_stranger_is_told(office: Office) -> None:
    stranger = office.new_passkey(user_handle=b"x" * 32)

    for name in ("nobody@contoso.example", "ada@contoso.example", None):
        assert reason_of(office.sign_in(stranger, username=name)) == "passkey_unknown"


def test_asking_is_not_an_attempt_and_leaves_no_row(office: Office, names: tuple[str, str, str]) -> None:
    for name in names:
        office.begin(name)

    assert office.log == []
