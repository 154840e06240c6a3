"""One Conditional Access decision, with few policies and with many, in V.

100,000 people in 1,000 groups, each in a dozen of them; policies as organisations have them: a few for
everybody, most for some groups and apps, with platforms, places, risks, device filters and strengths.
Facts are made beforehand: gathering them is not deciding.
"""

import random
import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_network
from typing import Any
from uuid import UUID

from keystead_server.policy.access.analyse import analyse
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.decide import decide
from keystead_server.policy.access.facts import AppFacts, DeviceFacts, Facts, Person, Used
from keystead_server.policy.access.finding import Directory
from keystead_server.policy.access.locations import AddressRange, CountryLocation, IpLocation, NamedLocation
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.replay import Replay, Replayed
from keystead_server.policy.access.vocabulary import ClientApp, InsiderRisk, Platform, RiskLevel
from keystead_server.policy.strengths.evaluate import Credential
from keystead_server.policy.strengths.model import MULTIFACTOR, PHISHING_RESISTANT, MethodMode

from bench.unit import measure_v

SIZES = (10, 250, 5000)
PEOPLE, GROUPS, APPS = 100_000, 1_000, 300
_SIGN_INS = 2_000
# More policies than an organisation has; the search through all classes is not made for them.
_ANALYSED_POLICIES, _ANALYSED_PEOPLE = 250, 1_000
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_COUNTRIES = ("DE", "FR", "US", "CH", "AT", "NL", "PL", "IT")


def measure(rounds: int) -> dict[str, Any]:
    dice = random.Random(22)
    v_before = measure_v()
    sizes = [_measure_size(count, rounds, dice) for count in SIZES]
    v = (v_before + measure_v()) / 2
    for size in sizes:
        size["in_v"] = round(size["microseconds"] / v, 2)
    return {"v_us": round(v, 1), "people": PEOPLE, "groups": GROUPS, "sizes": sizes}


def _measure_size(count: int, rounds: int, dice: random.Random) -> dict[str, Any]:
    policies = tuple(_policy(number, count, dice) for number in range(count))
    started = time.process_time()
    compiled = Compiled(PolicySet(policies, tuple(_locations(dice))))
    compile_ms = (time.process_time() - started) * 1000
    sign_ins = [_facts(dice) for _ in range(_SIGN_INS)]
    applied = sum(len(decide(compiled, facts).applied) for facts in sign_ins)
    best = min(_one_round(compiled, sign_ins) for _ in range(rounds))
    return {
        "policies": count,
        "analyse_seconds": _analyse(compiled, dice) if count <= _ANALYSED_POLICIES else None,
        "replay_seconds": round(_replay(policies, compiled, sign_ins), 1),
        "microseconds": round(best, 1),
        "applied": round(applied / _SIGN_INS, 1),
        "compile_ms": round(compile_ms, 1),
    }


def _replay(policies: tuple[Policy, ...], compiled: Compiled, sign_ins: list[Facts]) -> float:
    """Seconds to hold one new policy against 100,000 sign-ins, reading the log not counted."""
    replay = Replay(Compiled(PolicySet(policies[1:], compiled.set.locations)), compiled)
    started = time.process_time()
    replay.feed(Replayed(str(number), facts.who.id, facts) for number, facts in enumerate(sign_ins))
    return (time.process_time() - started) * 100_000 / len(sign_ins)


def _analyse(compiled: Compiled, dice: random.Random) -> float:
    """Seconds to find all that is wrong with the set, among so many people and all apps."""
    people = [Person(f"user-{n}", frozenset(_groups(dice, 12))) for n in range(_ANALYSED_PEOPLE)]
    directory = Directory(people, apps=[AppFacts(f"app-{number}") for number in range(APPS)])
    started = time.process_time()
    analyse(compiled, directory, _NOW)
    return round(time.process_time() - started, 2)


def _one_round(compiled: Compiled, sign_ins: list[Facts]) -> float:
    started = time.process_time()
    for facts in sign_ins:
        decide(compiled, facts)
    return (time.process_time() - started) / len(sign_ins) * 1e6


