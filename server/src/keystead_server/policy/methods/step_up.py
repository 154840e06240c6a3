"""Whether a session is leave to change what its person signs in with."""

from datetime import datetime

from keystead_server.domain.session import Session
from keystead_server.domain.sign_in import Method


def against_adding(session: Session, now: datetime, *, has_way_in: bool) -> str | None:
    """The code of what is against setting up another method, or None.

    Args:
        has_way_in: whether the person could sign in without a pass.
    """
    if not session.is_fresh(now):
        return "sign_in_not_fresh"
    # A pass is for the first way in. Whoever got hold of one must not put a second lock of their own
    # beside the first.
    if session.used(Method.TEMPORARY_ACCESS_PASS) and has_way_in:
        return "stronger_method_needed"
    return None


def against_replacing(
    session: Session, now: datetime, method: Method, *, has_way_in: bool, has_passkey: bool
) -> str | None:
    """The code of what is against changing or removing what they have of *method*, or None.

    Args:
        has_passkey: whether there is one that they could sign in with instead.
    """
    against = against_adding(session, now, has_way_in=has_way_in)
    if against is not None:
        return against
    # Whoever was watched typing it must not be able to change it: by something else, when there is.
    if session.used(method) and has_passkey:
        return "another_method_needed"
    return None
