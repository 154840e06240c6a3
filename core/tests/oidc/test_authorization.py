"""The authorization request: what is understood, and who is told of what is not."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.oidc import errors
from keystead_core.oidc.authorization import (
    _RULES,
    AuthorizationRequest,
    Prompt,
    parse_authorization,
    receive_authorization,
)
from keystead_core.oidc.reply import ReplyTo, ResponseMode, code_parameters, error_parameters

CALLBACK = "https://app.example.com/callback"
# The challenge of RFC 7636 Appendix B.
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
HONEST = {
    "client_id": "app",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid profile email",
    "state": "af0ifjsldkj",
    "nonce": "n-0S6_WzA2Mj",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def read(pairs: Iterable[tuple[str, str]]) -> AuthorizationRequest:
    return parse_authorization(receive_authorization(pairs), [CALLBACK, "https://app.example.com/other"])


def asked(**lies: str | None) -> AuthorizationRequest:
    return read([(name, value) for name, value in {**HONEST, **lies}.items() if value is not None])


def refusal(**lies: str | None) -> str:
    with pytest.raises(errors.AuthorizationError) as refused:
        asked(**lies)
    assert refused.value.reply_to.redirect_uri == CALLBACK
    assert refused.value.state == {**HONEST, **lies}["state"]
    return refused.value.code


def test_reads_an_honest_request() -> None:
    request = asked()

    assert request == AuthorizationRequest(
        client_id="app",
        reply_to=ReplyTo(CALLBACK, ResponseMode.QUERY, "af0ifjsldkj"),
        scopes=("openid", "profile", "email"),
        nonce="n-0S6_WzA2Mj",
        code_challenge=CHALLENGE,
        prompts=frozenset(),
        max_age=None,
        login_hint=None,
        acr_values=(),
        id_token_hint=None,
    )


def test_reads_what_a_request_may_add() -> None:
    request = asked(
        response_mode="form_post",
        prompt="login consent",
        max_age="300",
        login_hint="añda@example.org",
        acr_values="phrh phr",
        id_token_hint="a.b.c",
        ui_locales="de fr",
    )

    assert request.reply_to.response_mode is ResponseMode.FORM_POST
    assert request.prompts == {Prompt.LOGIN, Prompt.CONSENT}
    assert request.max_age == timedelta(minutes=5)
    assert request.login_hint == "añda@example.org"
    assert request.acr_values == ("phrh", "phr")
    assert request.id_token_hint == "a.b.c"


# --- before the address is proven, nobody is sent anywhere ------------------


@pytest.mark.parametrize("client_id", [None, "", "a" * 257, "app\n", "äpp"])
def test_without_a_client_nobody_is_sent_anywhere(client_id: str | None) -> None:
    with pytest.raises(errors.ClientIdMissing):
        asked(client_id=client_id)


@pytest.mark.parametrize("uri", [None, "", CALLBACK + "\n", CALLBACK + "/" + "a" * 2048])
def test_without_an_address_nobody_is_sent_anywhere(uri: str | None) -> None:
    with pytest.raises(errors.RedirectUriMissing):
        asked(redirect_uri=uri)


@pytest.mark.parametrize(
    "uri", ["https://evil.test/callback", CALLBACK + "/", CALLBACK + "?x=y", "HTTPS" + CALLBACK[5:]]
)
def test_an_address_that_is_not_registered_gets_nothing(uri: str) -> None:
    with pytest.raises(errors.UnsafeToRedirect) as refused:
        asked(redirect_uri=uri, scope="nonsense", response_type="token")

    assert refused.value.code == "redirect_uri_not_registered"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
@pytest.mark.parametrize("second", ["", "https://evil.test/", "same"])
def test_two_clients_or_two_addresses_are_none(name: str, second: str) -> None:
    second = HONEST[name] if second == "same" else second

    for pairs in ([*HONEST.items(), (name, second)], [(name, second), *HONEST.items()]):
        with pytest.raises(errors.UnsafeToRedirect):
            read(pairs)


# --- afterwards, the client is told ----------------------------------------


@pytest.mark.parametrize("name", sorted(_RULES.keys() - {"client_id", "redirect_uri", "state"}))
def test_refuses_a_parameter_given_twice(name: str) -> None:
    value = HONEST.get(name, "login")
    pairs = [pair for pair in HONEST.items() if pair[0] != name]

    with pytest.raises(errors.AuthorizationError) as refused:
        read([*pairs, (name, value), (name, value)])

    assert refused.value.code in {"invalid_request", f"{name}_not_supported"}
    assert refused.value.state == HONEST["state"]


def test_two_states_are_refused_and_neither_is_repeated() -> None:
    with pytest.raises(errors.AuthorizationError) as refused:
        read([*HONEST.items(), ("state", "other")])

    assert refused.value.code == "invalid_request"
    assert refused.value.state is None


def test_ignores_parameters_it_does_not_know_however_often() -> None:
    assert read([*HONEST.items(), ("utm_source", "a"), ("utm_source", "b"), ("", "")]) == asked()


def test_an_empty_parameter_is_one_that_was_not_sent() -> None:
    assert asked(nonce="", prompt="", max_age="", response_mode="", login_hint="") == asked(nonce=None)


@pytest.mark.parametrize(
    "value", ["token", "id_token", "code token", "code id_token", "none", "Code", "code ", "codes"]
)
def test_refuses_any_response_but_a_code(value: str) -> None:
    assert refusal(response_type=value) == "unsupported_response_type"


def test_refuses_a_request_without_a_response_type() -> None:
    assert refusal(response_type=None) == "invalid_request"


@pytest.mark.parametrize("value", ["fragment", "web_message", "query.jwt", "QUERY", "form_post "])
def test_refuses_a_response_mode_in_which_a_code_would_leak(value: str) -> None:
    with pytest.raises(errors.AuthorizationError) as refused:
        asked(response_mode=value)

    assert refused.value.code == "invalid_request"
    assert refused.value.reply_to.response_mode is ResponseMode.QUERY


def test_a_refusal_goes_the_way_the_client_asked_for() -> None:
    with pytest.raises(errors.AuthorizationError) as refused:
        asked(response_mode="form_post", scope="profile")

    assert refused.value.reply_to.response_mode is ResponseMode.FORM_POST


@pytest.mark.parametrize("scope", [None, "profile", "OpenID", "openidx", "openid\tprofile", "email,openid"])
def test_refuses_a_request_that_is_not_openid(scope: str | None) -> None:
    assert refusal(scope=scope) in {"invalid_scope", "invalid_request"}


def test_keeps_the_scopes_it_knows() -> None:
    assert asked(scope="offline_access openid https://graph.example/.default openid").scopes == (
        "openid",
        "offline_access",
    )


@pytest.mark.parametrize("method", [None, "plain", "s256", "S512", "S256 "])
def test_refuses_any_pkce_but_s256(method: str | None) -> None:
    assert refusal(code_challenge_method=method) == "invalid_request"


@pytest.mark.parametrize(
    "challenge", [None, "", CHALLENGE[:-1], CHALLENGE + "A", CHALLENGE[:-1] + "N", "+" + CHALLENGE[1:]]
)
def test_refuses_a_request_without_a_challenge_that_a_verifier_could_meet(challenge: str | None) -> None:
    assert refusal(code_challenge=challenge) == "invalid_request"


@pytest.mark.parametrize("prompt", ["none login", "login none", "None", "create", "login,consent"])
def test_refuses_prompts_that_contradict_themselves_or_mean_nothing(prompt: str) -> None:
    assert refusal(prompt=prompt) == "invalid_request"


@pytest.mark.parametrize("value", ["-1", "+1", "1.5", "1e3", "a", "٣", "1 ", "1" * 10])
def test_refuses_an_age_that_is_not_seconds(value: str) -> None:
    assert refusal(max_age=value) == "invalid_request"


def test_an_age_of_nothing_is_an_age() -> None:
    assert asked(max_age="0").max_age == timedelta(0)
    assert asked(prompt="none").prompts == {Prompt.NONE}


@pytest.mark.parametrize("name", ["request", "request_uri", "registration"])
def test_refuses_request_objects_rather_than_ignoring_them(name: str) -> None:
    assert refusal(**{name: "https://app.example.com/request.jwt"}) == f"{name}_not_supported"
    assert refusal(**{name: "a" * 100_000}) == f"{name}_not_supported"


@pytest.mark.parametrize("name", ["nonce", "login_hint", "acr_values", "id_token_hint", "scope", "prompt"])
@pytest.mark.parametrize("value", ["a\nb", "a\x00", "\x7f", "\u2028", "\x85"])
def test_refuses_characters_that_break_a_line(name: str, value: str) -> None:
    assert refusal(**{name: value}) == "invalid_request"


@pytest.mark.parametrize(
    "name", sorted(_RULES.keys() - {"client_id", "redirect_uri", "request", "request_uri", "registration", "state"})
)
def test_refuses_a_parameter_longer_than_its_limit(name: str) -> None:
    assert refusal(**{name: "a" * (_RULES[name].max_characters + 1)}) == "invalid_request"


@pytest.mark.parametrize("state", ["a" * 4097, "a\r\nSet-Cookie: b=c", "ä"])
def test_a_state_that_is_refused_is_not_repeated(state: str) -> None:
    with pytest.raises(errors.AuthorizationError) as refused:
        asked(state=state)

    assert refused.value.code == "invalid_request"
    assert refused.value.state is None


def test_a_refusal_repeats_nothing_of_the_request() -> None:
    with pytest.raises(errors.AuthorizationError) as refused:
        asked(prompt="<script>", scope='openid "')

    assert "<" not in refused.value.description
    # RFC 6749 §4.1.2.1: no quotation mark, no backslash.
    assert '"' not in refused.value.description


@given(st.lists(st.tuples(st.sampled_from(sorted(_RULES)) | st.text(max_size=5), st.text(max_size=30)), max_size=12))
def test_no_parameters_make_it_crash(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises((errors.UnsafeToRedirect, errors.AuthorizationError)):
        read(pairs)
    with pytest.raises(errors.OidcError):
        read([("client_id", "app"), ("redirect_uri", CALLBACK), *pairs])


# --- answers ---------------------------------------------------------------


def test_every_answer_names_its_issuer() -> None:
    reply_to = asked().reply_to
    issuer = "https://id.example.org/contoso/v2.0"

    assert code_parameters(reply_to, "c0de", issuer) == [("code", "c0de"), ("state", "af0ifjsldkj"), ("iss", issuer)]
    assert error_parameters(reply_to, "access_denied", "no", issuer) == [
        ("error", "access_denied"),
        ("error_description", "no"),
        ("state", "af0ifjsldkj"),
        ("iss", issuer),
    ]


def test_an_answer_to_a_request_without_state_has_none() -> None:
    reply_to = asked(state=None).reply_to

    assert code_parameters(reply_to, "c0de", "i") == [("code", "c0de"), ("iss", "i")]
