"""What letters say: plain text, so that nothing in a name can become a link's disguise or a script.

Every address in a letter begins with our public URL from the settings, never with what a request
named as its host.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.letter import Letter, Occasion
from keystead_server.domain.tenant import Tenant

_NOT_YOU = (
    "If this was not you and nobody told you of it, open your account, sign out everywhere, "
    "and tell an administrator of your organisation."
)


@dataclass(frozen=True, slots=True)
class Words:
    subject: str
    text: str


def words(letter: Letter, told: Mapping[str, str], tenant: Tenant, public_url: str) -> Words:
    """*letter* in words; *told* is what it was written with."""
    base = f"{public_url}/{tenant.name}"
    subject, paragraphs = _WORDS[letter.occasion](told, tenant, base)
    when = letter.created_at.strftime("%d %B %Y at %H:%M UTC")
    ending = [f"This happened on {when}.", f"Your account: {base}/account"]
    return Words(f"{tenant.display_name}: {subject}", "\n\n".join([*paragraphs, *ending]) + "\n")


def _registered(told: Mapping[str, str], _: Tenant, __: str) -> tuple[str, list[str]]:
    # A letter that an earlier version wrote does not say.
    gone = [_METHODS[noun] for noun in told.get("retired", "").split(",") if noun]
    retired = f"Your organisation lets nothing weaker stand beside a passkey, so this does not work any more: {', '.join(gone)}."
    added = f"The passkey “{told['name']}” was added to your account."
    return "a passkey was added", [added, *([retired] if gone else []), _NOT_YOU]


def _on_behalf(told: Mapping[str, str], _: Tenant, __: str) -> tuple[str, list[str]]:
    return "an administrator added a passkey for you", [
        f"The passkey “{told['name']}” was added to your account by {told['by']}, and whoever holds it can sign in as you.",
        "If you were given a security key or a device with it, open your account and say that you know of it. "
        "If not, remove it there and tell another administrator.",
    ]


def _removed(told: Mapping[str, str], _: Tenant, __: str) -> tuple[str, list[str]]:
    return "a passkey was removed", [
        f"The passkey “{told['name']}” was removed from your account by {told['by']}. Nobody can sign in with it any more.",
        _NOT_YOU,
    ]


def _pass_issued(told: Mapping[str, str], _: Tenant, __: str) -> tuple[str, list[str]]:
    return "a Temporary Access Pass was issued for you", [
        f"{told['by']} issued a Temporary Access Pass for your account. Whoever has it can sign in as you for a while.",
        "If you did not ask for one, tell another administrator of your organisation at once.",
    ]


def _pass_delivered(told: Mapping[str, str], tenant: Tenant, base: str) -> tuple[str, list[str]]:
    until = datetime.fromisoformat(told["expires_at"]).strftime("%d %B %Y, %H:%M UTC")
    return "your link to sign in", [
        f"{told['by']} sent you this link, so that you can sign in to {tenant.display_name} and add a passkey:",
        f"{base}/sign-in/link/{told['link']}",
        f"It works once, until {until}. Nobody else has seen it. Do not pass it on: whoever opens it signs in as you.",
        "If you did not ask for it, do not open it, and tell an administrator of your organisation.",
    ]


def _method_added(told: Mapping[str, str], _: Tenant, __: str) -> tuple[str, list[str]]:
    kind, what = _method(told)
    return f"{kind} was added", [
        f"{_begun(what)} was added to your account: one more way to sign in as you.",
        _NOT_YOU,
    ]


def _method_changed(told: Mapping[str, str], _: Tenant, __: str) -> tuple[str, list[str]]:
    kind, what = _method(told)
    return f"{kind} was replaced", [
        f"{_begun(what)} of your account took the place of what was there before.",
        _NOT_YOU,
    ]


def _method_removed(told: Mapping[str, str], _: Tenant, __: str) -> tuple[str, list[str]]:
    kind, what = _method(told)
    return f"{kind} was removed", [
        f"{_begun(what)} was removed from your account by {told['by']}. Nobody can sign in with it any more.",
        _NOT_YOU,
    ]


def _method(told: Mapping[str, str]) -> tuple[str, str]:
    """What kind it is, for the subject, where no name that somebody chose belongs; and with its name."""
    kind = _METHODS[told["method"]]
    return kind, f"{kind} “{told['name']}”" if told.get("name") else kind


_METHODS = {
    "password": "a password",
    "totp": "an authenticator app",
    "recovery_codes": "a set of recovery codes",
    "hello_key": "a Windows Hello key",
    "pass": "a Temporary Access Pass",
}


def _begun(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _signed_out(_: Mapping[str, str], __: Tenant, ___: str) -> tuple[str, list[str]]:
    return "you were signed out everywhere", ["Every session of your account was ended.", _NOT_YOU]


def _mail_changed(_: Mapping[str, str], __: Tenant, ___: str) -> tuple[str, list[str]]:
    return "letters about your account go elsewhere now", [
        "An administrator changed the mail address of your account. This is the last letter to this one.",
        "If you do not know why, tell another administrator of your organisation.",
    ]


def _device_unlocked(told: Mapping[str, str], _: Tenant, __: str) -> tuple[str, list[str]]:
    return "a computer of yours may be unlocked", [
        f"From your account, the computer “{told['name']}” was allowed to forget the wrong PINs that were typed there. "
        "Whoever sits at it can try ten more.",
        _NOT_YOU,
    ]


def _emergency_used(told: Mapping[str, str], _: Tenant, base: str) -> tuple[str, list[str]]:
    return "an emergency account was used", [
        f"Somebody signed in with the emergency account {told['account']}, from {told['address']}. No policy is for it.",
        f"If nobody of you did, disable it at once and look at what it did: {base}/admin/audit",
    ]


def _emergency_unready(told: Mapping[str, str], _: Tenant, __: str) -> tuple[str, list[str]]:
    return "an emergency account would not help", [
        "The monthly check of the accounts that are to get you in when nothing else does found:",
        *(f"- {one}" for one in told["troubles"].split("\n")),
        "Set it right now, and sign in with each of them once.",
    ]


_WORDS: dict[Occasion, Callable[[Mapping[str, str], Tenant, str], tuple[str, list[str]]]] = {
    Occasion.PASSKEY_REGISTERED: _registered,
    Occasion.PASSKEY_REGISTERED_ON_BEHALF: _on_behalf,
    Occasion.PASSKEY_REMOVED: _removed,
    Occasion.PASS_ISSUED: _pass_issued,
    Occasion.PASS_DELIVERED: _pass_delivered,
    Occasion.METHOD_ADDED: _method_added,
    Occasion.METHOD_CHANGED: _method_changed,
    Occasion.METHOD_REMOVED: _method_removed,
    Occasion.SIGNED_OUT_EVERYWHERE: _signed_out,
    Occasion.MAIL_CHANGED: _mail_changed,
    Occasion.DEVICE_UNLOCKED: _device_unlocked,
    Occasion.EMERGENCY_USED: _emergency_used,
    Occasion.EMERGENCY_UNREADY: _emergency_unready,
}
