"""The names of what Conditional Access knows by id, as they are now."""

from collections.abc import Iterable

from keystead_server.domain.ids import TenantId, UserId
from keystead_server.flows.access_facts import OWN_APPS, ROLE_TEMPLATES
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.terms import Terms
from keystead_server.policy.access.vocabulary import ALL, GUESTS, NONE
from keystead_server.ports.store import Store


async def names_for(
    store: Store, tenant: TenantId, *sets: PolicySet, people: Iterable[str] = (), terms: Iterable[Terms] = ()
) -> Names:
    """Names of everything that *sets* name, and of *people*; what is not there any more keeps its id."""
    found: dict[str, str] = {template: role.value for role, template in ROLE_TEMPLATES.items()}
    found.update({str(app): name for app, name in OWN_APPS.items()})
    found.update({group.id: group.name for group in await store.groups.all(tenant)})
    found.update({app.id: app.name for app in await store.apps.all(tenant)})
    found.update({one.id: one.name for one in terms})
    for one in sets:
        found |= {policy.id: policy.name for policy in one.policies}
        found |= {location.id: location.name for location in one.locations}
        found |= {strength.id: strength.name for strength in one.strengths.values()}
    for person in sorted({*people, *_people(sets)}):
        user = await store.users.get(tenant, UserId(person))
        if user is not None:
            found[person] = user.username
    return Names(found)


def _people(sets: Iterable[PolicySet]) -> Iterable[str]:
    for one in sets:
        yield from one.break_glass
        for policy in one.policies:
            users = policy.conditions.users
            yield from (users.include | users.exclude) - {ALL, NONE, GUESTS}
            yield from (spared.id for spared in users.until)
