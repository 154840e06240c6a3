"""People as tokens describe them, and whoever changed something as a log's reader knows them."""

from keystead_core.oidc.claims import Person

from keystead_server.domain.ids import AppId, TenantId, UserId
from keystead_server.domain.user import User
from keystead_server.ports.store import Store


def person_of(user: User) -> Person:
    return Person(
        sub=user.id, oid=user.id, tid=user.tenant_id, preferred_username=user.username, name=user.display_name
    )


async def author_name(store: Store, tenant: TenantId, author: UserId | AppId) -> str | None:
    """The username of a person or the name of an app; None for one that is no longer there."""
    user = await store.users.get(tenant, UserId(author))
    if user is not None:
        return user.username
    app = await store.apps.get(tenant, AppId(author))
    return None if app is None else app.name
