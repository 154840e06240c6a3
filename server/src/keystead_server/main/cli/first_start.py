"""What a new server needs and says: an organisation, an administrator, a one-time way in."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.main.config import Config
from keystead_server.main.wiring import System

FIRST_TENANT = "home"
FIRST_ADMINISTRATOR = "admin"
INVITATION_LIFETIME = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time way in for an administrator who has no passkey yet."""

    tenant: Tenant
    user: User
    code: str
    link: str
    lifetime: timedelta


@dataclass(slots=True)
class Opening:
    founded: Tenant | None = None
    invitations: list[Invitation] = field(default_factory=list)

    def text(self, config: Config) -> str:
        lines = ["", f"  Keystead is ready:  {config.public_url}", f"  Data:               {config.data.absolute()}"]
        for invitation in self.invitations:
            lines += [
                "",
                f"  {invitation.user.username} of {invitation.tenant.name} has no passkey yet. "
                f"Sign in once with this link (good for {_long(invitation.lifetime)}):",
                f"  {invitation.link}",
                f"  or type the Temporary Access Pass yourself:  {invitation.code}",
            ]
        if not self.invitations:
            lines += ["", "  Lost your way in?   keystead pass issue USERNAME"]
        return "\n".join([*lines, "", "  Stop with Ctrl-C.", ""])


def _long(lifetime: timedelta) -> str:
    minutes = lifetime // timedelta(minutes=1)
    return f"{minutes} minutes" if minutes % 60 else f"{minutes // 60} hours"


async def found_if_new(
    system: System, *, tenant: str = FIRST_TENANT, display_name: str = "", administrator: str = FIRST_ADMINISTRATOR
) -> Tenant | None:
    """Found the first organisation; None when there is one already."""
    if await system.store.tenants.all():
        return None
    founded, _ = await system.found_tenant(tenant, display_name=display_name, administrator=administrator)
    return founded


async def announce(system: System) -> list[Invitation]:
    """A fresh one-time pass for every organisation whose administrators have no passkey at all."""
    invitations = []
    for tenant in await system.store.tenants.all():
        administrators = await system.store.users.administrators(tenant.id)
        passkeys = [await system.store.passkeys.of_user(tenant.id, user.id) for user in administrators]
        if administrators and not any(passkeys):
            invitations.append(await invite(system, tenant, administrators[0]))
    return invitations


async def invite(system: System, tenant: Tenant, user: User) -> Invitation:
    passes = (await system.services.methods.now(tenant.id)).passes
    lifetime = min(max(INVITATION_LIFETIME, passes.minimum_lifetime), passes.maximum_lifetime)
    issued = await system.services.issue_pass(user, by=OPERATOR, lifetime=lifetime, usable_once=True)
    return Invitation(tenant, user, issued.code, pass_link(system.config, tenant, user, issued.code), lifetime)


def pass_link(config: Config, tenant: Tenant, user: User, code: str) -> str:
    """A link to the pass page with both fields filled in; nothing happens until the person presses the button."""
    query = urlencode({"user": user.username, "pass": code})
    return f"{config.public_url}/{tenant.name}/sign-in/pass?{query}"
