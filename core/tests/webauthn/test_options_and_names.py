"""What the browser is asked, and what models are called."""

from datetime import timedelta
from uuid import UUID

from keystead_core.webauthn import (
    DEFAULT_OFFERED_ALGORITHMS,
    KEYSTEAD_SOFTWARE,
    KEYSTEAD_TPM,
    CredentialDescriptor,
    UserEntity,
    authenticator_name,
    creation_options,
    parse_registration,
    request_options,
)
from keystead_testkit.soft_passkey import SoftPasskey
from webauthn.helpers import parse_authentication_options_json, parse_registration_options_json

CHALLENGE = bytes(range(32))
OTHER = CredentialDescriptor(b"other", ("usb", "nfc"))


def test_creation_options_have_the_form_that_others_read() -> None:
    options = creation_options(
        challenge=CHALLENGE,
        rp_id="id.example.org",
        rp_name="Example",
        user=UserEntity(b"handle", "somebody@example.org", "Some Body"),
        timeout=timedelta(minutes=5),
        algorithms=(-7, -8, -257),
        exclude=[OTHER],
        attachment="platform",
        attestation="direct",
        extensions={"credProps": True},
    )

    theirs = parse_registration_options_json(options)
    assert (theirs.challenge, theirs.user.id, theirs.timeout) == (CHALLENGE, b"handle", 300_000)
    assert [parameter.alg for parameter in theirs.pub_key_cred_params] == [-7, -8, -257]
    assert [found.id for found in theirs.exclude_credentials or []] == [b"other"]
    assert options["authenticatorSelection"] == {
        "authenticatorAttachment": "platform",
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert options["extensions"] == {"credProps": True}


def test_request_options_have_the_form_that_others_read() -> None:
    options = request_options(challenge=CHALLENGE, rp_id="id.example.org", timeout=timedelta(seconds=90), allow=[OTHER])

    theirs = parse_authentication_options_json(options)
    assert (theirs.challenge, theirs.rp_id, theirs.timeout) == (CHALLENGE, "id.example.org", 90_000)
    assert options["allowCredentials"] == [{"type": "public-key", "id": "b3RoZXI", "transports": ["usb", "nfc"]}]
    assert options["userVerification"] == "required"


def test_a_soft_passkey_answers_options() -> None:
    passkey = SoftPasskey()
    options = creation_options(
        challenge=CHALLENGE,
        rp_id="id.example.org",
        rp_name="Example",
        user=UserEntity(b"handle", "n", "d"),
        timeout=timedelta(minutes=5),
    )

    received = parse_registration(passkey.register_with(options))

    assert [parameter["alg"] for parameter in options["pubKeyCredParams"]] == list(DEFAULT_OFFERED_ALGORITHMS)
    assert received.client_data.challenge == CHALLENGE
    assert passkey.user_handle == b"handle"


def test_our_own_models_keep_their_names_for_good() -> None:
    assert str(KEYSTEAD_TPM) == "20263fe7-97ae-4bb6-b3b9-a7b5dae6614f"
    assert str(KEYSTEAD_SOFTWARE) == "a02e549b-2f40-496f-99eb-90999de59314"
    assert "software" in (authenticator_name(KEYSTEAD_SOFTWARE) or "")


def test_a_model_nobody_knows_has_no_name() -> None:
    assert authenticator_name(UUID("bada5566-a7aa-401f-bd96-45619a55120d")) == "1Password"
    assert authenticator_name(UUID(int=1)) is None
