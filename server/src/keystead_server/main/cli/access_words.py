"""What `keystead policy` prints of Conditional Access: a verdict, findings, templates; as data and as text."""

from collections.abc import Iterable, Sequence
from typing import Any

from keystead_server.flows.explain_sign_in import SignInExplained
from keystead_server.main.cli.frame import moment, printable, table
from keystead_server.policy.access.decide import Result
from keystead_server.policy.access.explain import Explanation, PolicyExplained
from keystead_server.policy.access.facts import Facts
from keystead_server.policy.access.finding import Finding
from keystead_server.policy.access.match import Match
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.templates import TEMPLATES, body
from keystead_server.policy.access.vocabulary import Unknown
from keystead_server.policy.access.words import sentence
from keystead_server.policy.access.words_asked import RESULT_WORDS, VERDICT_WORDS, control_words

_MARKS = {Match.YES: "yes", Match.NO: "no", Match.UNKNOWN: "not known"}


def explanation_data(explanation: Explanation, names: Names) -> dict[str, Any]:
    decision = explanation.decision
    return {
        "decision": decision.verdict.value,
        "blocked_by": list(decision.blocked_by),
        "prompts": [
            {
                "any_of": [{"control": one.kind.value, "id": one.id} for one in prompt.any_of],
                "can_be_met": prompt.can_be_met,
            }
            for prompt in decision.prompts
        ],
        "sign_in_again": decision.sign_in_again,
        "session_not_bound": decision.not_bound,
        "policies": [_policy(one, names) for one in explanation.policies],
    }


def _policy(one: PolicyExplained, names: Names) -> dict[str, Any]:
    return {
        "id": one.policy.id,
        "name": one.policy.name,
        "says": str(sentence(one.policy, names)),
        "applies": one.applies,
        "result": one.result.value,
        "analysis_reasons": one.analysis_reasons,
        "conditions": [
            {"name": each.name, "match": each.match.value, "says": names.within(each.says)} for each in one.conditions
        ],
        "unmet": [says for _, says in one.unmet],
    }


def explanation_text(explanation: Explanation, names: Names) -> str:
    decision = explanation.decision
    lines = [VERDICT_WORDS[decision.verdict]]
    for number, prompt in enumerate(decision.prompts, 1):
        asked = " or ".join(control_words(one, names) for one in prompt.any_of)
        lines.append(f"  {number}. {asked}{'' if prompt.can_be_met else ' (nothing they can do brings it about now)'}")
    if decision.sign_in_again:
        lines.append("  They sign in again: the sign-in is too old.")
    if decision.not_bound:
        lines.append("  They do not get in: the session is to be bound to the device, and none can be yet.")
    for one in explanation.policies:
        lines += ["", f"{one.policy.name}: {RESULT_WORDS[one.result]}", f"  {sentence(one.policy, names)}"]
        lines += [f"  {_MARKS[each.match]:<9}  {each.name}: {names.within(each.says)}" for each in one.conditions]
        lines += [f"  missing: {says}" for _, says in one.unmet]
    if not explanation.policies:
        lines.append("There is no policy.")
    return "\n".join(map(printable, lines))


def sign_in_data(explained: SignInExplained, names: Names) -> dict[str, Any]:
    row = explained.attempt
    then = row.access
    return {
        "number": row.id,
        "at": moment(row.at),
        "result": row.result.value,
        "reason": row.reason,
        "method": row.method.value,
        "address": row.client_address,
        "then": None
        if then is None
        else {
            "decision": then.decision,
            "policies": [{"id": one.id, "name": one.name, "result": one.result} for one in then.policies],
        },
        "now": explanation_data(explained.now, names),
    }


def sign_in_text(explained: SignInExplained, names: Names) -> str:
    data = sign_in_data(explained, names)
    then = data["then"] or {"policies": []}
    lines = [
        f"{data['at']} from {data['address']}, {data['method']}: {data['result']} ({data['reason']}), number {data['number']}",
        "Then:",
        *(f"  {one['name']}: {RESULT_WORDS[Result(one['result'])]}" for one in then["policies"]),
        *([] if then["policies"] else ["  No policy applied."]),
        "By the policies of now:",
    ]
    return "\n".join([*map(printable, lines), explanation_text(explained.now, names)])


def findings_data(findings: Iterable[Finding], names: Names) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind,
            "policies": [{"id": policy, "name": names.of(policy)} for policy in one.policies],
            "says": names.within(one.says),
            "witness": None if one.witness is None else _witness(one.witness, names),
        }
        for one in findings
    ]


def _witness(facts: Facts, names: Names) -> dict[str, Any]:
    """A sign-in that shows it, in what `what-if` takes."""

    def told(value: object) -> object:
        return "not known" if isinstance(value, Unknown) else None if value is None else str(value)

    return {
        "user": names.of(facts.who.id),
        "apps": [names.of(app.id) for app in facts.apps],
        "action": told(facts.action),
        "client": told(facts.client),
        "platform": told(facts.platform),
        "address": told(facts.address),
        "country": told(facts.country),
        "device": "registered" if facts.device is not None else "not registered",
        "sign_in_risk": told(facts.sign_in_risk),
        "user_risk": told(facts.user_risk),
    }


def findings_text(findings: Sequence[Finding], names: Names) -> str:
    if not findings:
        return "Nothing was found."
    lines = []
    for one in findings:
        about = ", ".join(names.of(policy) for policy in one.policies)
        lines.append(f"{one.kind}: {about + ': ' if about else ''}{names.within(one.says)}")
        if one.witness is not None:
            told = _witness(one.witness, names)
            shown = "; ".join(f"{name} {_plain(value)}" for name, value in told.items() if value not in (None, []))
            lines.append(f"  for instance: {shown}")
    return "\n".join(map(printable, lines))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def templates_data() -> list[dict[str, Any]]:
    return [
        {
            "key": each.key,
            "id": each.id,
            "name": each.name,
            "description": each.description,
            "scenarios": sorted(each.scenarios),
            "needs": each.needs,
            "says": str(sentence(read_policy(body(each), new_id=each.id).policy)),
            "policy": body(each),
        }
        for each in TEMPLATES
    ]


def templates_text() -> str:
    rows = [{**each, "needs": each["needs"]} for each in templates_data()]
    return table(rows, ("key", "name", "scenarios", "needs"), empty="")
