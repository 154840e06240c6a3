"""Rows of the sign-in log as the facts that policies were asked about, to be asked again.

The log has who, when, from where, with what and for which app. It does not have what somebody's groups
and roles were: those of now count. Of a Temporary Access Pass it does not say how often it was good: the
weaker kind is assumed, as live does for one that is gone. Countries are those of the file of now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keystead_server.domain.passkey import Proof
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.flows.access_facts import Place, app_target, pass_credential
from keystead_server.flows.detect_risk import trace_of
from keystead_server.policy.access.facts import Facts, Person, Used
from keystead_server.policy.access.replay import Replayed
from keystead_server.policy.access.vocabulary import ClientApp, InsiderRisk, Unknown
from keystead_server.policy.risk.detections import Detection, of_last
from keystead_server.policy.risk.levels import highest, risk_of
from keystead_server.policy.risk.signals import Signal, insider_risk
from keystead_server.policy.risk.traces import Trace
from keystead_server.policy.strengths.evaluate import Credential
from keystead_server.policy.strengths.model import MethodMode
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.risk_signals import Risks

MAX_TRACES = 100
# What Conditional Access refused is what a change may let in.
_RULED_OUT = frozenset({"access_blocked", "access_controls_required"})


@dataclass(slots=True)
class _History:
    """What one person's rows so far make of their risk."""

    traces: list[Trace] = field(default_factory=list)
    detections: list[Detection] = field(default_factory=list)

    def add(self, trace: Trace, signals: Sequence[Signal]) -> Risks:
        """The risk of the sign-in that *trace* is, and that of the person before it."""
        said = [one for one in signals if one.at <= trace.at]
        person, insider = risk_of(self.detections, trace.at, said), insider_risk(said, trace.at)
        self.traces = [*self.traces[-MAX_TRACES:], trace]
        found = tuple(of_last(self.traces, trace))
        self.detections.extend(found)
        return Risks(
            sign_in=highest((person.sign_in_level, *(one.sign_in_level for one in found))),
            user=person.level,
            insider=InsiderRisk.NONE if insider is None else insider.insider,
        )


class Reader:
    """Rows of the log, in order of time → sign-ins as facts."""

    def __init__(
        self, geo_ip: GeoIp, people: dict[str, Person], asks_about_risk: bool, signals: Mapping[str, Sequence[Signal]]
    ) -> None:
        self._signals = signals
        self._geo_ip = geo_ip
        self._people = people
        self._histories: dict[str, _History] | None = {} if asks_about_risk else None
        self.left_out = 0

    def read(self, row: Attempt) -> Replayed | None:
        """None for what is no sign-in that policy was asked about."""
        facts = self.facts_of(row)
        if facts is None or row.user_id is None or not was_judged(row):
            return None
        return Replayed(row.id, row.user_id, facts)

    def facts_of(self, row: Attempt) -> Facts | None:
        """Whatever the row is about; None where it is of nobody, or of nobody who is there."""
        risks = self._risks(row)
        if row.user_id is None:
            return None
        person = self._people.get(row.user_id)
        if person is None:
            self.left_out += was_judged(row)
            return None
        return self._facts(row, person, risks)

    def _risks(self, row: Attempt) -> Risks:
        if self._histories is None or row.user_id is None or row.purpose is not Purpose.SIGN_IN:
            return Risks()
        return self._histories.setdefault(row.user_id, _History()).add(
            trace_of(row, self._geo_ip), self._signals.get(row.user_id, ())
        )

    def _facts(self, row: Attempt, person: Person, risks: Risks) -> Facts:
        place = Place.said(row.client_address, row.user_agent)
        return Facts(
            now=row.at,
            who=person,
            apps=app_target(row.app_id).apps,
            client=ClientApp.BROWSER,
            platform=place.platform,
            address=place.address,
            country=place.address if isinstance(place.address, Unknown) else self._geo_ip.country(place.address),
            device=None,
            sign_in_risk=risks.sign_in,
            user_risk=risks.user,
            insider_risk=risks.insider,
            flow=None,
            methods=tuple(Used(each, row.at) for each in credentials_of(row)),
            authenticated_at=row.at,
        )


def was_judged(row: Attempt) -> bool:
    if row.purpose is Purpose.SIGN_IN and row.result is Result.GRANTED:
        return True
    return row.purpose in (Purpose.SIGN_IN, Purpose.AUTHORIZE) and row.reason in _RULED_OUT


def credentials_of(row: Attempt) -> tuple[Credential, ...]:
    match row.method:
        case Method.PASSKEY:
            return (Credential(MethodMode.FIDO2, row.aaguid, Proof(row.proof) if row.proof else Proof.NONE),)
        case Method.WINDOWS_HELLO:
            return (Credential(MethodMode.WINDOWS_HELLO),)
        case Method.TEMPORARY_ACCESS_PASS:
            return (pass_credential(None),)
        case Method.SOFTWARE_OATH:
            # A code is only ever asked for after the password.
            return Credential(MethodMode.PASSWORD), Credential(MethodMode.SOFTWARE_OATH)
        case Method.PASSWORD | Method.RECOVERY_CODE:
            return (Credential(MethodMode.PASSWORD),)
        case Method.NONE:
            return ()
