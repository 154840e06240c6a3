"""What may be a password: long enough, and not what everybody tries first."""

from datetime import UTC, datetime

import pytest
from keystead_server.domain.ids import TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.password import check_password, prepare
from keystead_server.domain.user import User

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ADA = User(UserId("1"), TenantId("2"), "ada.lovelace@contoso.example", "Ada Lovelace", b"", NOW, NOW)


@pytest.mark.parametrize(
    "typed",
    [
        "correct horse battery",
        "fenster-regen-7",
        "nine8ate",
        "  spaces count  ",
        "😀😀🎈🎈🌍🌍🌳🌳",
        "Lisa1815x",
        "ö" * 3 + "äüéß1",
    ],
)
def test_a_password_needs_no_kinds_of_characters(typed: str) -> None:
    assert check_password(typed, ADA) == prepare(typed)


@pytest.mark.parametrize(("characters", "accepted"), [(7, False), (8, True), (256, True), (257, False), (5000, False)])
def test_a_password_has_8_to_256_characters(characters: int, accepted: bool) -> None:
    typed = ("pfrdtwxz" * 1000)[:characters]
    if accepted:
        assert len(check_password(typed, ADA)) == characters
        return
    with pytest.raises(Invalid) as refused:
        check_password(typed, ADA)
    assert (refused.value.code, refused.value.target) == ("password_length", "password")


def test_length_is_counted_as_people_see_it() -> None:
    # Seven letters and seven accents of their own.
    with pytest.raises(Invalid):
        check_password("e\u0301" * 7, ADA)


@pytest.mark.parametrize(
    "typed",
    [
        "password",
        "Password123!",
        "WELCOME2026",
        "qwertyuiop",
        "12345678",
        "keystead!!",
        "aaaaaaaabbbb",
        "P@ssw0rd",
        "11111111",
    ],
)
def test_what_everybody_tries_first_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(typed, ADA)

    assert refused.value.code == "password_too_common"


@pytest.mark.parametrize(
    "typed", ["ada.lovelace", "Ada.Lovelace@contoso.example", "my AdaLovelace 1", "xxada.lovelacexx"]
)
def test_ones_own_name_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(typed, ADA)

    assert refused.value.code == "password_like_name"


def test_the_refusal_does_not_repeat_the_password() -> None:
    with pytest.raises(Invalid) as refused:
        check_password("Password123!", ADA)

    assert "Password123!" not in str(refused.value)
