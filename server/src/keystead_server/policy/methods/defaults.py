"""Security defaults: one switch, on in a new tenant, nothing to tune.

Everybody registers a phishing-resistant method at their first sign-in, without grace: until then a sign-in
leads to registering and nowhere else. Administrators, whatever their role, always sign in with such a
method; a Temporary Access Pass lets them register one, and even then nothing else.
"""

from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.decide import NotAllowed
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.people import Subject

_WEAK = NotAllowed(
    "phishing_resistant_required",
    "administrators sign in with a passkey",
    "Use your passkey. If you lost it, ask another administrator for a Temporary Access Pass.",
)


def refuses(policy: MethodsPolicy, subject: Subject, method: Method, *, has_passkey: bool) -> NotAllowed | None:
    """Why a sign-in with *method* opens no session at all, or None.

    Args:
        has_passkey: whether the person has one that they could have used instead.
    """
    if not policy.security_defaults or method.resists_phishing or not subject.roles or not has_passkey:
        return None
    # Somebody issued the pass because the passkey is lost or does not work: it opens a session that
    # `holds` keeps to registering another.
    return None if method is Method.TEMPORARY_ACCESS_PASS else _WEAK


def holds(policy: MethodsPolicy, subject: Subject, method: Method, *, has_passkey: bool) -> bool:
    """Whether a session opened with *method* is for registering a passkey and for nothing else."""
    if not policy.security_defaults or method.resists_phishing:
        return False
    return bool(subject.roles) or not has_passkey
