"""What the pages of Conditional Access share: the rules in force with their names, and the way to change them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from keystead_server.flows.access_facts import Place
from keystead_server.flows.access_names import names_for
from keystead_server.flows.policies import AccessVersion
from keystead_server.http.call import Call
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.names import Names


@dataclass(frozen=True, slots=True)
class Standing:
    """Conditional Access as it is now.

    Attributes:
        saved: what was saved last, which may be a trial that is over.
        names: of everything that the rules name.
    """

    saved: AccessVersion
    now: AccessVersion
    names: Names

    @property
    def rules(self) -> AccessRules:
        return self.now.rules

    async def names_with(self, call: Call, *policies: Policy) -> Names:
        """Names of what *policies* name too."""
        return await names_for(
            call.services.store, call.tenant.id, self.rules.set, PolicySet(policies), terms=self.rules.terms
        )


async def standing(call: Call) -> Standing:
    saved = await call.services.access_policies.saved(call.tenant.id)
    now = saved.at(call.services.clock.now())
    rules = now.rules
    return Standing(saved, now, await names_for(call.services.store, call.tenant.id, rules.set, terms=rules.terms))


async def change(
    call: Call, edit: Callable[[AccessRules], AccessRules], about: str, *, trial: timedelta | None = None
) -> None:
    """Save what *edit* makes of the rules; who saves must get in afterwards from where they are now.

    Raises:
        Invalid: it cannot be, or would lock somebody out who must not be.
    """
    await call.services.manage_access.change(
        call.tenant.id, edit, by=call.actor, about=about, seen=Place.of(call.visitor), trial=trial
    )
