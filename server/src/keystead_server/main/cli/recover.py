"""keystead recover"""

from dataclasses import replace

import click

from keystead_server.domain.access_pass import readable_code
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.sign_in import Method
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Role, User
from keystead_server.main.cli.first_start import invite
from keystead_server.main.cli.frame import Frame, as_json, tell
from keystead_server.main.wiring import System
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.people import user as principal_of


@click.command(epilog="Example:  keystead recover admin@contoso.example")
@click.argument("username")
@as_json
@click.pass_obj
def recover(frame: Frame, username: str, json_output: bool) -> None:
    """Get an administrator in, whatever the policies say. Each step is in the audit log.

    The account is switched on and made Global Administrator, no Conditional Access policy is for it any
    more, passes are allowed for it, and it gets one. A change on trial is taken back.
    """

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await _administrator(system, await frame.user_of(system, tenant, username))
        await _outside_policies(system, tenant, person)
        await _may_use_a_pass(system, tenant, person)
        invitation = await invite(system, tenant, person)
        tell(
            {"username": person.username, "pass": invitation.code, "link": invitation.link},
            f"{readable_code(invitation.code)}   for {person.username}, once\n{invitation.link}\n"
            "No Conditional Access policy is for this account any more, until you take it out of the break-glass accounts.",
            json_output=json_output,
        )

    frame.run(work, json_output=json_output)


async def _administrator(system: System, person: User) -> User:
    users = system.services.manage_user
    if not person.enabled:
        person = await users.enable(person, by=OPERATOR)
    if not person.is_administrator:
        person = await users.set_roles(person, person.roles | {Role.GLOBAL_ADMINISTRATOR}, by=OPERATOR)
    return person


async def _outside_policies(system: System, tenant: Tenant, person: User) -> None:
    manage, access = system.services.manage_access, system.services.access_policies
    now = system.services.clock.now()
    if (await access.now(tenant.id, now)).rules.pending is not None:
        await manage.take_back(tenant.id, by=OPERATOR)

    def spared(rules: AccessRules) -> AccessRules:
        return replace(rules, set=replace(rules.set, break_glass=rules.set.break_glass | {person.id}))

    rules = (await access.now(tenant.id, now)).rules
    if rules.set.policies and person.id not in rules.set.break_glass:
        await manage.change(tenant.id, spared, by=OPERATOR, about=f"recovery of {person.username}")


async def _may_use_a_pass(system: System, tenant: Tenant, person: User) -> None:
    held = await system.services.held_methods.of(person)
    if held.against_using(Method.TEMPORARY_ACCESS_PASS) is None:
        return
    passes = held.policy.of(Method.TEMPORARY_ACCESS_PASS)
    if passes is None:
        return
    # Everybody who was included stays so; who was excluded stays so, but for this account where it is named.
    me = principal_of(person.id)
    include = passes.include | {me} if passes.enabled else frozenset({me})
    exclude = frozenset(one for one in passes.exclude if not one.covers(held.subject))
    allowed = replace(passes, enabled=True, include=include, exclude=exclude)
    await system.services.save_methods_policy(tenant.id, held.policy.having(allowed), by=OPERATOR)
