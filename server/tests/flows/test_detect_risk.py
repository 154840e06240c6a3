"""Risk is what the sign-in log says: of the sign-in, and of the person."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.ids import AttemptId, UserId
from keystead_server.domain.place import NOWHERE, Place
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.detect_risk import DetectRisk
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.facts import Address
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.vocabulary import RiskLevel
from keystead_server.policy.risk.detections import DetectionKind
from keystead_server.ports.changes import Add
from keystead_server.ports.risk_signals import Risks
from keystead_testkit.loop import run
from keystead_testkit.office import ADDRESS, BROWSER, Office, reason_of

LINUX = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0"
TOKYO = "198.51.100.7"


class Atlas:
    """Knows two addresses."""

    def place_of(self, address: Address) -> Place:
        places = {ADDRESS: Place("DE", 52.5, 13.4), TOKYO: Place("JP", 35.7, 139.7)}
        return {ip_address(text): place for text, place in places.items()}.get(address, NOWHERE)

    def country(self, address: Address) -> str | None:
        return self.place_of(address).country


def risk(office: Office) -> DetectRisk:
    return DetectRisk(office.store, office.clock, Atlas())


def logged(office: Office, **fields: object) -> Attempt:
    """Ada's sign-in a minute ago, as it is in the log."""
    office.advance(minutes=2)
    at = office.clock.now() - timedelta(minutes=1)
    row = Attempt(
        AttemptId(office.entropy.new_id(at)), office.tenant.id, at, Purpose.SIGN_IN, Method.PASSKEY, Result.GRANTED,
        "granted", ADDRESS, LINUX, user_id=office.ada.id, credential_id=b"key", proof="proven",
    )  # fmt: skip
    row = replace(row, **fields)  # type: ignore[arg-type]
    run(office.store.write(Add(row)))
    return row


def here(office: Office, address: str = ADDRESS, agent: str = LINUX, user: UserId | None = None) -> Risks:
    return run(risk(office).of(office.tenant.id, user or office.ada.id, Visitor(BROWSER, address, agent)))


def test_an_ordinary_person_is_no_risk(office: Office) -> None:
    logged(office)

    assert here(office) == Risks()


def test_somebody_who_was_elsewhere_a_minute_ago_is_a_risky_sign_in(office: Office) -> None:
    logged(office)

    assert here(office, TOKYO).sign_in is RiskLevel.MEDIUM


def test_a_counter_that_went_back_makes_the_person_a_high_risk_and_nobody_else(office: Office) -> None:
    row = logged(office, result=Result.REFUSED, reason="counter_regressed")

    found = run(risk(office).person(office.tenant.id, office.ada.id))

    assert here(office).user is RiskLevel.HIGH
    assert (found.because[0].kind, found.because[0].trace_id) == (DetectionKind.COUNTER_REGRESSED, row.id)
    assert here(office, user=office.administrator.id) == Risks()


def test_a_new_device_counts_for_the_session_that_it_opened(office: Office) -> None:
    logged(office, at=office.clock.now() - timedelta(days=1))
    logged(office, user_agent=WINDOWS)

    assert here(office, agent=WINDOWS).sign_in is RiskLevel.MEDIUM
    assert here(office, agent=LINUX).sign_in is RiskLevel.NONE


def test_what_is_no_sign_in_and_what_is_long_ago_does_not_count(office: Office) -> None:
    refused = {"result": Result.REFUSED, "reason": "counter_regressed"}
    logged(office, **refused, purpose=Purpose.REGISTER)
    logged(office, **refused, at=office.clock.now() - timedelta(days=31))

    assert here(office) == Risks()


def test_an_address_that_is_none_is_nowhere(office: Office) -> None:
    logged(office, client_address="unix:")

    assert here(office, "unix:") == Risks()


def test_a_policy_on_risk_is_asked_at_the_sign_in_and_blocks_whom_the_log_speaks_against(office: Office) -> None:
    office.allow_passwords()
    said = {
        "displayName": "No people at risk",
        "state": "enabled",
        "conditions": {
            "users": {"includeUsers": [office.ada.id]},
            "applications": {"includeApplications": ["All"]},
            "userRiskLevels": ["high"],
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }
    policies = PolicySet((read_policy(said, new_id="p").policy,))
    edit = lambda rules: replace(rules, set=policies)  # noqa: E731
    run(office.services.manage_access.change(office.tenant.id, edit, by=OPERATOR, about="test"))

    before = reason_of(office.sign_in())
    logged(office, result=Result.REFUSED, reason="counter_regressed")

    assert (before, reason_of(office.sign_in())) == ("granted", "access_blocked")
