"""A user as tokens and userinfo describe them."""

from keystead_core.oidc.claims import Person

from keystead_server.domain.user import User


def person_of(user: User) -> Person:
    return Person(
        sub=user.id, oid=user.id, tid=user.tenant_id, preferred_username=user.username, name=user.display_name
    )
