"""What if somebody signed in like this: one verdict, what is asked for, and of every policy why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User
from keystead_server.flows.access_names import names_for
from keystead_server.flows.replay_access import switched_on
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors
from keystead_server.http.pages.admin.foresee_asked import Asked, choices
from keystead_server.http.pages.admin.foresee_supposed import supposed
from keystead_server.http.pages.admin.foresee_words import PolicyTold, Told, policy_told, told
from keystead_server.http.pages.render import page
from keystead_server.policy.access.compiled import Compiled
from keystead_server.policy.access.decide import Decision, decide
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.explain import explain
from keystead_server.policy.access.facts import Facts, Used
from keystead_server.policy.access.names import Names, listed
from keystead_server.policy.strengths.words import METHOD_WORDS


@dataclass(frozen=True, slots=True)
class OwnWay:
    """How it would go with something that the person has.

    Attributes:
        methods: in words.
    """

    methods: str
    told: Told


@dataclass(frozen=True, slots=True)
class Answer:
    """Attributes:
    own_ways: the same sign-in with each way in that the person has now.
    applying, others: the policies that apply, and all others, each in the order of the set.
    """

    user: User
    told: Told
    own_ways: Sequence[OwnWay]
    applying: Sequence[PolicyTold]
    others: Sequence[PolicyTold]


async def show(call: Call) -> Response:
    asked = Asked.typed(call)
    version = await call.services.access_policies.now(call.tenant.id, call.services.clock.now())
    rules = version.rules
    if asked.rules:
        rules = replace(rules, set=switched_on(rules.set))
    if not asked.user:
        return await _page(call, asked, rules)
    user = await call.services.store.users.by_username(call.tenant.id, asked.user)
    if user is None:
        return await _page(call, asked, rules, errors=Errors({"user": "There is nobody with this username."}))
    try:
        facts = await call.services.what_if_access.facts(user, await supposed(call, asked, rules))
    except Invalid as invalid:
        return await _page(call, asked, rules, errors=Errors.of(invalid))
    return await _page(call, asked, rules, answer=await _answer(call, user, facts, rules))


async def _answer(call: Call, user: User, facts: Facts, rules: AccessRules) -> Answer:
    compiled = Compiled(rules.set)
    names = await names_for(call.services.store, call.tenant.id, rules.set, terms=rules.terms)
    explanation = explain(compiled, facts)
    lines = [policy_told(one, names) for one in explanation.policies]
    return Answer(
        user,
        told(explanation.decision, names),
        await _own_ways(call, user, facts, compiled, names),
        [line for line in lines if line.applies],
        [line for line in lines if not line.applies],
    )


async def _own_ways(call: Call, user: User, facts: Facts, compiled: Compiled, names: Names) -> list[OwnWay]:
    """Two passkeys that go the same way are told once."""
    decided: dict[str, Decision] = {}
    for way in await call.services.manage_access.kind.ways_of(user):
        methods = listed(METHOD_WORDS[one.mode] for one in way.credentials)
        used = tuple(Used(each, facts.now) for each in way.credentials)
        decision = decide(compiled, replace(facts, methods=used))
        if methods not in decided or decision.prompts != decided[methods].prompts:
            decided[methods if methods not in decided else f"another {methods}"] = decision
    return [OwnWay(methods, told(decision, names)) for methods, decision in decided.items()]


async def _page(
    call: Call, asked: Asked, rules: AccessRules, *, errors: Errors = NO_ERRORS, answer: Answer | None = None
) -> Response:
    return page(
        call,
        "admin/foresee-what-if.html",
        status=422 if errors.by_field else 200,
        asked=asked,
        errors=errors,
        choices=await choices(call, rules, asked),
        answer=answer,
    )
