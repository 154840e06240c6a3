"""Random policies and sign-ins, over so few names that they meet."""

from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import strategies as st
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.facts import AppFacts, DeviceFacts, Facts, Person, Used, Workload
from keystead_server.policy.access.locations import AddressRange, CountryLocation, IpLocation
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.vocabulary import (
    UNKNOWN,
    ClientApp,
    GuestType,
    InsiderRisk,
    Platform,
    RiskLevel,
    TransferMethod,
    UserAction,
)
from keystead_server.policy.strengths.evaluate import Credential
from keystead_server.policy.strengths.model import BUILT_IN, MethodMode, Strength

from .sets import NOW

USERS, GROUPS, ROLES, APPS, TENANTS = ["ada", "bob"], ["staff", "leavers"], ["admin"], ["payroll", "wiki"], ["t1", "t2"]
CONTEXTS = ["c1", "c2"]
STRENGTHS = [*BUILT_IN, "own", "gone"]
OWN_STRENGTH = Strength(
    "own", "Pass or passkey", (frozenset({MethodMode.FIDO2}), frozenset({MethodMode.PASS_ONE_TIME}))
)


def _network(text: str) -> AddressRange:
    network = ip_network(text)
    return AddressRange(network.network_address, network.broadcast_address, network.prefixlen)


LOCATIONS = (
    IpLocation("office", "Office", (_network("10.0.0.0/24"), _network("10.0.0.128/25"), _network("fd00::/64")), True),
    IpLocation("lab", "Lab", (_network("10.0.0.64/26"),)),
    CountryLocation("home", "Home", frozenset({"DE", "AT"})),
    CountryLocation("odd", "Odd", frozenset({"FR"}), include_unknown=True),
)
ADDRESSES = [ip_address(one) for one in ("10.0.0.1", "10.0.0.65", "10.0.0.200", "192.0.2.1", "fd00::1", "fd00:1::1")]
PLACES = ["All", "AllTrusted", "office", "lab", "home", "odd", "nowhere"]
RULES = ['device.model -eq "X"', 'device.model -ne "X"', "device.isCompliant -eq True",
         'device.extensionAttribute1 -ne "SAW" -or device.trustType -eq "ServerAD"']  # fmt: skip
APP_RULES = ['customSecurityAttribute.Set_Kind -contains "secret"', 'customSecurityAttribute.Set_Kind -ne "secret"']
FREQUENCIES = [
    {"isEnabled": True, "frequencyInterval": "everyTime"},
    {"isEnabled": True, "value": 1, "type": "hours"},
    {"isEnabled": True, "value": 1, "type": "hours", "authenticationType": "secondaryAuthentication"},
]


def some(values: list[Any], **sizes: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), unique=True, **sizes)


