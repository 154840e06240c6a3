"""Leaving: nobody is sent to an address that is not proven to be this client's."""

import pytest
from keystead_core.oidc import errors
from keystead_core.oidc.logout import LogoutRequest, client_of, parse_logout, receive_logout

BYE = "https://app.example.com/bye"


def leave(hinted_client_id: str | None = None, **parameters: str) -> LogoutRequest:
    received = receive_logout(parameters.items())
    return parse_logout(received, client_of(received, hinted_client_id=hinted_client_id), [BYE])


def test_goes_back_to_the_clients_address_with_its_state() -> None:
    there = leave(client_id="app", post_logout_redirect_uri=BYE, state="a b")

    assert there == LogoutRequest("app", f"{BYE}?state=a+b")


def test_the_id_token_says_whose_address_it_is() -> None:
    assert leave("app", id_token_hint="a.b.c", post_logout_redirect_uri=BYE) == LogoutRequest("app", BYE)


def test_stays_when_no_address_is_given() -> None:
    assert leave() == LogoutRequest(None, None)
    assert leave(client_id="app", state="s") == LogoutRequest("app", None)


def test_goes_nowhere_without_knowing_the_client() -> None:
    with pytest.raises(errors.LogoutClientUnknown):
        leave(post_logout_redirect_uri=BYE)


@pytest.mark.parametrize(
    "uri", ["https://evil.test/", BYE + "/", BYE + "?x=y", BYE + "#x", "HTTPS://app.example.com/bye"]
)
def test_goes_nowhere_that_is_not_registered(uri: str) -> None:
    with pytest.raises(errors.RedirectUriNotRegistered):
        leave(client_id="app", post_logout_redirect_uri=uri)


def test_refuses_one_clients_token_with_anothers_name() -> None:
    with pytest.raises(errors.LogoutMalformed):
        leave("other", client_id="app", id_token_hint="a.b.c", post_logout_redirect_uri=BYE)

    assert leave("app", client_id="app").client_id == "app"


@pytest.mark.parametrize("name", ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint"])
def test_refuses_parameters_given_twice_or_too_long_or_on_two_lines(name: str) -> None:
    for pairs in ([(name, "a"), (name, "a")], [(name, "a" * 20_000)], [(name, "a\nb")]):
        with pytest.raises(errors.LogoutMalformed):
            receive_logout(pairs)
