"""TPM commands and sessions without a TPM: what is sent is exact, what comes back is not believed."""

import contextlib
import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.tpm import build, commands, nv, policy
from keystead_core.tpm.codes import CommandCode, ResponseCode, SessionUse, base_of, name_of
from keystead_core.tpm.faults import ResponseMalformed, ResponseNotAuthentic, TpmError, TpmFault
from keystead_core.tpm.sessions import EMPTY_PASSWORD, Session, Use, response_code, seal

NONCE = bytes(range(16))
SESSION = Session(handle=0x02000000, nonce_tpm=b"t" * 16, key=b"k" * 32)


def answer(parameters: bytes, code: CommandCode, *, nonce: bytes = NONCE, key: bytes = SESSION.key) -> bytes:
    """What an honest TPM would answer in SESSION."""
    digest = sha256(bytes(4) + code.to_bytes(4, "big") + parameters).digest()
    mac = hmac.digest(key, digest + b"n" * 16 + nonce + b"\x01", "sha256")
    area = b"\x00\x10" + b"n" * 16 + b"\x01" + b"\x00\x20" + mac
    body = len(parameters).to_bytes(4, "big") + parameters + area
    return b"\x80\x02" + (10 + len(body)).to_bytes(4, "big") + bytes(4) + body


@pytest.mark.parametrize(
    ("rc", "name"),
    [
        (0x98E, "TPM_RC_AUTH_FAIL"),
        (0x9A2, "TPM_RC_BAD_AUTH"),
        (0x921, "TPM_RC_LOCKOUT"),
        (0x922, "TPM_RC_RETRY"),
        (0x12F, "TPM_RC_AUTH_UNAVAILABLE"),
        (0x1DF, "TPM_RC_INTEGRITY"),
        (0x18B, "TPM_RC_HANDLE"),
        (0x99D, "TPM_RC_POLICY_FAIL"),
        (0x902, "TPM_RC_OBJECT_MEMORY"),
        (0x101, "TPM_RC_FAILURE"),
    ],
)
def test_a_response_code_keeps_its_name_whatever_it_is_about(rc: int, name: str) -> None:
    assert name_of(rc) == name
    assert ResponseCode[name] == base_of(rc)


def test_an_unknown_response_code_is_shown_as_it_is() -> None:
    assert name_of(0x5FF) == "TPM_RC 0x5ff"


def test_a_refusal_says_which_command_and_with_which_code() -> None:
    sealed = seal(commands.get_random(8), (), {})

    with pytest.raises(TpmError) as refused:
        sealed.open(bytes.fromhex("8001 0000000a 00000921".replace(" ", "")))

    assert refused.value.rc == 0x921
    assert refused.value.name == "TPM_RC_LOCKOUT"
    assert str(refused.value) == "GetRandom: TPM_RC_LOCKOUT (0x921)"


def test_a_command_without_sessions_is_exactly_these_bytes() -> None:
    assert seal(commands.get_random(8), (), {}).frame == bytes.fromhex("80010000000c0000017b0008")


def test_an_empty_password_is_the_only_password_there_is() -> None:
    frame = seal(commands.dictionary_attack_lock_reset(), (EMPTY_PASSWORD,), {}).frame

    assert frame.hex() == "80020000001b00000139" + "4000000a" + "00000009" + "40000009" + "0000" + "01" + "0000"


def test_an_honest_answer_is_read_and_its_nonce_is_kept() -> None:
    sealed = seal(commands.object_change_auth(1, 2, b"new"), (Use(SESSION, NONCE),), {})

    opened = sealed.open(answer(b"\x00\x03out", CommandCode.OBJECT_CHANGE_AUTH))

    assert opened.result == b"out"
    assert opened.nonces_tpm == (b"n" * 16,)


def test_an_answer_with_a_wrong_hmac_is_refused() -> None:
    sealed = seal(commands.object_change_auth(1, 2, b"new"), (Use(SESSION, NONCE),), {})

    with pytest.raises(ResponseNotAuthentic):
        sealed.open(answer(b"\x00\x03out", CommandCode.OBJECT_CHANGE_AUTH, key=b"z" * 32))


def test_an_old_answer_is_no_answer_to_a_new_command() -> None:
    old = answer(b"\x00\x03out", CommandCode.OBJECT_CHANGE_AUTH, nonce=b"o" * 16)
    sealed = seal(commands.object_change_auth(1, 2, b"new"), (Use(SESSION, NONCE),), {})

    with pytest.raises(ResponseNotAuthentic):
        sealed.open(old)


