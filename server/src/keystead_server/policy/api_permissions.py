"""What apps may be allowed to do of our API, in Microsoft Graph's names.

A permission is granted to an app by an administrator, in one or both of two kinds:

    delegated      the app acts for a person who is signed in: it may do what it was granted *and* the
                   person's roles allow, never more than either
    application    the app acts by itself

A route names the permissions that open it (`ByToken`); an app needs one of them.
"""

from collections.abc import Collection
from dataclasses import dataclass

from keystead_server.domain.app import App
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User
from keystead_server.policy.permissions import Permission, may


@dataclass(frozen=True, slots=True)
class ApiPermission:
    """Attributes:
    meaning: for the administrator who grants it; completes "The app may …".
    application: whether an app can have it by itself.
    """

    meaning: str
    application: bool = True


API_PERMISSIONS: dict[str, ApiPermission] = {
    "User.Read": ApiPermission("read the account of whoever is signed in", application=False),
    "User.Read.All": ApiPermission("read all accounts"),
    "User.ReadWrite.All": ApiPermission("create, change and delete accounts"),
    "Group.Read.All": ApiPermission("read all groups and who is in them"),
    "Group.ReadWrite.All": ApiPermission("create and delete groups, and put people into them"),
    "Organization.Read.All": ApiPermission("read the organisation's name"),
    "Directory.Read.All": ApiPermission("read accounts, groups and the organisation"),
    "UserAuthenticationMethod.Read.All": ApiPermission("read what people sign in with"),
    "UserAuthenticationMethod.ReadWrite.All": ApiPermission("change what people sign in with, and issue passes"),
    "UserAuthMethod-Passkey.Read.All": ApiPermission("read people's passkeys"),
    "UserAuthMethod-Passkey.ReadWrite.All": ApiPermission("register and remove people's passkeys"),
    "Policy.Read.All": ApiPermission("read all policies"),
    "Policy.Read.AuthenticationMethod": ApiPermission("read what may be used to sign in"),
    "Policy.ReadWrite.AuthenticationMethod": ApiPermission("change what may be used to sign in"),
    "Policy.Read.ConditionalAccess": ApiPermission("read the policies of Conditional Access"),
    "Policy.ReadWrite.ConditionalAccess": ApiPermission("change the policies of Conditional Access"),
    "Policy.ReadWrite.SecurityDefaults": ApiPermission("switch security defaults on and off"),
    "IdentityRiskyUser.Read.All": ApiPermission("read who is at risk"),
    "IdentityRiskyUser.ReadWrite.All": ApiPermission("confirm and dismiss people's risk"),
    "IdentityRiskEvent.Read.All": ApiPermission("read what was found about people's risk"),
    "IdentityRiskEvent.ReadWrite.All": ApiPermission("supply what it found about people's risk"),
    "AuditLog.Read.All": ApiPermission("read the sign-in log, the audit log and the registration report"),
}


@dataclass(frozen=True, slots=True)
class ByToken:
    """What a token must carry to open a route.

    Attributes:
        names: permissions of which one is enough, the least first.
        role: what a person whose token it is must be allowed besides; None where it is about themself.
    """

    names: tuple[str, ...]
    role: Permission | None

    @property
    def delegated(self) -> tuple[str, ...]:
        return self.names

    @property
    def application(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if API_PERMISSIONS[name].application)


def opens(access: ByToken, granted: Collection[str], user: User | None) -> bool:
    """Whether a token with *granted* gets in: *user*'s, or with None an app's own."""
    if user is None:
        return any(name in granted for name in access.application)
    return any(name in granted for name in access.names) and (access.role is None or may(user, access.role))


def check_permissions(app: App, delegated: Collection[str], application: Collection[str]) -> None:
    """Raises Invalid: a name is none of ours, or *app* cannot act by itself."""
    for name in sorted({*delegated, *application}):
        if name not in API_PERMISSIONS:
            raise Invalid(
                "permission_unknown", f"{name!r} is not one of: {', '.join(API_PERMISSIONS)}", target="permissions"
            )
    for name in sorted(application):
        if not API_PERMISSIONS[name].application:
            raise Invalid("permission_needs_a_person", f"{name} is about whoever is signed in", target="permissions")
    # Whoever knows a public app's id could ask for tokens in its name.
    if application and app.is_public:
        raise Invalid("app_is_public", "an app without a secret cannot act by itself", target="permissions")
