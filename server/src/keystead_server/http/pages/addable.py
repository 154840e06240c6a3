"""What somebody could set up besides passkeys, and why not what they cannot: said before anything is asked."""

from dataclasses import dataclass

from keystead_server.domain.sign_in import Method
from keystead_server.domain.totp import MAX_TOTP
from keystead_server.flows.held_methods import Held
from keystead_server.http.call import Call
from keystead_server.http.pages import method_words
from keystead_server.policy.methods.decide import may_set_up


@dataclass(frozen=True, slots=True)
class Addable:
    """Attributes:
    why_not: a sentence; None when the page behind *address* has a form.
    """

    name: str
    hint: str
    verb: str
    address: str
    why_not: str | None


async def addable(call: Call, held: Held) -> list[Addable]:
    """What there is a way to first. A sign-in that is not fresh is no reason here: the page says it, and leads on."""
    secrets, base = held.secrets, f"/{call.tenant.name}/account"
    offers = [
        (
            Method.SOFTWARE_OATH, "An app that shows a new code every half minute. It follows your password.",
            "Add an app", f"{base}/authenticator-apps/new",
        ),
        (
            Method.RECOVERY_CODE, "Ten codes for a safe place, for the day you lose your authenticator app.",
            "Make new codes" if secrets.recovery_codes else "Make codes", f"{base}/recovery-codes",
        ),
        (
            Method.PASSWORD, "The first of two: your authenticator app's code follows it.",
            "Change the password" if secrets.password else "Set a password", f"{base}/password",
        ),
    ]  # fmt: skip
    found = [
        Addable(method_words.name(method), hint, verb, address, _why_not(held, method))
        for method, hint, verb, address in offers
    ]
    return sorted(found, key=lambda each: each.why_not is not None)


def _why_not(held: Held, method: Method) -> str | None:
    against = may_set_up(held.policy, method, held.subject) or held.against_using(method)
    if against is not None:
        return f"You cannot, because {against.says}."
    if method is Method.SOFTWARE_OATH and len(held.secrets.totp) >= MAX_TOTP:
        return f"You have {MAX_TOTP}, which is as many as an account can have."
    return None
