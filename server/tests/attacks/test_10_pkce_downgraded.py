"""Class 10: PKCE is required, S256 alone, and neither it nor the secret stands in for the other."""

import pytest
from keystead_core.oidc.pkce import s256_challenge
from keystead_server.flows.authorize import Reply
from keystead_server.flows.redeem_code import TokenRefused
from keystead_testkit.office import Office, reason_of
from keystead_testkit.relying_party import VERIFIER


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge_method": "S512"},
        {"code_challenge": ""},
        {"code_challenge": s256_challenge(VERIFIER) + "="},
        {"code_challenge": s256_challenge(VERIFIER)[:-1]},
    ],
)
def test_no_request_without_it_gets_a_code(office: Office, public: bool, changes: dict[str, str | None]) -> None:
    reply = office.authorize(office.app(public=public), office.session(), **changes)

    assert isinstance(reply, Reply)
    assert reply.error == "invalid_request"


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize(
    "verifier",
    [
        None,
        "",
        "x" * 43,
        s256_challenge(VERIFIER),
        VERIFIER.upper(),
        f"{VERIFIER}x",
        VERIFIER[:-1],
        f" {VERIFIER}",
        "é" * 43,
    ],
)
def test_no_code_is_redeemed_without_its_verifier(office: Office, public: bool, verifier: str | None) -> None:
    app = office.app(public=public)
    code = office.code(app)

    outcome = office.redeem(app, code, code_verifier=verifier)

    assert isinstance(outcome, TokenRefused)
    # The guess cost the app nothing: the code is still its own.
    assert reason_of(office.redeem(app, code)) == "granted"


def test_a_stolen_code_is_worth_nothing_to_an_app_of_the_thiefs(office: Office) -> None:
    code = office.code(office.app())

    for public in (True, False):
        assert reason_of(office.redeem(office.app(public=public), code)) == "code_of_another_app"


def test_a_code_put_into_anothers_session_does_not_fit_their_verifier(office: Office) -> None:
    app = office.app()
    thiefs = office.code(app, code_challenge=s256_challenge("the-thiefs-own-verifier-of-forty-three-chars"))

    assert reason_of(office.redeem(app, thiefs)) == "invalid_grant"
