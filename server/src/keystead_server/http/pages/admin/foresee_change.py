"""The change whose effect is asked for: report-only policies turned on, one of them, one taken away, or a draft."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Final

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.replay_access import switched_on
from keystead_server.http.call import Call
from keystead_server.http.pages.next_page import printable
from keystead_server.policy.access.bundle import Bundle, Kind, laid_rules, read_bundle
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.vocabulary import State

DAYS: Final = (1, 7, 30)


class Change(StrEnum):
    ENFORCE = "enforce"
    TURN_ON = "on"
    WITHOUT = "without"
    DRAFT = "draft"


CHANGES: Final = (
    (Change.ENFORCE.value, "All report-only policies are turned on"),
    (Change.TURN_ON.value, "One policy is turned on"),
    (Change.WITHOUT.value, "One policy is taken away"),
    (Change.DRAFT.value, "What is pasted below is added"),
)


@dataclass(frozen=True, slots=True)
class ChangeForm:
    """What was chosen and typed, all of it text.

    Attributes:
        whole: the draft stands for everything: policies that are not in it are gone.
        enforced: its report-only policies count as turned on.
    """

    change: str = Change.ENFORCE.value
    policy: str = ""
    days: str = "7"
    draft: str = ""
    whole: bool = False
    enforced: bool = True

    @classmethod
    def linked(cls, call: Call) -> "ChangeForm":
        """As a link fills it in."""
        typed = call.query("change")
        change = typed if typed in dict(CHANGES) else Change.ENFORCE.value
        return cls(change, printable(call.query("policy")), days_of(call.query("days")))

    @classmethod
    def sent(cls, call: Call) -> "ChangeForm":
        return cls(
            call.field("change"),
            printable(call.field("policy")),
            days_of(call.field("days")),
            call.field("draft"),
            call.field("whole") == "yes",
            call.field("enforced") == "yes",
        )


def days_of(typed: str) -> str:
    return typed if typed in map(str, DAYS) else "7"


@dataclass(frozen=True, slots=True)
class Thought:
    """The rules as they would be.

    Attributes:
        says: what was changed, in words.
    """

    after: AccessRules
    says: str


async def thought(call: Call, form: ChangeForm, now: AccessRules) -> Thought:
    """*now* with the change that was asked about.

    Raises:
        Invalid: there is no such change; `target` is the field.
    """
    match form.change:
        case Change.TURN_ON:
            policy = _named(form, now)
            if policy.state is State.ENABLED:
                raise Invalid("policy_on_already", f"“{policy.name}” is on already", target="policy")
            on = replace(policy, state=State.ENABLED)
            return Thought(
                _with(now, [on if one is policy else one for one in now.set.policies]), f"“{policy.name}” is turned on"
            )
        case Change.WITHOUT:
            policy = _named(form, now)
            return Thought(
                _with(now, [one for one in now.set.policies if one is not policy]), f"“{policy.name}” is taken away"
            )
        case Change.DRAFT:
            return Thought(await _drafted(call, form, now), "The draft is saved")
        case _:
            if not any(one.state is State.REPORT_ONLY for one in now.set.policies):
                raise Invalid(
                    "nothing_to_foresee", "no policy is report-only, so there is nothing to turn on", target="change"
                )
            return Thought(replace(now, set=switched_on(now.set)), "All report-only policies are turned on")


def _named(form: ChangeForm, now: AccessRules) -> Policy:
    for policy in now.set.policies:
        if policy.id == form.policy:
            return policy
    raise Invalid("policy_unknown", "choose the policy", target="policy")


def _with(now: AccessRules, policies: Sequence[Policy]) -> AccessRules:
    return replace(now, set=replace(now.set, policies=tuple(policies)))


async def _drafted(call: Call, form: ChangeForm, now: AccessRules) -> AccessRules:
    at = call.services.clock.now()
    bundle = read_bundle([("the draft", _decoded(form.draft))], now, partial(call.services.entropy.new_id, at))
    for entry in bundle.refused:
        if entry.refusal is not None:
            raise _refused(entry.refusal, entry.name or entry.source)
    after = laid_rules(bundle, now, at, whole=form.whole)
    for policy in _policies(bundle):
        gone = await call.services.manage_access.against_names(call.tenant.id, policy, after)
        if gone is not None:
            raise _refused(gone, policy.name)
    return replace(after, set=switched_on(after.set, bundle.items[Kind.POLICY])) if form.enforced else after


def _decoded(draft: str) -> object:
    if not draft:
        raise Invalid("policy_malformed", "paste a policy, or several, in Graph's JSON", target="draft")
    try:
        return json.loads(draft)
    except (ValueError, RecursionError) as error:
        raise Invalid("policy_malformed", f"this is not JSON: {error}", target="draft") from None


def _policies(bundle: Bundle) -> list[Policy]:
    return [item for item in bundle.items[Kind.POLICY].values() if isinstance(item, Policy)]


def _refused(refusal: Invalid, name: str) -> Invalid:
    where = f" ({refusal.target})" if refusal.target else ""
    return Invalid(refusal.code, f"{name}: {refusal.message}{where}", target="draft")