def _policy(number: int, count: int, dice: random.Random) -> Policy:
    for_everybody = number < 8
    users: dict[str, Any] = {"includeUsers": ["All"]} if for_everybody else {"includeGroups": _groups(dice, 3)}
    users["excludeGroups"] = _groups(dice, 1)
    users["excludeUsers"] = [_person(dice), _person(dice)]
    all_apps = for_everybody or dice.random() < 0.5
    conditions: dict[str, Any] = {
        "users": users,
        "applications": {"includeApplications": ["All"] if all_apps else [_app(dice) for _ in range(5)]},
        "clientAppTypes": dice.choice((["all"], ["browser", "mobileAppsAndDesktopClients"], ["other"])),
    }
    if dice.random() < 0.3:
        conditions["platforms"] = {"includePlatforms": dice.sample([*Platform], 3)}
    if dice.random() < 0.4:
        conditions["locations"] = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted", _location(dice)]}
    if dice.random() < 0.2:
        conditions["signInRiskLevels"] = ["medium", "high"]
    if dice.random() < 0.2:
        rule = f'device.trustType -ne "ServerAD" -and device.extensionAttribute{dice.randint(1, 15)} -ne "SAW"'
        conditions["devices"] = {"deviceFilter": {"mode": "include", "rule": rule}}
    body = {
        "id": f"policy-{number}",
        "displayName": f"Policy {number} of {count}",
        "state": dice.choices(("enabled", "enabledForReportingButNotEnforced", "disabled"), (8, 1, 1))[0],
        "conditions": conditions,
        "grantControls": _grant(dice, conditions),
        "sessionControls": _session(dice),
    }
    return read_policy(body).policy


def _grant(dice: random.Random, conditions: dict[str, Any]) -> dict[str, Any]:
    if "signInRiskLevels" in conditions:
        return {"operator": "OR", "builtInControls": ["block"]}
    strength = dice.choice((None, None, MULTIFACTOR.id, PHISHING_RESISTANT.id))
    if strength is not None:
        return {"operator": "AND", "authenticationStrength": {"id": strength}}
    return {"operator": dice.choice(("AND", "OR")), "builtInControls": ["mfa", "compliantDevice"]}


def _session(dice: random.Random) -> dict[str, Any] | None:
    if dice.random() < 0.8:
        return None
    return {"signInFrequency": {"isEnabled": True, "value": dice.randint(1, 30), "type": "days"}}


def _locations(dice: random.Random) -> list[NamedLocation]:
    networks = [ip_network((dice.getrandbits(32) & 0xFFFFFF00, 24)) for _ in range(2_000)]
    ranges = [AddressRange(one.network_address, one.broadcast_address, one.prefixlen) for one in networks]
    places: list[NamedLocation] = [
        IpLocation(f"place-{number}", f"Place {number}", tuple(ranges[number::50]), number == 0) for number in range(50)
    ]
    return [*places, *(CountryLocation(f"place-{50 + n}", c, frozenset({c})) for n, c in enumerate(_COUNTRIES))]


def _facts(dice: random.Random) -> Facts:
    used = Used(Credential(MethodMode.FIDO2, UUID(int=dice.getrandbits(128))), _NOW - timedelta(minutes=1))
    device = {"deviceId": "d", "trustType": "AzureAD", "isCompliant": True, "operatingSystem": "Linux"}
    return Facts(
        now=_NOW,
        who=Person(_person(dice), frozenset(_groups(dice, 12)), frozenset({"role-1"})),
        apps=(AppFacts(_app(dice)),),
        client=ClientApp.BROWSER,
        platform=dice.choice([*Platform]),
        address=IPv4Address(dice.getrandbits(32)),
        country=dice.choice(_COUNTRIES),
        device=DeviceFacts.of(device) if dice.random() < 0.7 else None,
        sign_in_risk=RiskLevel.NONE,
        user_risk=RiskLevel.NONE,
        workload_risk=RiskLevel.NONE,
        insider_risk=InsiderRisk.NONE,
        flow=None,
        methods=(used,),
        authenticated_at=used.at,
    )


def _groups(dice: random.Random, count: int) -> list[str]:
    return [f"group-{number}" for number in dice.sample(range(GROUPS), count)]


def _person(dice: random.Random) -> str:
    return f"user-{dice.randrange(PEOPLE)}"


def _app(dice: random.Random) -> str:
    return f"app-{dice.randrange(APPS)}"


def _location(dice: random.Random) -> str:
    return f"place-{dice.randrange(50 + len(_COUNTRIES))}"
