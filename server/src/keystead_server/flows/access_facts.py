"""What Conditional Access may look at, gathered before it is asked.

Place       from where: the address, and what the browser says it runs on
Target      what is reached for: an app, or the registration of what one signs in with
person      who, with groups and roles (there are no groups in groups here, so membership is whole)
used        what a session was opened with, as strengths name it
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from keystead_core.fast_init import fast_init

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.ids import AppId
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.session import Session
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import Role
from keystead_server.domain.user_agent import system_of
from keystead_server.domain.visitor import Visitor
from keystead_server.policy.access.facts import Address, AppFacts, Person, Used
from keystead_server.policy.access.vocabulary import ADMIN_PORTALS, UNKNOWN, Platform, Unknown, UserAction
from keystead_server.policy.people import Subject
from keystead_server.policy.strengths.evaluate import Credential
from keystead_server.policy.strengths.model import MethodMode

# Our own pages as apps that a policy can name. Ids that nothing else can have: an app's is made at random.
ACCOUNT_APP = AppId("6b657973-7465-6164-0000-000000000001")
ADMINISTRATION_APP = AppId("6b657973-7465-6164-0000-000000000002")
OWN_APPS = {ACCOUNT_APP: "Keystead security info", ADMINISTRATION_APP: "Keystead administration"}

# The ids that Entra gives its built-in roles everywhere, so that exported policies mean the same here.
ROLE_TEMPLATES = {
    Role.GLOBAL_ADMINISTRATOR: "62e90394-69f5-4237-9190-012177145e10",
    Role.AUTHENTICATION_ADMINISTRATOR: "c4e39bd9-1100-46d3-8c65-fb160da0071f",
    Role.GLOBAL_READER: "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
}
_PLATFORMS = {
    "Android": Platform.ANDROID,
    "iPhone": Platform.IOS,
    "iPad": Platform.IOS,
    "Windows": Platform.WINDOWS,
    "macOS": Platform.MAC_OS,
    "Linux": Platform.LINUX,
}
# A recovery code is no method of Graph's: it opens a session, and meets no strength.
_MODES = {
    Method.PASSKEY: MethodMode.FIDO2,
    Method.WINDOWS_HELLO: MethodMode.WINDOWS_HELLO,
    Method.PASSWORD: MethodMode.PASSWORD,
    Method.SOFTWARE_OATH: MethodMode.SOFTWARE_OATH,
}
_MODES_OR_PASS = {*_MODES, Method.TEMPORARY_ACCESS_PASS}
PASSWORD_MODE = frozenset({MethodMode.PASSWORD})


@fast_init
@dataclass(frozen=True, slots=True)
class Place:
    """From where somebody comes.

    Attributes:
        platform: by the browser's own account, which can lie; None for one that nobody recognises.
    """

    address: Address | Unknown
    platform: Platform | Unknown | None

    @classmethod
    def of(cls, visitor: Visitor) -> "Place":
        return cls.said(visitor.address, visitor.user_agent)

    @classmethod
    def said(cls, address: str | None, user_agent: str | None) -> "Place":
        return cls(_address(address or ""), UNKNOWN if user_agent is None else platform_of(user_agent))

    @classmethod
    def kept(cls, address: str, platform: str) -> "Place":
        """As a code carries it."""
        return cls(_address(address), Platform(platform) if platform else None)


NOWHERE_KNOWN = Place(UNKNOWN, UNKNOWN)


@lru_cache(maxsize=4096)
def _address(text: str) -> Address | Unknown:
    try:
        return ip_address(text)
    except ValueError:
        # A socket's path, or a proxy that says nothing: conditions on it fail closed.
        return UNKNOWN


def platform_of(user_agent: str) -> Platform | None:
    return _PLATFORMS.get(system_of(user_agent) or "")


@fast_init
@dataclass(frozen=True, slots=True)
class Target:
    """Attributes:
    app: None for an action alone.
    contexts: authentication contexts that the app asks for.
    changes_password: it is where a policy's demand for another password is met.
    """

    app: AppFacts | None = None
    action: UserAction | None = None
    contexts: frozenset[str] = frozenset()
    changes_password: bool = False

    @property
    def app_id(self) -> AppId | None:
        return None if self.app is None else AppId(self.app.id)

    @property
    def apps(self) -> tuple[AppFacts, ...]:
        return () if self.app is None else (self.app,)


ACCOUNT = Target(AppFacts(ACCOUNT_APP))
ADMINISTRATION = Target(AppFacts(ADMINISTRATION_APP, frozenset({ADMIN_PORTALS})))
REGISTRATION = Target(action=UserAction.REGISTER_SECURITY_INFO)
# To change the password is what a policy may be waiting for.
NEW_PASSWORD = Target(action=UserAction.REGISTER_SECURITY_INFO, changes_password=True)
DEVICES = Target(action=UserAction.REGISTER_DEVICE)


@lru_cache(maxsize=1024)
def app_target(app: AppId | None, contexts: tuple[str, ...] = ()) -> Target:
    """An app; without one, one's own account."""
    return ACCOUNT if app is None else Target(AppFacts(app), contexts=frozenset(contexts))


def person_of(subject: Subject) -> Person:
    return Person(subject.user, frozenset(subject.groups), frozenset(ROLE_TEMPLATES[role] for role in subject.roles))


def passkey_credential(passkey: Passkey) -> Credential:
    return Credential(MethodMode.FIDO2, passkey.aaguid, passkey.proof)


def used_in(session: Session, passkey: Passkey | None, access_pass: TemporaryAccessPass | None) -> tuple[Used, ...]:
    """The methods of *session*; with its passkey, if it is still there, and its person's pass."""
    return tuple(Used(each, session.signed_in_at) for each in _credentials(session.methods, passkey, access_pass))


def _credentials(
    methods: Iterable[Method], passkey: Passkey | None, access_pass: TemporaryAccessPass | None
) -> Iterable[Credential]:
    for method in methods:
        if method is Method.PASSKEY and passkey is not None:
            yield passkey_credential(passkey)
        elif method is Method.TEMPORARY_ACCESS_PASS:
            yield pass_credential(access_pass)
        elif method in _MODES:
            yield Credential(_MODES[method])


def modes_of(methods: Iterable[Method]) -> frozenset[MethodMode]:
    """What *methods* are as strengths name them; a pass may be of either kind."""
    passes = {MethodMode.PASS_ONE_TIME, MethodMode.PASS_MULTI_USE}
    found = [
        passes if one is Method.TEMPORARY_ACCESS_PASS else {_MODES[one]} for one in methods if one in _MODES_OR_PASS
    ]
    return frozenset().union(*found)


def pass_credential(access_pass: TemporaryAccessPass | None) -> Credential:
    # Of one that is gone nobody knows any more how often it was good: the weaker is assumed.
    once = access_pass is not None and access_pass.usable_once
    return Credential(MethodMode.PASS_ONE_TIME if once else MethodMode.PASS_MULTI_USE)
