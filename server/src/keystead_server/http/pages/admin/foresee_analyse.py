"""What is wrong with the policies as a whole, over everybody and every app, gravest first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.access_names import names_for
from keystead_server.flows.replay_access import switched_on
from keystead_server.http.call import Call
from keystead_server.http.pages import words
from keystead_server.http.pages.admin.asked import NO_ERRORS, PAGE_SIZE, Errors
from keystead_server.http.pages.admin.foresee_asked import FIXED, Asked
from keystead_server.http.pages.admin.foresee_running import address, begun, stopping, went_on, working
from keystead_server.http.pages.admin.foresee_search import Search
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.runs import Run
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.decide import Verdict, decide
from keystead_server.policy.access.facts import Facts, Used
from keystead_server.policy.access.finding import Finding
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.words_found import KINDS, Gravity, instance
from keystead_server.policy.strengths.evaluate import Credential, is_met
from keystead_server.policy.strengths.model import MULTIFACTOR, MethodMode, Strength
from keystead_server.policy.strengths.words import METHOD_WORDS

KIND = "analyse"
TITLES = {
    Gravity.GRAVE: ("To be mended: somebody gets in, or cannot, whom nobody meant", "bad"),
    Gravity.DOUBTFUL: ("Worth a look: it may not mean what it seems to", "warn"),
    Gravity.UNTIDY: ("Untidy: it could be left out", ""),
}
# From the weakest on: with which of them does somebody get past?
_WEAK = (
    (MethodMode.PASSWORD,),
    (MethodMode.PASSWORD, MethodMode.SOFTWARE_OATH),
    (MethodMode.PASS_ONE_TIME,),
)
_ORDER = list(KINDS)


@dataclass(frozen=True, slots=True)
class About:
    policies: PolicySet
    rules: str
    floor: Strength


@dataclass(frozen=True, slots=True)
class FindingTold:
    """Attributes:
    for_instance: a sign-in that shows it, as a sentence; *what_if* asks about it.
    """

    title: str
    policies: Sequence[str]
    says: str
    for_instance: str
    what_if: str


@dataclass(frozen=True, slots=True)
class Group:
    """Attributes:
    more: how many there are besides those that are told.
    """

    title: str
    colour: str
    found: Sequence[FindingTold]
    more: int


async def show(call: Call) -> Response:
    run = await went_on(call, KIND)
    return await (_form(call, gone=bool(call.query("run"))) if run is None else _result(call, run))


async def begin(call: Call) -> Response:
    services = call.services
    version = await services.access_policies.now(call.tenant.id, services.clock.now())
    rules, kept = call.field("rules"), version.rules.set
    policies = switched_on(kept) if rules else kept
    floor = kept.all_strengths.get(call.field("floor"), MULTIFACTOR)
    search = Search(services.analyse_access, services.clock, call.tenant.id, policies, floor)
    try:
        run = begun(call, KIND, search, About(policies, rules, floor))
    except Invalid as invalid:
        return await _form(call, Errors.of(invalid))
    return see_other(address(call, KIND, run))


stop = stopping(KIND)


async def _form(call: Call, errors: Errors = NO_ERRORS, *, gone: bool = False) -> Response:
    version = await call.services.access_policies.now(call.tenant.id, call.services.clock.now())
    return page(
        call,
        "admin/foresee-analyse.html",
        status=422 if errors.by_field else 200,
        errors=errors,
        gone=gone,
        rules=FIXED["rules"],
        floors=[(one.id, one.name) for one in version.rules.set.all_strengths.values()],
        floor=MULTIFACTOR.id,
    )


async def _result(call: Call, run: Run[tuple[Finding, ...]]) -> Response:
    about: About = run.about
    if run.outcome is None:
        says = "Every class of sign-ins that these policies can tell apart is looked at"
        return working(call, KIND, run, "Analyse", says)
    shown = _gravest_first(run.outcome)
    told = {one.witness.who.id for _, found, _ in shown for one in found if one.witness is not None}
    names = await names_for(call.services.store, call.tenant.id, about.policies, people=told)
    return page(
        call,
        "admin/foresee-analysed.html",
        about=about,
        spent=words.spent(run.spent),
        policies=len(about.policies.policies),
        total=len(run.outcome),
        groups=[
            Group(*TITLES[gravity], [_told(one, names, about) for one in found], more) for gravity, found, more in shown
        ],
    )


def _gravest_first(found: Sequence[Finding]) -> list[tuple[Gravity, list[Finding], int]]:
    """Not more than a page of each gravity, and how many are left out."""
    ordered = sorted(found, key=lambda one: _ORDER.index(one.kind))
    groups = []
    for gravity, each in groupby(ordered, key=lambda one: KINDS[one.kind][0]):
        every = list(each)
        groups.append((gravity, every[:PAGE_SIZE], len(every[PAGE_SIZE:])))
    return groups


def _told(one: Finding, names: Names, about: About) -> FindingTold:
    says = names.within(one.says)
    return FindingTold(
        KINDS[one.kind][1],
        [names.of(policy) for policy in one.policies],
        says[:1].upper() + says[1:],
        *_shown_by(one, names, about),
    )


def _shown_by(one: Finding, names: Names, about: About) -> tuple[str, str]:
    if one.witness is None:
        return "", ""
    facts, with_what = _getting_in(one.witness, about) if one.kind == "gap" else (one.witness, "")
    return f"{instance(facts, names)}{with_what}", Asked.of(facts, names.of(facts.who.id), rules=about.rules).query


def _getting_in(facts: Facts, about: About) -> tuple[Facts, str]:
    """*facts* with the weakest that gets in, and the words for it."""
    compiled = Compiled(about.policies)
    for modes in _WEAK:
        credentials = [Credential(mode) for mode in modes]
        tried = replace(facts, methods=tuple(Used(each, facts.now) for each in credentials))
        if not is_met(about.floor, credentials) and decide(compiled, tried).verdict is Verdict.ALLOW:
            return tried, f", gets in with only {' and '.join(METHOD_WORDS[mode] for mode in modes)}"
    return facts, ", gets in"