@given(st.binary(max_size=120))
def test_no_bytes_from_the_chip_make_us_do_anything_but_refuse(response: bytes) -> None:
    call = commands.sign(1, bytes(32))
    framed = b"\x80\x02" + (10 + len(response)).to_bytes(4, "big") + bytes(4) + response

    for data in (response, framed):
        with contextlib.suppress(TpmFault):
            seal(call, (Use(SESSION, NONCE),), {}).open(data)
        with contextlib.suppress(TpmFault):
            seal(call, (EMPTY_PASSWORD,), {}).open(data)
        with contextlib.suppress(TpmFault):
            response_code(data)
    with contextlib.suppress(TpmFault):
        build.read_p256(response)


def test_bytes_after_the_end_of_an_answer_are_refused() -> None:
    sealed = seal(commands.object_change_auth(1, 2, b"new"), (Use(SESSION, NONCE),), {})
    honest = answer(b"\x00\x03out", CommandCode.OBJECT_CHANGE_AUTH)
    longer = honest[:2] + (len(honest) + 1).to_bytes(4, "big") + honest[6:] + b"!"

    with pytest.raises(ResponseMalformed):
        sealed.open(longer)


def test_what_is_encrypted_is_not_in_the_frame_and_what_is_not_is() -> None:
    secret = b"0123456789abcdef"
    call = commands.object_change_auth(1, 2, secret)

    hidden = seal(call, (Use(SESSION, NONCE, attributes=SessionUse.DECRYPT),), {}).frame
    open_ = seal(call, (Use(SESSION, NONCE),), {}).frame

    assert secret not in hidden
    assert secret in open_
    assert len(hidden) == len(open_)


def test_an_auth_value_is_proved_and_never_sent() -> None:
    frame = seal(commands.unseal(1), (Use(SESSION, NONCE, auth_value=b"s" * 32),), {}).frame

    assert b"s" * 32 not in frame
    assert frame != seal(commands.unseal(1), (Use(SESSION, NONCE, auth_value=b"x" * 32),), {}).frame


def test_the_first_session_vouches_for_a_separate_one_that_encrypts() -> None:
    first = Use(SESSION, NONCE)
    other = Session(handle=0x02000001, nonce_tpm=b"u" * 16, key=b"l" * 32)

    with_other = seal(commands.unseal(1), (first, Use(other, NONCE, attributes=SessionUse.ENCRYPT)), {}).frame
    renewed = Use(Session(other.handle, b"v" * 16, other.key), NONCE, attributes=SessionUse.ENCRYPT)
    with_renewed = seal(commands.unseal(1), (first, renewed), {}).frame

    mac_of_first = slice(4 + 10 + 4 + 4 + 2 + 16 + 1, 4 + 10 + 4 + 4 + 2 + 16 + 1 + 34)
    assert with_other[mac_of_first] != with_renewed[mac_of_first]


def test_a_policy_takes_two_to_eight_branches() -> None:
    with pytest.raises(ValueError, match="two to eight"):
        policy.either(bytes(32))


def test_policies_depend_on_order_and_on_the_entity() -> None:
    one, two = policy.after_secret(policy.NO_POLICY, b"a"), policy.after_secret(policy.NO_POLICY, b"b")

    assert len({one, two, policy.either(one, two), policy.either(two, one)}) == 4
    assert policy.after_secret(one, b"b") != policy.after_secret(two, b"a")


def test_a_signing_key_is_bound_to_its_chip_and_is_not_locked_by_the_typing_of_others() -> None:
    template = build.signing_key()

    # sign, noDA, userWithAuth, sensitiveDataOrigin, fixedParent, fixedTPM
    assert int.from_bytes(template[4:8], "big") == 0x00040472


def test_a_sealed_item_under_a_policy_has_no_way_around_it() -> None:
    template = build.sealed(dictionary_attack_protected=True, policy=b"p" * 32)

    # adminWithPolicy, fixedParent, fixedTPM: neither userWithAuth nor noDA
    assert int.from_bytes(template[4:8], "big") == 0x00000092
    assert b"p" * 32 in template


def test_an_answer_is_checked_under_the_authvalue_that_the_command_has_set() -> None:
    use = Use(SESSION, NONCE, b"old", answered_with=b"new")
    sealed = seal(nv.nv_change_auth(0x01800000, b"new"), (use,), {})

    sealed.open(answer(b"", CommandCode.NV_CHANGE_AUTH, key=SESSION.key + b"new"))
    with pytest.raises(ResponseNotAuthentic):
        sealed.open(answer(b"", CommandCode.NV_CHANGE_AUTH, key=SESSION.key + b"old"))