def seldom(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly not configured: else hardly a policy would apply to anybody."""
    return st.none() | st.none() | st.none() | st.none() | strategy


guests = st.fixed_dictionaries(
    {"guestOrExternalUserTypes": some([*GuestType], min_size=1).map(",".join)},
    optional={
        "externalTenants": some(TENANTS, min_size=1).map(lambda m: {"membershipKind": "enumerated", "members": m})
    },
)
expiring = st.fixed_dictionaries({
    "type": st.sampled_from(["user", "group"]),
    "id": st.sampled_from([*USERS, *GROUPS]),
    "until": st.sampled_from([(NOW + timedelta(hours=h)).isoformat() for h in (-1, 0, 1)]),
    "reason": st.just("on leave"),
})  # fmt: skip
users = st.fixed_dictionaries({
    "includeUsers": some(["All", "All", "GuestsOrExternalUsers", *USERS], min_size=1),
    "includeGroups": some(GROUPS), "includeRoles": some(ROLES),
    "excludeUsers": seldom(some(["GuestsOrExternalUsers", *USERS])),
    "excludeGroups": seldom(some(GROUPS)), "excludeRoles": seldom(some(ROLES)),
    "includeGuestsOrExternalUsers": seldom(guests), "excludeGuestsOrExternalUsers": seldom(guests),
    "expiringExclusions": seldom(st.lists(expiring, max_size=2)),
})  # fmt: skip
filters = st.fixed_dictionaries({"mode": st.sampled_from(["include", "exclude"]), "rule": st.sampled_from(RULES)})
app_filters = st.fixed_dictionaries(
    {"mode": st.sampled_from(["include", "exclude"]), "rule": st.sampled_from(APP_RULES)}
)
applications = st.one_of(
    st.fixed_dictionaries({
        "includeApplications": some(["All", "All", *APPS], min_size=1), "excludeApplications": seldom(some(APPS)),
        "applicationFilter": seldom(app_filters),
    }),
    st.fixed_dictionaries({"includeUserActions": some([*UserAction], min_size=1)}),
    st.fixed_dictionaries({"includeAuthenticationContextClassReferences": some(CONTEXTS, min_size=1)}),
)  # fmt: skip
conditions = {
    "clientAppTypes": seldom(some([*ClientApp], min_size=1)),
    "platforms": seldom(
        st.fixed_dictionaries(
            {
                "includePlatforms": st.just(["all"]) | some([*Platform], min_size=1),
                "excludePlatforms": some([*Platform]) | st.just(["all"]),
            }
        )
    ),
    "locations": seldom(
        st.fixed_dictionaries({"includeLocations": some(PLACES, min_size=1), "excludeLocations": some(PLACES)})
    ),
    "devices": seldom(st.fixed_dictionaries({"deviceFilter": filters})),
    "signInRiskLevels": seldom(some([*RiskLevel])),
    "userRiskLevels": seldom(some([*RiskLevel])),
    "servicePrincipalRiskLevels": seldom(some([*RiskLevel])),
    "insiderRiskLevels": seldom(some([*InsiderRisk], min_size=1).map(",".join)),
    "authenticationFlows": seldom(
        st.fixed_dictionaries({"transferMethods": some([*TransferMethod], min_size=1).map(",".join)})
    ),
}
grants = st.one_of(
    st.just({"operator": "OR", "builtInControls": ["block"]}),
    st.fixed_dictionaries({
        "operator": st.sampled_from(["AND", "OR"]),
        "builtInControls": some(["mfa", "compliantDevice", "approvedApplication"], min_size=1),
        "termsOfUse": seldom(some(["tou"])),
    }),
    st.fixed_dictionaries({
        "operator": st.sampled_from(["AND", "OR"]),
        "builtInControls": some(["compliantDevice"]),
        "authenticationStrength": st.fixed_dictionaries({"id": st.sampled_from(STRENGTHS)}),
    }),
)  # fmt: skip
sessions = seldom(st.fixed_dictionaries({
    "signInFrequency": st.sampled_from(FREQUENCIES),
    "secureSignInSession": st.sampled_from([None, None, None, {"isEnabled": True}]),
}))  # fmt: skip
workloads = st.fixed_dictionaries({
    "includeServicePrincipals": some(["ServicePrincipalsInMyTenant", "svc"], min_size=1),
    "excludeServicePrincipals": some(["svc"]),
})  # fmt: skip


@st.composite
def policies(draw: st.DrawFn, name: str = "p", grant: st.SearchStrategy[Any] = grants) -> Policy:
    about: dict[str, Any] = {"users": draw(users)}
    if draw(st.integers(0, 9)) == 0:
        about = {"users": {"includeUsers": ["None"]}, "clientApplications": draw(workloads)}
    said = {key: draw(value) for key, value in conditions.items()}
    body = {
        "id": name,
        "displayName": name,
        "state": draw(st.sampled_from(["enabled"] * 4 + ["disabled", "enabledForReportingButNotEnforced"])),
        "conditions": {**about, "applications": draw(applications), **said},
        "grantControls": draw(grant),
        "sessionControls": draw(sessions),
    }
    return read_policy(body).policy


@st.composite
def sets(draw: st.DrawFn) -> PolicySet:
    count = draw(st.integers(0, 5))
    every = tuple(draw(policies(f"p{number}")) for number in range(count))
    break_glass = draw(st.sampled_from([frozenset[str]()] * 4 + [frozenset({"bob"})]))
    return PolicySet(every, LOCATIONS, {"own": OWN_STRENGTH}, break_glass, frozenset({"tou"}))


devices = st.builds(
    DeviceFacts.of,
    st.fixed_dictionaries(
        {},
        optional={
            "model": st.sampled_from(["X", "Y"]),
            "isCompliant": st.booleans(),
            "trustType": st.sampled_from(["ServerAD", "AzureAD"]),
            "extensionAttribute1": st.sampled_from(["SAW", "Z"]),
        },
    ),
)
people = st.builds(
    Person,
    st.sampled_from(USERS),
    groups=st.just(UNKNOWN) | st.frozensets(st.sampled_from(GROUPS)) | st.frozensets(st.sampled_from(GROUPS)),
    roles=st.just(UNKNOWN) | st.frozensets(st.sampled_from(ROLES)) | st.frozensets(st.sampled_from(ROLES)),
    guest=st.none() | st.none() | st.just(UNKNOWN) | st.sampled_from(GuestType),
    home_tenant=st.none() | st.sampled_from(TENANTS),
)
apps = st.builds(
    AppFacts,
    st.sampled_from([*APPS, "other"]),
    attributes=st.sampled_from([{}, {"set_kind": ("secret",)}, {"set_kind": ("open",)}]) | st.just(UNKNOWN),
)
methods = st.builds(
    Used,
    st.builds(
        Credential, st.sampled_from([MethodMode.PASSWORD, MethodMode.FIDO2, MethodMode.SMS, MethodMode.PASS_ONE_TIME])
    ),
    st.sampled_from([NOW - timedelta(minutes=minutes) for minutes in (0, 4, 30, 90)]),
)
sign_ins = st.builds(
    Facts,
    now=st.just(NOW),
    who=people | people | people | st.builds(Workload, st.sampled_from(["svc", "agent"]), own=st.booleans()),
    apps=st.lists(apps, max_size=2).map(tuple),
    action=st.none() | st.none() | st.sampled_from(UserAction),
    contexts=st.frozensets(st.sampled_from(CONTEXTS), max_size=1),
    client=st.sampled_from([*ClientApp, UNKNOWN]),
    platform=st.sampled_from([*Platform, None, UNKNOWN]),
    address=st.sampled_from([*ADDRESSES, None, UNKNOWN]),
    country=st.sampled_from(["DE", "FR", "US", None, UNKNOWN]),
    trusted=st.sampled_from([False, False, True]),
    device=st.just(UNKNOWN) | st.none() | devices | devices,
    sign_in_risk=st.sampled_from([*RiskLevel, UNKNOWN]),
    user_risk=st.sampled_from([*RiskLevel, UNKNOWN]),
    workload_risk=st.sampled_from([*RiskLevel, UNKNOWN]),
    insider_risk=st.sampled_from([*InsiderRisk, UNKNOWN]),
    flow=st.sampled_from([*TransferMethod, None, UNKNOWN]),
    methods=st.lists(methods, max_size=3).map(tuple),
    authenticated_at=st.sampled_from([NOW, NOW - timedelta(minutes=30), NOW - timedelta(hours=2), UNKNOWN]),
    bound=st.booleans(),
    accepted_terms=st.sampled_from([frozenset[str](), frozenset({"tou"})]),
)
