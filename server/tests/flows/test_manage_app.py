"""Apps: what may be registered, and secrets that are shown once."""

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.app import secret_digest
from keystead_server.domain.invalid import Invalid
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of


def test_a_confidential_app_gets_a_secret_of_which_a_digest_is_kept(office: Office) -> None:
    registered = office.app()

    assert registered.secret is not None
    assert registered.secret.startswith("ks_")
    assert len(registered.secret) == 46
    assert registered.app.secret_digests == (secret_digest(registered.secret),)
    assert registered.secret not in repr(run(office.store.apps.all(office.tenant.id)))


def test_a_public_app_has_none(office: Office) -> None:
    registered = office.app(public=True)

    assert registered.secret is None
    assert registered.app.is_public


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.net/callback",
        "https://app.example.net/callback#x",
        "https://*.example.net/callback",
        "https://user@app.example.net/",
        "javascript:alert(1)",
        "data:text/html,x",
        "//app.example.net/callback",
        "app.example.net",
        "https://app.example.net/../x",
        "https://app.example.net/callback?code=x",
        "",
    ],
)
@pytest.mark.parametrize("where", ["redirect_uris", "post_logout_redirect_uris"])
def test_an_address_that_could_mislead_is_refused(office: Office, uri: str, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        office.app(**{where: [uri]})

    assert (refused.value.code, refused.value.target) == ("redirect_uri_invalid", where)


def test_an_app_needs_an_address_and_has_no_more_than_a_hundred(office: Office) -> None:
    with pytest.raises(Invalid) as none:
        office.app(redirect_uris=[])
    with pytest.raises(Invalid) as many:
        office.app(redirect_uris=[f"https://app.example.net/{number}" for number in range(101)])

    assert (none.value.code, many.value.code) == ("redirect_uri_missing", "too_many_redirect_uris")


def test_an_address_named_twice_is_kept_once(office: Office) -> None:
    twice = ["https://app.example.net/a", "https://app.example.net/b", "https://app.example.net/a"]

    assert office.app(redirect_uris=twice).app.redirect_uris == (
        "https://app.example.net/a",
        "https://app.example.net/b",
    )


@pytest.mark.parametrize("alg", ["none", "HS256", "PS256", ""])
def test_id_tokens_are_signed_with_what_we_have_keys_for(office: Office, alg: str) -> None:
    with pytest.raises(Invalid) as refused:
        office.app(id_token_alg=alg)

    assert refused.value.code == "algorithm_unknown"


def test_a_new_secret_leaves_the_one_before_good_and_ends_the_one_before_that(office: Office) -> None:
    first = office.app()
    manage = office.services.manage_app
    second = run(manage.add_secret(first.app, by=OPERATOR))
    third = run(manage.add_secret(second.app, by=OPERATOR))

    secrets = (third.secret, second.secret, first.secret)
    owner = office.session()
    outcomes = [office.redeem(first, office.code(first, owner), client_secret=secret) for secret in secrets]

    assert [reason_of(outcome) for outcome in outcomes] == ["granted", "granted", "invalid_client"]


def test_changed_addresses_count_from_the_next_request_on(office: Office) -> None:
    registered = office.app()
    change = office.services.manage_app.set_redirect_uris
    run(
        change(registered.app, redirect_uris=["https://app.example.net/new"], post_logout_redirect_uris=[], by=OPERATOR)
    )

    owner = office.session()

    assert reason_of(office.authorize(registered, owner)) == "redirect_uri_not_registered"
    assert office.code(registered, owner, redirect_uri="https://app.example.net/new")


def test_a_removed_app_is_unknown_and_its_tokens_are_worth_nothing(office: Office) -> None:
    registered = office.app()
    owner = office.session()
    code, tokens = office.code(registered, owner), office.tokens(registered, owner)

    run(office.services.manage_app.remove(registered.app, by=OPERATOR))

    assert reason_of(office.authorize(registered, owner)) == "client_unknown"
    assert reason_of(office.redeem(registered, code)) == "invalid_client"
    info = run(office.services.user_info(office.tenant, tokens.access_token, issuer=office.issuer()))
    assert reason_of(info) == "grant_revoked"


def test_every_change_is_audited_and_no_secret_with_it(office: Office) -> None:
    registered = office.app()
    office.advance(milliseconds=1)
    again = run(office.services.manage_app.add_secret(registered.app, by=OPERATOR))
    office.advance(milliseconds=1)
    run(office.services.manage_app.remove(registered.app, by=OPERATOR))

    assert office.audit[-3:] == ["app.registered", "app.secret_added", "app.removed"]
    lines = repr(run(office.store.logs.audit(office.tenant.id, limit=100)))
    assert str(registered.secret) not in lines
    assert str(again.secret) not in lines
