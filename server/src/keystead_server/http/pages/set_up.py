"""Set up a password, an authenticator app or recovery codes on one's own page."""

from dataclasses import dataclass

from keystead_core.wire import WireError, b64url_decode, b64url_encode
from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.password import MIN_CHARACTERS
from keystead_server.domain.recovery_codes import readable_recovery_code
from keystead_server.flows.make_recovery_codes import RecoveryCodesMade
from keystead_server.flows.method_gate import NotDone
from keystead_server.flows.set_password import PasswordSet
from keystead_server.flows.set_up_totp import TotpKept, TotpOffered
from keystead_server.http.call import Call
from keystead_server.http.pages import method_words
from keystead_server.http.pages.next_page import after_sign_in, continuation, sign_in_address, with_continue
from keystead_server.http.pages.qr import qr_picture
from keystead_server.http.pages.render import page, see_other

_SIGN_IN_AGAIN = frozenset({"sign_in_not_fresh", "stronger_method_needed", "another_method_needed"})


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why the page has no form. Attributes: sign_in_again is where, when that would help."""

    says: str
    sign_in_again: str | None


def obstacle(call: Call, refusal: NotDone | None) -> Obstacle | None:
    if refusal is None:
        return None
    here = f"{call.scope['path']}?{call.query_string}" if call.query_string else call.scope["path"]
    again = sign_in_address(call, here) if refusal.code in _SIGN_IN_AGAIN else None
    return Obstacle(method_words.not_done(refusal), again)


def _typed(call: Call, field: str) -> str:
    """A field as it was typed: a space at the end is part of a password."""
    return next((value for key, value in call.form_pairs() if key == field), "")


# -- password --------------------------------------------------------------------------------


async def ask_password(call: Call) -> Response:
    return await _password(call)


async def set_password(call: Call) -> Response:
    typed = _typed(call, "password")
    if typed != _typed(call, "repeated"):
        return await _password(call, wrong="The two are not the same.", field="repeated", status=422)
    try:
        outcome = await call.services.set_password(call.signed_in, typed)
    except Invalid as invalid:
        return await _password(call, wrong=_sentence(invalid), field="password", status=422)
    match outcome:
        case PasswordSet():
            going = continuation(call)
            done = f"/{call.tenant.name}/account?done=password_set"
            return see_other(done if going is None else after_sign_in(call, going))
        case NotDone():
            return await _password(call, status=422)


async def _password(call: Call, *, wrong: str | None = None, field: str = "", status: int = 200) -> Response:
    against = await call.services.set_password.against(call.signed_in)
    secrets = await call.services.store.secrets.of_user(call.tenant.id, call.user.id)
    going = continuation(call)
    return page(
        call, "set-password.html", going_on=going is not None,
        action=with_continue(call, f"/{call.tenant.name}/account/password", going), status=status, obstacle=obstacle(call, against), change=secrets.password is not None,
        at_least=MIN_CHARACTERS, wrong=wrong, wrong_field=field, username=call.user.username,
        second_factor=bool(secrets.totp) or secrets.recovery_codes is not None,
    )  # fmt: skip


# -- authenticator app -----------------------------------------------------------------------


async def ask_totp(call: Call) -> Response:
    offer = await call.services.set_up_totp.begin(call.signed_in, organisation=call.tenant.display_name)
    match offer:
        case TotpOffered():
            return _totp(call, offer)
        case NotDone():
            return _totp(call, None, refusal=offer)


async def set_up_totp(call: Call) -> Response:
    try:
        sealed = b64url_decode(call.field("set_up"))
    except WireError:
        sealed = b""
    flow = call.services.set_up_totp
    try:
        outcome = await flow.finish(call.signed_in, sealed, call.field("code"), call.field("name"))
    except Invalid as invalid:
        # The same secret again: the app has it already.
        offer = flow.again(call.signed_in, sealed, organisation=call.tenant.display_name)
        return _totp(call, offer, wrong=_sentence(invalid), field=invalid.target or "code", status=422)
    match outcome:
        case TotpKept():
            return see_other(f"/{call.tenant.name}/account?done=totp_added")
        case NotDone("set_up_expired") as expired:
            renewed = await flow.begin(call.signed_in, organisation=call.tenant.display_name)
            if isinstance(renewed, NotDone):
                return _totp(call, None, refusal=renewed, status=422)
            return _totp(call, renewed, wrong=method_words.not_done(expired), field="code", status=422)
        case NotDone():
            return _totp(call, None, refusal=outcome, status=422)


def _totp(
    call: Call,
    offer: TotpOffered | None,
    *,
    refusal: NotDone | None = None,
    wrong: str | None = None,
    field: str = "",
    status: int = 200,
) -> Response:
    return page(
        call, "set-up-totp.html", status=status, obstacle=obstacle(call, refusal), offer=offer,
        qr=None if offer is None else qr_picture(offer.uri, "QR code for your authenticator app"),
        set_up="" if offer is None else b64url_encode(offer.sealed),
        wrong=wrong, wrong_field=field, name=call.field("name"),
    )  # fmt: skip


# -- recovery codes --------------------------------------------------------------------------


async def ask_recovery_codes(call: Call) -> Response:
    return await _recovery_codes(call)


async def make_recovery_codes(call: Call) -> Response:
    """The one page that shows them; we keep only digests."""
    try:
        outcome = await call.services.make_recovery_codes(call.signed_in)
    except Invalid as invalid:
        return await _recovery_codes(call, wrong=_sentence(invalid), status=422)
    match outcome:
        case RecoveryCodesMade(codes=codes):
            return page(call, "recovery-codes.html", codes=list(map(readable_recovery_code, codes)))
        case NotDone():
            return await _recovery_codes(call, status=422)


async def _recovery_codes(call: Call, *, wrong: str | None = None, status: int = 200) -> Response:
    against = await call.services.make_recovery_codes.against(call.signed_in)
    secrets = await call.services.store.secrets.of_user(call.tenant.id, call.user.id)
    return page(
        call, "make-recovery-codes.html", status=status, obstacle=obstacle(call, against),
        left=None if secrets.recovery_codes is None else secrets.recovery_codes.left, wrong=wrong,
    )  # fmt: skip


def _sentence(invalid: Invalid) -> str:
    return invalid.message[:1].upper() + invalid.message[1:] + "."
