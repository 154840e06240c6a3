"""Graph's `conditionalAccessPolicy` → a policy and notes, or a refusal that names the property.

    reading             the policy and what it asks for
    reading_conditions  whom, what and when it is about
    rules               what may not stand in one policy together

Left out without a word: annotations, and properties that say nothing. Left out with a note: what
only describes the policy. Refused: whatever would change what the policy means.
"""

from dataclasses import dataclass

from keystead_server.policy.access.controls import (
    NO_SESSION_CONTROLS,
    AccessEvaluation,
    AppSecurity,
    BrowserMode,
    Control,
    ControlKind,
    FrequencyInterval,
    FrequencyScope,
    FrequencyUnit,
    GrantControls,
    Operator,
    SessionControls,
    SignInFrequency,
)
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading_conditions import read_conditions
from keystead_server.policy.access.rules import check
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.loose import Members, Note, Notes, is_void, malformed, refuse
from keystead_server.policy.strengths.document import read_strength
from keystead_server.policy.strengths.model import Strength

MAX_NAME_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class Imported:
    """Attributes:
    strengths: those that stand in the policy itself, which exports write out whole.
    """

    policy: Policy
    notes: tuple[Note, ...]
    strengths: tuple[Strength, ...] = ()


def read_policy(body: object, *, new_id: str = "") -> Imported:
    """Read a policy from decoded JSON; *new_id* where it has none.

    Raises:
        Invalid: `policy_malformed`, `policy_incomplete`, `policy_contradicts`, `policy_not_supported` or
            `filter_malformed`; `target` names the property.
    """
    notes = Notes()
    members = Members(body, "", notes)
    grant, strengths = _grant(members)
    policy = Policy(
        id=members.id("id") or new_id,
        name=_name(members),
        state=_state(members),
        conditions=read_conditions(members),
        grant=grant,
        session=_session(members),
        description=members.text("description") or "",
        template_id=members.text("templateId"),
        created_at=members.moment("createdDateTime"),
        modified_at=members.moment("modifiedDateTime"),
    )
    for name, _ in members.left():
        notes.add(name, "left out: it is no property of a policy")
    check(policy)
    return Imported(policy, tuple(notes), strengths)


def _name(members: Members) -> str:
    name = members.must_text("displayName").strip()
    if len(name) > MAX_NAME_CHARACTERS:
        raise malformed(f"displayName has at most {MAX_NAME_CHARACTERS} characters", "displayName")
    return name


def _state(members: Members) -> State:
    state = members.word("state", State)
    if state is None:
        raise malformed(f"state must be one of: {', '.join(State)}", "state")
    return state


def _grant(policy: Members) -> tuple[GrantControls | None, tuple[Strength, ...]]:
    members = policy.object("grantControls")
    if members is None:
        return None, ()
    operator = members.word("operator", Operator)
    kinds = [ControlKind(str(word)) for word in members.words("builtInControls", ControlKind)]
    _refuse_references(kinds, members)
    controls = {Control(kind) for kind in kinds}
    controls |= {Control(ControlKind.TERMS_OF_USE, one) for one in members.ids("termsOfUse")}
    controls |= {Control(ControlKind.CUSTOM_FACTOR, one) for one in members.ids("customAuthenticationFactors")}
    strength_ids, strengths = _strength(members)
    controls |= {Control(ControlKind.STRENGTH, one) for one in strength_ids}
    members.refuse_left()
    if not controls:
        return None, ()
    if operator is None:
        if len(controls) > 1:
            raise malformed("operator must be AND or OR", "grantControls.operator")
        operator = Operator.OR
    return GrantControls(operator, tuple(sorted(controls, key=lambda control: control.order))), strengths


def _refuse_references(kinds: list[ControlKind], members: Members) -> None:
    for kind in kinds:
        if kind in (ControlKind.STRENGTH, ControlKind.TERMS_OF_USE, ControlKind.CUSTOM_FACTOR):
            raise malformed(f"{kind} is a property of its own and no built-in control", members.at("builtInControls"))


def _strength(grant: Members) -> tuple[tuple[str, ...], tuple[Strength, ...]]:
    members = grant.object("authenticationStrength")
    if members is None:
        return (), ()
    body = {name: members.take(name) for name in ("id", "displayName", "description", "allowedCombinations")}
    body |= {name: members.take(name) for name in ("combinationConfigurations", "minimumProof")}
    if is_void(body["id"]):
        raise malformed("authenticationStrength must have an id", members.at("id"))
    if is_void(body["allowedCombinations"]):
        return (Members(body, members.where, grant.notes).id("id") or "",), ()
    imported = read_strength({**body, "displayName": body["displayName"] or "?"}, where=members.where)
    return (imported.strength.id,), (imported.strength,)


def _session(policy: Members) -> SessionControls:
    members = policy.object("sessionControls")
    if members is None:
        return NO_SESSION_CONTROLS
    session = SessionControls(
        frequency=_frequency(members),
        persistent_browser=_persistent_browser(members),
        access_evaluation=_access_evaluation(members),
        app_security=_app_security(members),
        bound_session=_enabled(members.object("secureSignInSession")),
        app_restrictions=_enabled(members.object("applicationEnforcedRestrictions")),
        no_resilience=members.flag("disableResilienceDefaults") or False,
    )
    why = "there is no such control here; take it out of the policy"
    refuse(("networkAccessSecurity", "globalSecureAccessFilteringProfile"), members, why)
    members.refuse_left()
    return session


def _enabled(members: Members | None) -> bool:
    if members is None:
        return False
    enabled = members.flag("isEnabled") or False
    members.refuse_left()
    return enabled


def _frequency(session: Members) -> SignInFrequency | None:
    members = session.object("signInFrequency")
    if members is None:
        return None
    enabled = members.flag("isEnabled") or False
    value, unit = members.number("value"), members.word("type", FrequencyUnit)
    interval = members.word("frequencyInterval", FrequencyInterval) or FrequencyInterval.TIME_BASED
    scope = members.word("authenticationType", FrequencyScope) or FrequencyScope.PRIMARY_AND_SECONDARY
    members.refuse_left()
    if not enabled:
        return None
    if interval is FrequencyInterval.EVERY_TIME:
        return SignInFrequency(interval, scope=scope)
    if value is None or unit is None or not 1 <= value <= 8760:
        raise malformed("a sign-in frequency has a value of 1 or more and a type, hours or days", members.where)
    return SignInFrequency(interval, value, unit, scope)


def _persistent_browser(session: Members) -> BrowserMode | None:
    members = session.object("persistentBrowser")
    if members is None:
        return None
    mode = members.word("mode", BrowserMode)
    if not _enabled(members):
        return None
    if mode is None:
        raise malformed("mode must be always or never", members.at("mode"))
    return mode


def _access_evaluation(session: Members) -> AccessEvaluation | None:
    members = session.object("continuousAccessEvaluation")
    if members is None:
        return None
    mode = members.word("mode", AccessEvaluation)
    members.take("isEnabled")
    members.refuse_left()
    return mode


def _app_security(session: Members) -> AppSecurity | None:
    members = session.object("cloudAppSecurity")
    if members is None:
        return None
    kind = members.word("cloudAppSecurityType", AppSecurity)
    if not _enabled(members):
        return None
    if kind is None:
        raise malformed("cloudAppSecurityType is missing", members.at("cloudAppSecurityType"))
    session.notes.add(members.where, "kept, and without effect: nothing here stands between a person and an app")
    return kind
